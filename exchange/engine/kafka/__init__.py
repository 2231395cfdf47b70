"""Kafka by aiokafka: clients with their settings, the log on them, topics and rights. aiokafka is used only here."""
