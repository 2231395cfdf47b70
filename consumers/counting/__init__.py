"""Counting in a running exchange: the fold step, and reading the aggregates that it writes."""
