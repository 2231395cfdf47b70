"""What a figure says: statuses, sentences and comparisons, for page, API, files and brief."""
