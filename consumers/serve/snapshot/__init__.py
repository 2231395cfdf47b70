"""Points of the picture in memory and in its cache file, as they come from Kafka."""
