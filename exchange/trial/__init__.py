"""Whole exchanges set up to be watched or broken: demo, kill test and adversary. Between the commands and the two sides.

Only here, in the commands and in tests do producers and consumers meet.
"""
