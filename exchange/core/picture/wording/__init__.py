"""Words: labels of codes, statuses, and a sentence for every figure."""
