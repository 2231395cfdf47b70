"""Server-sent events: one ring of encoded events, and its readers."""
