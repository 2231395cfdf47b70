"""Commands of an evaluator."""
