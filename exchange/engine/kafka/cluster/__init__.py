"""The brokers of a cluster as they describe themselves: version, settings, known holes."""
