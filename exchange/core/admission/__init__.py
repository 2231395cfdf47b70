"""Stage 3, admission: which records of an agency the gate takes, and which caps their bits claim."""
