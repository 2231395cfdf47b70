"""The kinds of reports: what each funder asks, as a table each."""
