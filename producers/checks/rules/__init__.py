"""The tables of rules, a family each."""
