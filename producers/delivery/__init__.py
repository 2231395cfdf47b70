"""How events reach the exchange: outbox, sending, receipts, waiting, and the restore of an older vault."""
