"""Stage 3, admission: which records the gate takes, and which caps their bits claim."""
