"""`exchange edge ui`: the agency's commands as pages on this machine only (ADR 57)."""
