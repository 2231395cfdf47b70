"""Every error of the exchange that a person may meet, in one closed list.

Rules kept: a message says what to do next; no error ever holds a value from a client's record, so `str(error)` and
`repr(error)` may be logged. Errors that belong to one layer only derive from `ExchangeError` there and stand in its
own `errors` module; this one holds the root and the core's.
"""

from exchange.core.exit_status import ExitStatus


class ExchangeError(Exception):
    """Root of all named errors. `exit_code` is the exit status of a command that ends with it."""

    exit_code: ExitStatus = ExitStatus.ERROR
    hint: str = ""

    def __str__(self) -> str:
        """What happened, then what to do next."""
        said = super().__str__() or (type(self).__doc__ or "").strip().splitlines()[0]
        return f"{said} {self.hint}".strip()


class PeriodInvalid(ExchangeError):
    """A period is outside 2000–2099 or not of the form 2026Q1 or 2026."""

    hint = "Write a quarter as 2026Q1 and a year as 2026."


class BodyUnsound(ExchangeError):
    """A body breaks a rule of its kind."""


class CellUnknown(ExchangeError):
    """A cell does not belong to any declared table."""


class StateDamaged(ExchangeError):
    """Restored counts do not have the digest that was written with them."""

    hint = "Rebuild them: `exchange replay` from offset 0, into a new generation."


class CannotCount(ExchangeError):
    """An event in the log is not what the gate admits."""

    hint = "The log was written by something other than the gate: stop and find out what."


class TableUnbudgeted(ExchangeError):
    """A table that clients' bodies feed is neither in the privacy budget nor never released, or its caps do not bound it."""

    hint = "Give it a weight and a cap beside the others, or mark it never released."


class BudgetExhausted(ExchangeError):
    """The release does not fit what is left of a period's privacy budget. Nothing was released and nothing was spent."""

    hint = "The budget of a period never frees. Release the table from a later period on, or not at all."


class EpochOutOfOrder(ExchangeError):
    """The epoch is not the one after the last that was closed. Nothing was released and nothing was spent."""

    hint = "Epochs are closed month by month: close the one after the last (`exchange release list`) first."


class EpochClosed(ExchangeError):
    """The epoch is closed already, or lies before the first that was. Nothing was released and nothing was spent."""

    hint = "An epoch is closed once, for ever, and none before it later; what arrives now is in the releases of later ones."


class EpochNotOver(ExchangeError):
    """The epoch's month is not over by the clock of the release lane. Nothing was released and nothing was spent."""

    hint = "Close it when its last day is over everywhere in UTC; if it is, set the worker's clock."


class ClockSetBack(ExchangeError):
    """The release lane's clock shows less than at its last command. Nothing was released and nothing was spent."""

    hint = "Set the worker's clock, then close the epoch again."


class CutBehind(ExchangeError):
    """The log of events ends before the last cut, or has other partitions. Nothing was released and nothing was spent."""

    hint = "The log was truncated or replaced: restore it; never release from another log than before."


class CommandUnreadable(ExchangeError):
    """A record of `epochs` is no command to close an epoch. Nothing was released and nothing was spent."""

    hint = "Find out what wrote it: `exchange topics check` shows who may; the release lane goes on behind it."


class NotDue(ExchangeError):
    """A table is drawn in an epoch at whose end it is not due. Nothing was released."""

    hint = "Monthly tables are drawn every month, quarterly and yearly ones at the end of a quarter or of a year."


class NoiseUnfit(ExchangeError):
    """There is not exactly one number of noise for each bucket and cell of a table. Nothing was released."""

    hint = "Draw as many as the exact increments have; never use a part of a draw, and never a draw twice."


class TableChanged(ExchangeError):
    """A released table's domain, caps or noise differ from those of its earlier epochs. Nothing was spent."""

    hint = "A changed table is a new table: give it a new name and a weight of its own."
