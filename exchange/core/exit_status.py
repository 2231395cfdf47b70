"""Every exit status in one closed list; commands, errors and the docs derive from it."""

from enum import IntEnum
from typing import Self


class ExitStatus(IntEnum):
    """How a command ended. `meaning`: in words; a command's own help can be more precise."""

    meaning: str

    DONE = 0, "Done."
    ERROR = 1, "A named error, or a check that failed. The message says what to do next."
    USAGE = 2, "The command line, the profile or an `EXCHANGE_…` setting is wrong. Nothing was started."
    SOME_REFUSED = 3, "Some records were refused or held back. Everything else was sent."
    DIFFERENT = 4, "A comparison found a difference."
    NOT_CLOSED = 5, "The month was not closed. No privacy budget was spent."
    CHAIN_BROKEN = 6, "An agency's events are not 1, 2, 3… once each, each following the one before."
    WAITS = 7, "A part of the run waits for a person, as the message says. Everything else was done."
    INTERNAL = 70, "An internal error. Please report the traceback; it holds no value from a record."
    HUNG = 75, "The worker did not start, go on or end in time, and ended itself. Start it again."
    INTERRUPTED = 130, "Stopped with Ctrl-C, also at a question."

    def __new__(cls, status: int, meaning: str) -> Self:
        """The status, with its words beside it."""
        made = int.__new__(cls, status)
        made._value_ = status
        made.meaning = meaning
        return made
