"""Stage 3, admission: which of an agency's records the gate takes, and which caps their bits claim."""
