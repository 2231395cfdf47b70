"""The engine: the log, lanes that work on it exactly once, and who owns them. aiokafka is known only here."""
