"""Every error of the exchange that a person may meet, in one closed list.

Rules kept: a message says what to do next; no error ever holds a value from a client's record, so
`str(error)` and `repr(error)` may be logged. Errors that belong to one layer only derive from
`ExchangeError` there and stand in its own `errors` module; this one holds the root and the core's.
"""

from exchange.core.exit_status import ExitStatus


class ExchangeError(Exception):
    """Root of all named errors. `exit_code` is the exit status of a command that ends with it."""

    exit_code: ExitStatus = ExitStatus.ERROR
    hint: str = ""

    def __str__(self) -> str:
        """What happened, then what to do next."""
        happened = super().__str__() or (type(self).__doc__ or "").strip().splitlines()[0]
        return f"{happened} {self.hint}".strip()


class PeriodInvalid(ExchangeError):
    """A period is outside 2000–2099 or not of the form 2026Q1 or 2026."""

    hint = "Write a quarter as 2026Q1 and a year as 2026."


class CellUnknown(ExchangeError):
    """A cell does not belong to any declared table."""


class StateDamaged(ExchangeError):
    """The stored state does not match the digest that was written with it."""

    hint = "Stop the worker and report it with the topic's name. `exchange replay` counts the log itself again."


class CannotCount(ExchangeError):
    """The log holds an event that the gate would never have admitted."""

    hint = "A program other than the gate wrote to the log. Stop the workers and find that program."


class TableUnbudgeted(ExchangeError):
    """A table about clients has no part of the privacy budget, or no cap limits it."""

    hint = "Give it a weight and a cap beside the others, or mark it as never released."


class BudgetExhausted(ExchangeError):
    """The release costs more budget than a period has left. Nothing was released or spent."""

    hint = "A period never gets budget back. Release the table from a later period on, or not at all."


class EpochOutOfOrder(ExchangeError):
    """The epoch is not the next one to close. Nothing was released or spent."""

    hint = "Epochs are closed month by month. First close the month after the last one in `exchange release list`."


class EpochClosed(ExchangeError):
    """The epoch is closed, or is before the first closed one. Nothing was released or spent."""

    hint = (
        "An epoch is closed once, and no earlier epoch afterwards. Events that arrive now are released in later epochs."
    )


class EpochNotOver(ExchangeError):
    """The epoch's month is not over by the worker's clock. Nothing was released or spent."""

    hint = "Close it after its last day, UTC. If that day has passed, set the worker's clock."


class ClockSetBack(ExchangeError):
    """The worker's clock went backwards since the last close. Nothing was released or spent."""

    hint = "Set the worker's clock, then close the epoch again."


class CutBehind(ExchangeError):
    """`events` ends before the last cut, or has other partitions. Nothing was released or spent."""

    hint = (
        "The log was cut off or replaced. Put it back whole, or make a new cluster from the last archive with"
        " `exchange restore`; never release from another log than before."
    )


class CommandUnreadable(ExchangeError):
    """A record of `epochs` is not a command to close an epoch. Nothing was released or spent."""

    hint = "The release lane continues after it. Find the program that wrote it: `exchange topics rights` shows who may write."


class NotDue(ExchangeError):
    """A table is not due in this epoch. Nothing was released."""

    hint = "Monthly tables are drawn every month, quarterly and yearly ones at the end of a quarter or of a year."


class NoiseUnfit(ExchangeError):
    """The noise values do not match a table's buckets and cells. Nothing was released."""

    hint = "Draw one noise value per cell; never reuse or split a draw."


class TableChanged(ExchangeError):
    """A table differs from its earlier epochs in domain, caps or noise. Nothing was spent."""

    hint = "A changed table is a new table: give it a new name and a weight of its own."


class SequenceBroken(ExchangeError):
    """An agency's events in `events` are not numbered 1, 2, 3 … once each. Nothing was done."""

    hint = "Events were lost or written twice. Stop the workers, and run `exchange replay` for the place."


class ClusterUnknown(ExchangeError):
    """The ledger in `draws` belongs to another cluster. Nothing was released or spent."""

    hint = (
        "Check that EXCHANGE_BOOTSTRAP_SERVERS names the right cluster. Make a new cluster only with `exchange restore`:"
        " it records the move. Topics that were copied in another way close no epoch."
    )


class ExchangeMoved(ExchangeError):
    """The exchange has left this cluster. Nothing was released or spent."""

    hint = (
        "The exchange continues on the cluster to which that archive is restored. To continue here, restore the archive to"
        " an empty cluster in this one's place."
    )


class RestoreUnfinished(ExchangeError):
    """A restore of this cluster has begun and has not ended. Nothing was released or spent."""

    hint = (
        "Wait for `exchange restore` to end. If it was interrupted, delete the topics of this cluster, or take a new one,"
        " and restore again; the archive is unchanged."
    )


class LedgerBehind(ExchangeError):
    """The ledger in `draws` lacks months that were closed. Nothing is released or drawn again."""

    hint = (
        "Kafka was put back from an older copy, or the archive was older. Put back a newer copy, or restore the newest"
        " archive that has the month. Its figures may be public: drawn again, the two would reveal more than the budget"
        ' allows. See docs/OPERATIONS.md, "When the whole of Kafka is put back".'
    )


class LedgerDiffers(ExchangeError):
    """The ledger in `draws` has other figures than were drawn before. Nothing more is released."""

    hint = (
        "A month was drawn twice. Stop releasing, and find out on which cluster or from which copy. See docs/OPERATIONS.md,"
        ' "When the whole of Kafka is put back".'
    )


class ClusterLeft(ExchangeError):
    """The exchange has left this cluster. Nothing is released, spent or drawn here."""

    hint = (
        "Stop this cluster and its workers: two clusters would draw different figures of the same months. If the other one"
        " is gone for good and drew nothing, `exchange release adopt` lets the exchange go on here."
    )
