"""What the edge remembers of the exchange: its clusters, and its ledger."""
