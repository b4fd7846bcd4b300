"""What Linux does for a player: the TAP interface, its addresses and routes, link events."""
