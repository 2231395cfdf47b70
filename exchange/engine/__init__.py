"""The engine: the log, and lanes that work on it exactly once. aiokafka is known only here."""
