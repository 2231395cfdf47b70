"""Every error of a replay, in one list.

A message names partitions, offsets and topics, never a key or a value.
"""

from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus


class ReplayError(ExchangeError):
    """Root of the errors of a replay."""


class CutInvalid(ReplayError):
    """The cut is not written correctly."""

    exit_code = ExitStatus.USAGE

    hint = (
        "Offsets: PARTITION:OFFSET,… with each partition of `events` once, such as 0:1200,1:980; OFFSET is the first one left"
        " out. Heads: AGENCY:SEQUENCE,…, such as harbor-light:812,new-door:90; SEQUENCE is the last one inside."
    )


class CutBeyondEnd(ReplayError):
    """The cut is after the end of the log."""

    hint = "Give a cut inside the log. If you gave none, the log was cut off or replaced: restore it."


class EpochNotClosed(ReplayError):
    """The epoch is not closed, so it has no cut."""

    hint = "`exchange release list` shows the closed epochs."


class LogTruncated(ReplayError):
    """The log does not start at offset 0, so no count can be rebuilt from it."""

    hint = "`events` is kept for ever. Find out what deleted its beginning, and restore it."


class NoEvents(ReplayError):
    """The cluster has no topic `events`."""

    hint = "Check that this is the right cluster. `exchange topics apply` creates the topics."


class NoAggregates(ReplayError):
    """No event has been counted yet, so there is nothing to compare with."""

    hint = "Start `exchange worker` and try again, or give a cut with --to-offsets to rebuild without comparing."


class CannotReplay(ReplayError):
    """A record of the log cannot be counted. The replay stops before it."""

    hint = "A program other than the gate wrote to the log. Stop the workers and find that program."


class ReplayFailed(ReplayError):
    """The replay failed with an internal error.

    The message has its type and place, not its text.
    """

    hint = "Please report it with this place."


class ReplayProcessLost(ReplayError):
    """A process of the replay ended before its work was done."""

    hint = "Check whether it was killed, or the machine ran out of memory. `--processes 1` needs less memory."
