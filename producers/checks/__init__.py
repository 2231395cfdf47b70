"""Checks of an agency's own files: what is wrong, how to mend it, and what it does to figures."""
