"""What an alert can be about, and what it tells the operator to do.

docs/OPERATIONS.md explains each kind.
"""

from dataclasses import dataclass
from typing import Final

from exchange.core.admission.reasons import EXPLAINED, Reason
from exchange.wire.pulse import Alert, AlertKind

LANE: Final = "lane:"
AGENCY: Final = "agency:"
TOPIC: Final = "topic:"
GROUP: Final = "group:"
TRANSACTION: Final = "transaction:"
WORKERS: Final = "workers"
LEDGER: Final = "ledger"
KINDS: Final = {Reason.FORKED: AlertKind.FORKED, Reason.GAP: AlertKind.GAPPED}
NAMES_MAX: Final = 5
"""Names that one alert lists; it counts the others."""

BEHIND_SAYS: Final = "The lane has records to read and commits nothing: look at the brokers, then at the worker's log."
QUIET_SAYS: Final = "No worker runs the lane: start one with `exchange worker`. It continues from the last commit."
FAILED_SAYS: Final = (
    "The lane failed and its worker ended. The last lines of the worker's log name the error and the"
    " remedy. Then start the worker again."
)
SILENT_SAYS: Final = (
    "No event came for longer than EXCHANGE_SILENT_AFTER_DAYS: ask the agency whether its edge still runs."
)
CLOSING_SAYS: Final = (
    "An epoch cannot be closed: its command was refused, and no budget was spent. `exchange release list`"
    " gives the reason. This alert ends when the next epoch is closed."
)
HALTED_SAYS: Final = (
    "Closing or publishing stopped: perhaps `draws` or `releases` was changed from outside. The worker's"
    " log names the error and the remedy. The exchange goes on admitting events while the worker runs."
)
NOT_SIGNED_SAYS: Final = (
    "Records have waited in the agency's inbox for over a day for a heartbeat that signs them. They are not counted. Ask"
    " the agency whether its last run ended; the next one mends it. If the agency sent nothing, find out who else may"
    " write to its inbox."
)
HELD_SAYS: Final = (
    "A transaction has been open here for over 30 s, and is none of ours. Nothing behind it is counted, restored or"
    " drawn, and nothing is lost. Find it with Kafka's `kafka-transactions.sh find-hanging`; stop its program, or use"
    " `abort`."
)
OTHER_SAYS: Final = "The agency's records are refused: `exchange status` gives the reason."
NO_REASON: Final = "none was recorded, so the process was killed, or it had no memory or CPU left"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A problem and the next step."""

    kind: AlertKind
    says: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """About a subject now: in trouble, or well.

    `known` false: there is no sign of either, so that an open alert stays.
    """

    trouble: Trouble | None = None
    known: bool = True


WELL: Final = Verdict()
UNDECIDED: Final = Verdict(known=False)


def alert_of(subject: str, verdict: Verdict, raised: Alert | None, now_ms: int) -> Alert | None:
    """The open alert of a subject after a verdict. `raised`: the one that was open before."""
    if not verdict.known:
        return raised
    trouble = verdict.trouble
    if trouble is None:
        return None
    since_ms = raised.since_ms if raised and raised.kind is trouble.kind else now_ms
    return Alert(subject, trouble.kind, since_ms, trouble.says)


def refused(name: str) -> Trouble:
    """The trouble of an agency whose records are refused for this reason."""
    try:
        reason = Reason(name)
    except ValueError:  # of a newer worker
        return Trouble(AlertKind.REFUSED, OTHER_SAYS)
    return Trouble(KINDS.get(reason, AlertKind.REFUSED), EXPLAINED[reason])


def crash_loop(ends: int, minutes: int, reason: str) -> Trouble:
    """Workers end and are started again. `reason`: of the last end, or empty."""
    return Trouble(
        AlertKind.CRASH_LOOP,
        f"Workers ended {ends} times within {minutes} minutes, and nobody stopped them. Reason of the last end:"
        f" {reason or NO_REASON}. Do as it says. The last lines of that worker's log show more.",
    )


def not_running(reason: str) -> Trouble:
    """No worker lives. `reason`: of an end that nobody asked for, or empty."""
    ended = f" The last one ended: {reason}." if reason else ""
    return Trouble(
        AlertKind.NOT_RUNNING,
        f"No worker runs: start one with `exchange worker`. It continues from the last commit.{ended}",
    )


def ledger_refused(workers: list[str], reason: str) -> Trouble:
    """The witness of these workers' hosts refuses the ledger. `reason`: the named error."""
    return Trouble(
        AlertKind.LEDGER,
        f"The witness file on the host of {listed(workers)} refuses the ledger. {reason} Until then no month is closed or"
        " published; events are admitted and counted as before.",
    )


def unregistered(agencies: list[str]) -> Trouble:
    """Agencies whose events were accepted, and which the registry does not hold."""
    return Trouble(
        AlertKind.UNREGISTERED,
        f"Agencies have accepted events and are not registered: {listed(agencies)}. Their inboxes are not read."
        " Register each again with its keys (`exchange agencies add`): then every record that waits is read.",
    )


def listed(names: list[str]) -> str:
    """A few of the names, in order, and the number of the others."""
    more = len(names) - NAMES_MAX
    return ", ".join(sorted(names)[:NAMES_MAX]) + (f" and {more} more" if more > 0 else "")
