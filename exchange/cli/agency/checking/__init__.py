"""`exchange edge check`: at the terminal, as JSON, as a page and as a list to work by."""
