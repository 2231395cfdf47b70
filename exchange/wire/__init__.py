"""Bytes ↔ core: the codec, the pinned schemas, the topics. Only here is fastavro used."""
