"""What operators look at: the state of the exchange, and its alerts."""
