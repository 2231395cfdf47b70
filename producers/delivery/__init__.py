"""How events reach the exchange.

Outbox, sending, receipts, waiting, and the restore of an older vault.
"""
