"""Commands of an agency."""
