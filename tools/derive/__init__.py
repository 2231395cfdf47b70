"""Writes what is derived from code: schemas, sizes and parts of the docs. Not in the wheel."""
