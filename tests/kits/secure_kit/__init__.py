"""A real Kafka with TLS, SASL and the authorizer, for tests of connections and rights."""
