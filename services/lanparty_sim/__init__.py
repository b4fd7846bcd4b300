"""Simulated players: a virtual host on an in-memory port, for end-to-end runs and load."""
