"""Upkeep of one edge: backup of its vault, its calendar, and whether all is fit to publish."""
