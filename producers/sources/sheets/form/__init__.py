"""Our own sheet for agencies without a case system: its columns, its words, and what rows mean."""
