"""Adapters: agency records in, `producers.facts` out. They run inside the agency; nothing here writes to a network."""
