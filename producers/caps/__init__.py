"""What of a client may be counted: policy, the keyed choice within the caps, their bits, and tallies."""
