"""Stage 4, release: the figures that an epoch publishes, their privacy cost and their noise."""
