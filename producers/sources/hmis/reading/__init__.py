"""Reading the files of an HMIS CSV export: found, opened within bounds, row by row, codes and dates typed."""
