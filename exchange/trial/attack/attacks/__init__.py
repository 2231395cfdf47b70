"""One module an attack: each reports its findings, and whether they exceed chance."""
