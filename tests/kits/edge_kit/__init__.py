"""What tests of the edge stand on: an exchange in memory that judges with the real gate."""
