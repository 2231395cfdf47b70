"""Metrics, run: points derived from releases, and subscriptions to them."""
