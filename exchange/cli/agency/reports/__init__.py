"""`exchange edge report` and `exchange edge compare`: something back for what an agency enters."""
