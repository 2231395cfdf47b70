"""Reading the files of an HMIS CSV export.

Found, opened within bounds, row by row, codes and dates typed.
"""
