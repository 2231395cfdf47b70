"""The columns of an HMIS CSV export: what the exchange reads, and who else asks for what."""
