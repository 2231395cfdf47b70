"""Commands that look at a file before anything is set up."""
