"""Stage 2, counting: the tables, the cells that an event adds to, and the counts of all cells."""
