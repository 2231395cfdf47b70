"""Every error of a replay, in one list. A message names partitions, offsets and topics, never a key or a value."""

from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus


class ReplayError(ExchangeError):
    """Root of the errors of a replay."""


class CutInvalid(ReplayError):
    """A cut is a position in every partition of `events`."""

    exit_code = ExitStatus.USAGE

    hint = (
        "Write it as PARTITION:OFFSET,… with each partition once, such as 0:1200,1:980; OFFSET is the first left out."
    )


class CutBeyondEnd(ReplayError):
    """A cut lies beyond the end of the log."""

    hint = "Name a cut inside the log; if it came from the aggregates, the log was truncated or replaced: restore it."


class LogTruncated(ReplayError):
    """The log does not begin at offset 0, so no figure can be rebuilt from it."""

    hint = "`events` is kept for ever: find out what deleted its beginning, and restore it."


class NoEvents(ReplayError):
    """There is no topic `events` here."""

    hint = "Is this the cluster you mean? `exchange topics apply` creates the topics."


class NoAggregates(ReplayError):
    """Nothing has been counted yet, so there is nothing to compare with."""

    hint = "Start `exchange worker` and try again, or name a cut with --to-offsets to rebuild without comparing."


class CannotReplay(ReplayError):
    """A record of the log cannot be counted; the replay stops in front of it."""

    hint = "The log was written by something other than the gate: stop and find out what."


class ReplayFailed(ReplayError):
    """A part of the replay failed with an error that is not named: a defect. Holds its type and place, not its text."""

    hint = "This is a defect: report it with the place given here."


class ReplayProcessLost(ReplayError):
    """A process of the replay ended before its work did."""

    hint = "Was it killed, or is the machine out of memory? With --processes 1 the replay needs less."
