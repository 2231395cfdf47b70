"""Reads Excel workbooks and CSV files as rows of text, under one protocol (`sheet_rows`)."""
