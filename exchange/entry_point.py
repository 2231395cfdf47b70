"""Where the script `exchange` begins: Ctrl-C is answered from here on, while the commands are still being imported."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C ends it with 130 and without a traceback, however early it comes."""
    interrupted = 130
    try:
        from exchange.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(interrupted)
