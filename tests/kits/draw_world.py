"""A draw's counts, computed a second time: from cells and texts, without the code under test."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from hypothesis import strategies as st

from exchange.core.admission.cap_rules import MARKS
from exchange.core.counting.cells import SEPARATOR, increments, parse_cell
from exchange.core.counting.tables import TALLIED, Tier, tally_length
from exchange.core.model.epochs import epoch_of
from exchange.core.model.events import About, Body, Correctable, Correction, Event, Tally
from exchange.core.model.period import parse_period, period_text
from exchange.core.model.vocabulary import UsState
from exchange.core.release.budget import TABLE_COSTS, TableCost
from exchange.core.release.client_tables import ReleasedTable
from exchange.core.release.draw import Counted, Due, Reading, counted, reading_of
from exchange.core.release.privacy_ledger import Account
from exchange.core.release.tiers import ARRIVED, is_due, periods_due
from tests.kits.caps_kit.laws import Sent
from tests.kits.strategies import sound_correctables

APRIL, JANUARY = epoch_of(2026, 4), epoch_of(2027, 1)
"""The epochs that count the first quarter of 2026, and its last quarter and the whole year."""
ALL_PLANS = tuple(TABLE_COSTS.values())
Cell = tuple[str, str, str]
"""(period, place, value); `arrived` stands for the month of arrival."""


def due(plan: TableCost, epoch: int) -> Due:
    return Due(plan, Account(plan.row.tier, plan.rho, plan.terms, epoch, epoch))


def all_due(epoch: int) -> list[Due]:
    return [due(plan, epoch) for plan in ALL_PLANS if is_due(plan.row.tier, epoch)]


def event(body: Body, cap: int = int(MARKS), period: str = "2026Q1", state: UsState = UsState.ca) -> Event:
    return Event(1, bytes(32), parse_period(period), state, cap, body)


def correcting(one: Event, cap: int | None = None) -> Event:
    """The correction of an event, with the event's own bits unless others are given."""
    assert isinstance(one.body, Correctable)
    body = Correction(1, bytes(32), one.period, one.state, one.cap, one.body)
    return replace(one, body=body, cap=one.cap if cap is None else cap)


def from_agency(events: Iterable[Event]) -> list[tuple[str, Event]]:
    return [("an-agency", one) for one in events]


def text(period: int) -> str:
    return "arrived" if period == ARRIVED else period_text(period)


def cells_of(found: Counted) -> dict[Cell, int]:
    """The counts that are not zero, by name."""
    row = found.due.row
    periods = periods_due(row.tier, found.due.epoch)
    names = [(text(period), place, value) for period in periods for place in row.places for value in row.codes]
    return {name: n for name, n in zip(names, found.counts, strict=True) if n}


def by_hand(one: Due, events: Iterable[Event]) -> dict[Cell, int]:
    """The same, by the words of the rules."""
    found: Counter[Cell] = Counter()
    for given in events:
        where = _period_by_hand(one, given)
        if not where or not _counts_by_hand(one.row, given):
            continue
        for place, value, n in _cells_by_hand(one.row, given):
            if place in one.row.places:
                found[where, place, value] += n
    return {cell: n for cell, n in found.items() if n}


def _counts_by_hand(row: ReleasedTable, given: Event) -> bool:
    if row.tier is Tier.NATION_ARRIVALS and isinstance(given.body, Correction | Tally):
        return False
    if not isinstance(given.body, Correction):
        return bool(given.cap & row.bit)
    if isinstance(given.body.body, Tally):
        return False
    return given.cap == given.body.cap and bool(given.cap & row.bit)


def _period_by_hand(one: Due, given: Event) -> str:
    """The period that the epoch counts the event in; empty: in none."""
    year, month = divmod(one.epoch, 12)
    quarters = year * 4 + month // 3
    restated = given.body.period if isinstance(given.body, Correction) else given.period
    year_text, _, quarter = period_text(restated).partition("Q")
    ago = quarters - (int(year_text) * 4 + int(quarter) - 1) if quarter else None
    last_year = month == 0 and int(year_text) == year - 1
    match one.row.tier:
        case Tier.NATION_ARRIVALS:
            return "arrived"
        case Tier.NATION_YEARLY | Tier.STATE_YEARLY:
            return year_text if last_year else ""
        case Tier.NATION_LATE:
            return period_text(restated) if ago == 2 and not month % 3 else ""
        case _:
            return period_text(restated) if (ago == 1 and not month % 3) or (ago is None and last_year) else ""


def _cells_by_hand(row: ReleasedTable, given: Event) -> Iterator[tuple[str, str, int]]:
    if row.table is None:
        back = isinstance(given.body, Correction)
        body = given.body.body if isinstance(given.body, Correction) else given.body
        if body.about is About.CLIENT:
            yield "us", "", -1 if back else 1
        return
    for name, n in increments("an-agency", given):
        cell = parse_cell(name)
        value = row.value(SEPARATOR.join(cell.values)) if cell.table is row.table else None
        if value is not None:
            yield cell.place if row.tier is Tier.STATE_YEARLY else "us", value, n


# Lives of one client


def life(plan: TableCost, sent: Sequence[Sent]) -> list[Counted]:
    """All draws of a table over three years, of events that arrived at months from January 2026."""
    start, found = epoch_of(2026, 1), []
    for epoch in range(start, start + 36):
        if not is_due(plan.row.tier, epoch):
            continue
        after = {Reading.ALL: 0, Reading.SINCE_LAST: epoch, Reading.SINCE_COUNTED: epoch - 2}[reading_of(plan.row.tier)]
        arrived = (one.event for one in sent if after <= start + one.epoch <= epoch)
        found += counted([due(plan, epoch)], from_agency(arrived))
    return found


def moved(plan: TableCost, sent: Sequence[Sent]) -> int:
    """The squared distance by which a client's events move all draws of a table together."""
    return sum(n * n for found in life(plan, sent) for n in found.counts)


# Strategies

caps = st.integers(0, int(MARKS))
tallies = st.sampled_from(sorted(TALLIED)).flatmap(
    lambda table: st.builds(
        Tally,
        st.just(table),
        st.lists(st.integers(0, 9), min_size=tally_length(TALLIED[table]), max_size=tally_length(TALLIED[table])).map(
            tuple
        ),
    )
)
periods = st.sampled_from([period_text(n) for n in range(parse_period("2024"), parse_period("2027Q2"))])
states = st.sampled_from([UsState.ca, UsState.wy, UsState.not_known, UsState.not_applicable])
originals = st.builds(event, st.one_of(sound_correctables, tallies), caps, periods, states)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Any events, lawful or not, that agencies may send; corrections have bits of their own."""
    sent = draw(st.lists(originals, max_size=12))
    back = draw(st.lists(st.tuples(st.sampled_from(sent), caps), max_size=6)) if sent else []
    return draw(st.permutations([*sent, *(correcting(one, cap) for one, cap in back)]))
