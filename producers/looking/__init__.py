"""A file before there is a profile: what it holds, and what of it would leave."""
