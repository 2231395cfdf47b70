"""One module an attack: each says what it learnt, and whether that is more than chance."""
