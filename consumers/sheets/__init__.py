"""Figures as tables, the same for the API and for the files of an export."""
