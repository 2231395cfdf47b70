"""Kafka by aiokafka: clients with their settings, the log, topics, rights. Only here."""
