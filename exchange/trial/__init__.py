"""Whole exchanges to watch or to break: demo, kill test, adversary. Below the commands.

Only here, in the commands and in tests do producers and consumers meet.
"""
