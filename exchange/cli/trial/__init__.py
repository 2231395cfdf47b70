"""Commands that try the exchange out: demo, kill test, attack."""
