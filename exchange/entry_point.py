"""The start of the script `exchange`: it answers Ctrl-C while commands are still imported."""

import sys

from exchange.core.exit_status import ExitStatus


def main() -> None:
    """Run the command line; Ctrl-C ends it with 130 and no traceback, however early."""
    try:
        from exchange.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(ExitStatus.INTERRUPTED)
