"""What is due, sent, late, or nothing to report, quarter by quarter, as the vault knows it.

    calendar_of(vault, profile.legal_class, today) -> tuple[QuarterLine, ...]

An agency that sends events is done with a quarter once a run was accepted after its end: such a
run sends whatever was entered until then. An agency that sends totals is done once a run has closed
the quarter. A quarter is due `CLOSES_AFTER_DAYS` days after its end, when its last records have
been entered, and late `ON_TIME_DAYS` days after its end. It was sent late if no run was made in the
quarter that follows it, since the agency's first. Of a run the vault knows the quarter in which it
was made, from its accepted heartbeat.

Not promised: that a person entered every record; a calendar knows runs, not work.
"""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from exchange.core.model.events import Heartbeat
from exchange.core.model.period import period_text, quarter_of
from exchange.core.model.vocabulary import LegalClass, NothingToReport, OnTime, Scheduled
from producers.caps.tally import CLOSES_AFTER_DAYS, current_quarter, quarters
from producers.caps.tally_batches import first_batch_over
from producers.delivery.heartbeat import ON_TIME_DAYS
from producers.profile import Profile
from producers.secret_files import Secret
from producers.sources.hmis.reading.dates import period_days
from producers.vault.chain_row import Kind
from producers.vault.event_tail import decode_tail
from producers.vault.fact_store import SOURCE
from producers.vault.schema import prefix_end
from producers.vault.store import Vault

QUARTERS_SHOWN: Final = 9


class QuarterState(StrEnum):
    """Where a quarter stands."""

    RUNNING = "not over"
    DUE = "due"
    LATE = "late"
    SENT = "sent"
    SENT_LATE = "sent late"
    NOTHING = "nothing to report"


@dataclass(frozen=True, slots=True)
class QuarterLine:
    """One quarter. `facts`: those that stand in it; `waiting`: of them not accepted yet.

    `by`: the day by which it is due. `runs`: accepted runs made in it; `scheduled` and `late`: of
    these.
    """

    quarter: str
    standing: QuarterState
    by: date
    facts: int
    waiting: int
    runs: int
    scheduled: int
    late: int


@dataclass(slots=True)
class _Runs:
    """The accepted runs that were made in one quarter."""

    all: int = 0
    scheduled: int = 0
    late: int = 0
    nothing: int = 0


def look_at_calendar(profile: Profile, secret: Secret, today: date) -> tuple[QuarterLine, ...]:
    """The calendar of a vault that is not open. Raises a VaultError."""
    with Vault.open(profile, secret) as vault:
        return calendar_of(vault, profile.legal_class, today)


def plain_line(line: QuarterLine) -> dict[str, object]:
    """A line as JSON-able data."""
    return {**asdict(line), "standing": line.standing.value, "by": f"{line.by}"}


def calendar_of(vault: Vault, legal_class: LegalClass, today: date) -> tuple[QuarterLine, ...]:
    """The last quarters up to today's, oldest first; none before the first run or fact."""
    now = current_quarter(today)
    runs, facts = _runs(vault), _facts(vault)
    known = [period for period in (*runs, *facts) if quarter_of(period)]
    shown = [*quarters(min([*known, now]), now)][-QUARTERS_SHOWN:]
    closed = first_batch_over(vault) if legal_class is LegalClass.tally_only else None
    return tuple(_line(quarter, runs, facts, closed, today) for quarter in shown)


def _line(
    quarter: int, runs: dict[int, _Runs], facts: dict[int, Counter[str]], closed: int | None, today: date
) -> QuarterLine:
    made, there = runs.get(quarter, _Runs()), facts.get(quarter, Counter())
    end = period_days(quarter)[1]
    standing = _standing(quarter, runs, there, closed, today, end)
    by = end + timedelta(days=CLOSES_AFTER_DAYS)
    return QuarterLine(
        period_text(quarter), standing, by, there["facts"], there["waiting"], made.all, made.scheduled, made.late
    )


def _standing(  # noqa: PLR0917 - all that decides it
    quarter: int, runs: dict[int, _Runs], there: Counter[str], closed: int | None, today: date, end: date
) -> QuarterState:
    if today <= end:
        return QuarterState.RUNNING
    after = [period for period in runs if period > quarter]
    if not (quarter < closed if closed is not None else after) or there["waiting"]:
        return QuarterState.LATE if today > end + timedelta(days=ON_TIME_DAYS) else QuarterState.DUE
    following = _next(quarter)
    if not there["facts"] and any(runs[period].nothing for period in (quarter, following) if period in runs):
        return QuarterState.NOTHING
    began = min(runs, default=quarter)
    return QuarterState.SENT if following in runs or quarter < began else QuarterState.SENT_LATE


def _next(quarter: int) -> int:
    """The quarter after this one; between two years stands the number of a year."""
    return next(quarters(quarter + 1, quarter + 2))


def _runs(vault: Vault) -> dict[int, _Runs]:
    """Quarter → the accepted runs that were made in it, by the heartbeats that ended them."""
    accepted = int.from_bytes(vault.get("accepted"), "big")
    query = "SELECT schema, tail FROM chain WHERE kind = ? AND sequence <= ?"
    found: dict[int, _Runs] = {}
    for row in vault.all(query, (int(Kind.HEARTBEAT), accepted)):
        event = decode_tail(*row)
        beat = event.body
        if not isinstance(beat, Heartbeat) or beat.nothing_to_report is NothingToReport.not_applicable:
            continue  # it signs a part of a run
        made = found.setdefault(event.period, _Runs())
        made.all += 1
        made.scheduled += beat.scheduled is Scheduled.yes
        made.late += beat.on_time is OnTime.no
        made.nothing += beat.nothing_to_report is NothingToReport.yes
    return found


def _facts(vault: Vault) -> dict[int, Counter[str]]:
    """Quarter → the facts that stand in it, and how many of them the exchange has not accepted."""
    accepted = int.from_bytes(vault.get("accepted"), "big")
    query = (
        "SELECT period, count(*), sum(kept = 0 AND refused IS NULL AND (todo > 0 OR sent > ?)) FROM fact "
        "WHERE want IS NOT NULL AND key >= ? AND key < ? GROUP BY period"
    )
    rows = vault.all(query, (accepted, SOURCE, prefix_end(SOURCE)))
    return {period: Counter({"facts": count, "waiting": waiting}) for period, count, waiting in rows}
