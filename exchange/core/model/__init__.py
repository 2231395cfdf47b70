"""Stage 1, the model: what an event is and which codes, periods and epochs it may name."""
