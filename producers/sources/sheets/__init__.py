"""Spreadsheets: our own sheet, the sheets of HTCDS, and any other one by a mapping."""

from producers.sources.sheets.spreadsheet import SUFFIXES, Spreadsheet

__all__ = ["SUFFIXES", "Spreadsheet"]
