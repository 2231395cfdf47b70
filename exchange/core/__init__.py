"""The pure core: what an event is, which records are admitted, what is counted.

No I/O, clock, randomness or logger.

Live processing, replay, audit and tests call the same functions; time and noise are passed in.
"""
