"""The end of `exchange publish`: the closing table.

Rules kept: places and rules, never a value of a record.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from exchange.cli.agency.caps_tables import caps_shown
from exchange.cli.agency.previewing.dry_run import DryRun, plain_dry_run, shown_before_leaving
from exchange.cli.agency.refused_rows import plain_row, refused_shown
from exchange.cli.shared.console import table
from exchange.core.admission.reasons import EXPLAINED, Reason
from exchange.core.model.period import period_text
from exchange.core.words import number_of
from producers.caps.tally import CLOSES_AFTER_DAYS
from producers.delivery.report import Report
from producers.vault.fact_store import FactOutcome

HELD_SHOWN = 10
OUTCOMES_SHOWN = (
    FactOutcome.PUBLISHED,
    FactOutcome.CORRECTED,
    FactOutcome.RETRACTED,
    FactOutcome.KNOWN,
    FactOutcome.OUTDATED,
    FactOutcome.IGNORED,
    FactOutcome.REFUSED,
    FactOutcome.REFUSED_BEFORE,
    FactOutcome.HELD,
    FactOutcome.DOUBTED,
)
FACTS = {
    FactOutcome.PUBLISHED: "new facts",
    FactOutcome.CORRECTED: "changed facts",
    FactOutcome.RETRACTED: "facts withdrawn",
    FactOutcome.KNOWN: "facts already known",
}
"""Facts are in the file. Events reach the exchange, and are counted below them."""
UNCLAIMED = (
    "without a matching record in this vault: a lost vault or another copy sent them. Publish all files again. If some "
    "still have no record, `exchange edge restore --retract-unclaimed` withdraws them."
)
UNSETTLED = (
    "Refused events are not counted, and are not sent again by themselves. Fix the cause with the operator (usually, the "
    "profile and the registration differ), then run `exchange edge retry --profile …`."
)
FOLLOWING = "only because another row or file was refused"
DOUBTED = (
    "held back, because a lost copy of this vault withdrew the same: a record had changed, or a client had withdrawn "
    "consent. Enter every hold made since the backup (`exchange edge hold`). Then run `exchange edge confirm-holds` and "
    "publish all files again: the others are sent."
)
ACCEPTED = "events accepted by the exchange"
NOT_ACCEPTED = "events kept in the vault, not accepted yet"
Plain = dict[str, object]


def rendered(
    report: Report, dry_run: DryRun | None, stays_here: Mapping[str, int], *, all_in: Path | None
) -> RenderableType:
    """The closing table, or the events that would leave."""
    parts: list[RenderableType] = []
    if dry_run is not None:
        parts += shown_before_leaving(dry_run)
    if stays_here:
        kinds = ", ".join(f"{kind} ({count})" for kind, count in sorted(stays_here.items()))
        parts.append(
            Text(
                f"Not read, and so never sent: columns with names like an identifier's: {kinds}. Rename a column if it "
                "holds no identifier."
            )
        )
    parts += [Text(words) for words in report.taken]
    parts.append(_outcomes(report, would=dry_run is not None))
    parts += caps_shown(report)
    if report.refused_by_exchange or report.refused_before:
        parts.append(Text(refused_words(report)))
    if report.doubted:
        parts.append(Text(doubted_words(report)))
    if report.unclaimed:
        parts.append(Text(f"{number_of(report.unclaimed, 'accepted event')} {UNCLAIMED}"))
    if report.held_back:
        parts.append(_held_back(report))
    if report.not_closed:
        parts.append(Text(not_closed_words(report.not_closed)))
    if report.refused_rows:
        parts += refused_shown(report.refused_rows, all_in)
    return Group(*parts)


def _outcomes(report: Report, *, would: bool) -> Table:
    stopped = not (would or report.complete)
    title = "would be done" if would else "stopped before its end; counts so far" if stopped else "done"
    shown = table("", "number", right=("number",), title=title)
    shown.add_row("rows read", str(report.rows))
    for outcome in OUTCOMES_SHOWN:
        if report.outcomes[outcome] or outcome in OUTCOMES_SHOWN[:4]:
            shown.add_row(FACTS.get(outcome, outcome.value), str(report.outcomes[outcome]))
        reasons = {FactOutcome.IGNORED: report.ignored, FactOutcome.REFUSED: _causes(report)}.get(outcome, Counter())
        for why, count in reasons.most_common():
            shown.add_row(f"  {why}", str(count), style="dim")
    for name, count in _waiting(report):
        shown.add_row(name, str(count))
    for name, count in _tallies(report):
        if count:
            shown.add_row(name, str(count))
    shown.add_section()
    for name, count in _events(report):
        if count or (stopped and name in {ACCEPTED, NOT_ACCEPTED}):
            shown.add_row(name, str(count))
    return shown


def _causes(report: Report) -> Counter[str]:
    """How often each rule was broken; what only follows from that in one line."""
    return Counter(FOLLOWING if row.follows else row.rule for row in report.refused_rows)


def not_closed_words(quarters: Sequence[int]) -> str:
    """What happens to the tallies of quarters that are over and not closed yet."""
    return (
        f"Totals of {', '.join(map(period_text, quarters))} are not counted yet. The first scheduled run from day"
        f" {CLOSES_AFTER_DAYS + 1} after the quarter on counts them, or `--closes {period_text(quarters[-1])}`."
    )


def _waiting(report: Report) -> Iterator[tuple[str, int]]:
    if report.unconfirmed is not None and report.unconfirmed.withdraws:
        yield "facts to be withdrawn, which wait for your yes", report.unconfirmed.withdraws
    if report.unconfirmed is not None and report.unconfirmed.new:
        yield "facts under new keys, which wait for your yes", report.unconfirmed.new
    if report.held_alike:
        yield "clients held now: their keys are spelt nearly like a held client's", report.held_alike


def _tallies(report: Report) -> Iterator[tuple[str, int]]:
    yield "facts kept here for the tallies (of all these)", report.kept
    yield "tallies, new or changed", report.tallies[FactOutcome.PUBLISHED] + report.tallies[FactOutcome.CORRECTED]
    yield "tallies withdrawn", report.tallies[FactOutcome.RETRACTED]
    yield "tallies held back", len(report.held_back)
    yield "tallies that the exchange refused earlier", report.tallies[FactOutcome.REFUSED_BEFORE]


def _events(report: Report) -> Iterator[tuple[str, int]]:
    yield "events left over from earlier runs", report.left_over
    yield "events read back that were accepted earlier", report.restored
    yield "events accepted earlier that match a fact of this vault", report.claimed
    yield ACCEPTED, report.delivered
    yield "  of these, heartbeats, which end a run", report.heartbeats
    yield from ((f"refused by the exchange: {why}", count) for why, count in report.refused_by_exchange.most_common())
    yield NOT_ACCEPTED, report.waiting


def refused_words(report: Report) -> str:
    """The meaning of the exchange's refusals, and the next step."""
    reasons = (Reason(reason) for reason in sorted(report.refused_by_exchange))
    return "\n".join([*(f"{reason}: {EXPLAINED[reason]}" for reason in reasons), UNSETTLED])


def doubted_words(report: Report) -> str:
    """What is held back after a loss, and the next step."""
    return f"{number_of(report.doubted, 'fact')} {DOUBTED}"


def _held_back(report: Report) -> Table:
    shown = table("held back: a count of 1–10, without small-counts consent")
    for held in report.held_back[:HELD_SHOWN]:
        shown.add_row(str(held))
    if len(report.held_back) > HELD_SHOWN:
        shown.add_row(f"… and {len(report.held_back) - HELD_SHOWN} more")
    return shown


def _waits(report: Report) -> Plain | None:
    found = report.unconfirmed
    if found is None:
        return None
    numbers = {name: getattr(found, name) for name in ("withdraws", "published", "new", "holds")}
    return {"cause": found.cause.name.lower(), **numbers}


def plain_of(report: Report, dry_run: DryRun | None, stays_here: Mapping[str, int]) -> Plain:
    """The result as JSON-able data."""
    plain: Plain = {
        "rows": report.rows,
        **{outcome.name.lower(): report.outcomes[outcome] for outcome in FactOutcome},
        "taken": report.taken,
        "not_whole": dict(report.not_whole),
        "ignored_why": dict(report.ignored),
        "refused_why": dict(report.refused),
        "refused_by_exchange": dict(report.refused_by_exchange),
        "tallies": {outcome.name.lower(): count for outcome, count in report.tallies.items()},
        "held_back": [str(held) for held in report.held_back],
        "not_closed": list(map(period_text, report.not_closed)),
        "kept_open": list(map(period_text, report.kept_open)),
        "waits": _waits(report),
        "restored": report.restored,
        "claimed": report.claimed,
        "delivered": report.delivered,
        "heartbeats": report.heartbeats,
        "left_over": report.left_over,
        "kept": report.kept,
        "unclaimed": report.unclaimed,
        "unnamed": report.unnamed,
        "held_back_after_a_loss": report.doubted,
        "caps": [asdict(rule) for rule in report.caps],
        "stays_here": sorted(stays_here),
        "refused_rows": [plain_row(row) for row in report.refused_rows],
    }
    if dry_run is None:
        return {**plain, "complete": report.complete, "waiting": report.waiting}
    return {**plain, **plain_dry_run(dry_run)}
