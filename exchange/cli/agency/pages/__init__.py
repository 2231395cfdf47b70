"""Pages in one file each, for one person: no script, no request, to be read and printed.

Rules kept: every value is escaped; the file is its owner's alone; no client's value is in it.
"""
