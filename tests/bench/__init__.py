"""The benchmark: `make bench`.

No assertion on time anywhere; it prints ratios measured in one run.
"""
