"""An exchange in memory, so that programs of agencies and evaluators can be tested without Kafka."""
