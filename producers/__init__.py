"""What runs at an agency: the edge with its vault, the sources it reads, and the generator of sample agencies."""
