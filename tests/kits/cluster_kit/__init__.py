"""A cluster as deploy/ sets it up: brokers, their admin, and containers of the compose file."""
