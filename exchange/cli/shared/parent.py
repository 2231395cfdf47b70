"""A process of a trial ends with the trial, however that ended."""

import os
import threading
from typing import Final

TOLD_BY: Final = "EXCHANGE_DIE_WITH_STDIN"


def end_with_parent() -> None:
    """If a trial started this process: end it when standard input ends, as without a parent."""
    if os.environ.get(TOLD_BY):
        threading.Thread(target=_die_with_stdin, name="parent", daemon=True).start()


def _die_with_stdin() -> None:
    while os.read(0, 4096):  # sys.stdin's lock would abort the interpreter's own end
        pass
    os._exit(0)
