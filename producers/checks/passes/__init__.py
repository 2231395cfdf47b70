"""Reads the files of an export once more, and finds what publishing has no reason to refuse."""
