"""The tables of `exchange status` and `exchange alerts`, for a terminal."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from consumers.sections import UnknownSection
from consumers.status.status import AgencyStatus, ExchangeStatus, LaneStatus
from exchange.cli.shared.console import table
from exchange.wire.pulse import Alert, AlertKind

AGENCIES_MAX = 20
UNKNOWN = "?"
INBOX_MISSING = "inbox missing: run exchange topics apply"
_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"))


def rendered(status: ExchangeStatus, *, every_agency: bool) -> RenderableType:
    """The whole status."""
    parts: list[RenderableType] = [Text(status.restricted.upper(), style="bold red"), _headline(status)]
    if status.unknown:
        parts.append(unknown_table(status.unknown))
    if status.alerts:
        parts.append(alerts_table(status.alerts, status.at_ms))
    parts.append(_lanes(status.lanes))
    if status.agencies:
        parts.append(_agencies(status, every_agency=every_agency))
    if status.refusals:
        parts.append(_refusals(status))
    return Group(*parts)


def alerts_table(alerts: Iterable[Alert], now_ms: int) -> Table:
    """Alerts with the next step."""
    shown = table("subject", "alert", "for", "next step", title="alerts")
    for alert in alerts:
        shown.add_row(alert.subject, alert.kind.value, age(now_ms - alert.since_ms), alert.says, style="yellow")
    return shown


def unknown_table(unknown: Iterable[UnknownSection]) -> Table:
    """The sections that could not be read, with the reason and the next step."""
    shown = table("unknown", "reason and next step", title="could not be read")
    for one in unknown:
        shown.add_row(one.section, one.says, style="red")
    return shown


def count(number: int | None) -> str:
    """A number with its thousands, or a question mark."""
    return UNKNOWN if number is None else f"{number:,}"


def age(ms: int | None) -> str:
    """A duration in its largest whole unit, such as 3 min."""
    if ms is None:
        return "–"
    for unit_ms, name in _UNITS:
        if ms >= unit_ms:
            return f"{ms // unit_ms} {name}"
    return "now"


def _headline(status: ExchangeStatus) -> Text:
    if status.running:
        worker = "running"
    elif status.running is None:
        worker = "unknown"
    elif any(alert.kind is AlertKind.CRASH_LOOP for alert in status.alerts):
        worker = "ending and starting again: see the alert `workers`"
    elif status.since_pulse_ms is None:
        worker = "no worker is running: start one with `exchange worker`"
    else:
        worker = f"no worker is running (last heard {age(status.since_pulse_ms)} ago): start one with `exchange worker`"
    refused = count(status.refused_now)
    lines = (
        f"workers   {worker}",
        f"events    {count(status.events)} counted, {status.events_a_second:,.0f} a second, {count(status.lag)} waiting",
        f"agencies  {count(status.known)} known, {count(status.heard_from)} heard from, {refused} refused now",
        f"epochs    {_epochs(status)}",
        *(f"undecided {name} from offset {offset} on: a transaction is open" for name, offset in status.undecided),
    )
    return Text("\n".join(lines))


def _epochs(status: ExchangeStatus) -> str:
    if status.closed is None:
        return "unknown"
    closed = f"closed up to {status.closed}" if status.closed else "none closed yet"
    return closed + (f"; the newest command was refused ({status.closing_refused})" if status.closing_refused else "")


def _lanes(lanes: Sequence[LaneStatus]) -> Table:
    numbers = ("waiting", "records/s", "last commit", "last pulse")
    shown = table("lane", "state", *numbers, "worker", right=numbers, title="lanes")
    for lane in lanes:
        ages = (age(lane.since_commit_ms), age(lane.since_pulse_ms))
        shown.add_row(
            lane.lane,
            lane.state,
            count(lane.lag),
            f"{lane.records_a_second:,.0f}",
            *ages,
            lane.worker,
            style="" if lane.worker else "yellow",
        )
    return shown


def _agencies(status: ExchangeStatus, *, every_agency: bool) -> Table:
    """Agencies with refused or waiting records come first."""
    ordered = sorted(status.agencies, key=lambda a: (not a.inbox_missing, not a.refused, not a.waiting, a.agency))
    first = ordered if every_agency else ordered[:AGENCIES_MAX]
    left_out = len(ordered) - len(first)
    numbers = ("sequence", "waiting", "heard")
    caption = f"and {left_out} more; --all shows them" if left_out else ""
    shown = table("agency", *numbers, "head", "class", "refused", right=numbers, title="agencies", caption=caption)
    for agency in first:
        shown.add_row(*_agency(agency), style="yellow" if agency.refused or agency.inbox_missing else "")
    return shown


def _agency(agency: AgencyStatus) -> tuple[str, ...]:
    heard = "never" if agency.since_heard_ms is None else age(agency.since_heard_ms)
    suspended = " (suspended)" if agency.status == "suspended" else ""
    counts = (count(agency.sequence), count(agency.waiting), heard)
    return (
        agency.agency + suspended,
        *counts,
        agency.head,
        agency.legal_class,
        INBOX_MISSING if agency.inbox_missing else agency.refused or _unsigned(agency),
    )


def _unsigned(agency: AgencyStatus) -> str:
    """The records that wait for the heartbeat that signs them."""
    return f"{agency.unsigned:,} not signed for {age(agency.since_unsigned_ms)}" if agency.unsigned else ""


def _refusals(status: ExchangeStatus) -> Table:
    shown = table("reason", "records", right=("records",), title="records refused since the beginning")
    for reason, count in status.refusals:
        shown.add_row(reason, f"{count:,}")
    return shown
