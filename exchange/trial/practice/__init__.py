"""A made-up agency to practise with: files, and an exchange in a folder with a real gate."""
