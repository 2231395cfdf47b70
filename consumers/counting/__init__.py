"""Counting, run: the fold step, and reading the aggregates that it keeps."""
