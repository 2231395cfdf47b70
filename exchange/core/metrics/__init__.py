"""Stage 5, metrics: figures with their intervals, computed from releases alone. Needs no numpy."""
