"""What the rows of each HMIS file mean: one module a kind of row, from a row to facts."""
