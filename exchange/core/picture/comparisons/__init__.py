"""Comparisons: bands, ranks, changes, possible pictures, and who is missing."""
