"""The seeded simulation of lanes: unmodified engine code on virtual time, over a log in memory that crashes and lies."""
