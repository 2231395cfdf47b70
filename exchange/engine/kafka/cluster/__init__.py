"""The brokers of a cluster as they describe themselves: release, settings, known holes."""
