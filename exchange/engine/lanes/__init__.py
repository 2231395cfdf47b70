"""Lanes: what runs exactly once, who owns it, how it restarts and when it has stalled."""
