"""The base of the edge's tests: an exchange in memory that judges with the real gate."""
