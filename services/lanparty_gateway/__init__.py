"""The gateway: bridges a real LAN into a room."""
