"""The page of the shared national picture: sections of figures, rendered to HTML on the server."""
