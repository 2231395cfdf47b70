"""The vault: the agency's encrypted SQLite file with its facts, its chain and its client keys."""
