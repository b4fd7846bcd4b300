"""The player's command: joins a room with a network interface of the machine."""
