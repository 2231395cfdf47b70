"""Where the script `exchange` begins: Ctrl-C is answered from here on, while the commands are still being imported."""

import sys

from exchange.core.exit_status import ExitStatus


def main() -> None:
    """Run the command line; Ctrl-C ends it with 130 and without a traceback, however early it comes."""
    try:
        from exchange.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(ExitStatus.INTERRUPTED)
