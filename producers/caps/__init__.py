"""What of a client may be counted.

Policy, the keyed choice within the caps, their bits, and tallies.
"""
