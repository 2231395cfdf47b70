"""`python -m exchange.cli` is `exchange`."""

from exchange.cli import main

main()
