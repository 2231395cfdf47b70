"""Whole exchanges set up to be watched or broken: the demo and the kill test. Between the commands and the two sides.

Only here, in the commands and in tests do producers and consumers meet.
"""
