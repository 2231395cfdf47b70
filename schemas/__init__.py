"""The contracts as package data: Avro schemas (`avro/`) and code lists (`vocabulary/`)."""
