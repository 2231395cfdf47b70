"""The upkeep of one edge: calendar, backup, doctor, practice, first questions."""
