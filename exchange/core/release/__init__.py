"""Stage 4, release: what an epoch publishes of which table, at what privacy cost, with how much noise."""
