"""Bytes ↔ core: the codec, the schemas with their pinned ids, the topics. fastavro is used only here."""
