"""A draw's counts, computed a second time: from cells and texts, without the code under test."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from hypothesis import strategies as st

from exchange.core.counting.cells import SEPARATOR, increments, parse_cell
from exchange.core.counting.tables import TALLIED, Tier, tally_length
from exchange.core.model.epochs import epoch_of
from exchange.core.model.events import About, Body, Correctable, Correction, Event, Tally
from exchange.core.model.period import parse_period, period_text
from exchange.core.model.vocabulary import UsState
from exchange.core.release.budget import TABLE_COSTS, TableCost
from exchange.core.release.client_tables import ReleasedTable
from exchange.core.release.draw import Due, Increments, counted
from exchange.core.release.privacy_ledger import EVERY_PERIOD, Account
from exchange.core.release.tiers import BUCKETS, MONTHS_BETWEEN, is_due
from tests.kits.caps_kit.contribution import Sent
from tests.kits.strategies import sound_correctables

MARCH, DECEMBER = epoch_of(2026, 3), epoch_of(2026, 12)
ALL_PLANS = tuple(TABLE_COSTS.values())
Cell = tuple[str, str, str]
"""(bucket, place, value)"""


def due(plan: TableCost, epoch: int, *, since: int = epoch_of(2026, 1), periods_from: int = EVERY_PERIOD) -> Due:
    return Due(plan, Account(plan.rho, plan.terms, periods_from, epoch), since, first=True)


def all_due(epoch: int, periods_from: int = EVERY_PERIOD) -> list[Due]:
    return [due(plan, epoch, periods_from=periods_from) for plan in ALL_PLANS if is_due(plan.row.tier, epoch)]


def event(body: Body, cap: int = 7, period: str = "2026Q1", state: UsState = UsState.ca) -> Event:
    return Event(1, bytes(32), parse_period(period), state, cap, body)


def correcting(one: Event, cap: int | None = None) -> Event:
    """The correction of an event, with the event's own bits unless others are given."""
    assert isinstance(one.body, Correctable)
    body = Correction(1, bytes(32), one.period, one.state, one.cap, one.body)
    return replace(one, body=body, cap=one.cap if cap is None else cap)


def from_agency(events: Iterable[Event]) -> list[tuple[str, Event]]:
    return [("an-agency", one) for one in events]


def cells_of(found: Increments) -> dict[Cell, int]:
    """The increments that are not zero, by name."""
    row = found.due.row
    names = [(b.value, place, value) for b in BUCKETS[row.tier] for place in row.places for value in row.codes]
    return {name: n for name, n in zip(names, found.counts, strict=True) if n}


def by_hand(one: Due, events: Iterable[Event]) -> dict[Cell, int]:
    """The same, by the words of the rules."""
    found: Counter[Cell] = Counter()
    for given in events:
        where = _bucket_by_hand(one, given)
        if not where or not _counts_by_hand(one.row, given):
            continue
        for place, value, n in _cells_by_hand(one.row, given):
            if place in one.row.places:
                found[where, place, value] += n
    return {cell: n for cell, n in found.items() if n}


def _counts_by_hand(row: ReleasedTable, given: Event) -> bool:
    own = given.cap < 32 and bool(given.cap & row.bit)
    if isinstance(given.body, Correction):
        restated = given.body
        return own and restated.cap < 32 and bool(restated.cap & row.bit) and not isinstance(restated.body, Tally)
    return own


def _bucket_by_hand(one: Due, given: Event) -> str:
    """The bucket's name; empty where the account does not cover the period."""
    year, month = divmod(one.epoch, 12)
    year_text, _, quarter = period_text(given.period).partition("Q")
    begins = int(year_text) * 12 + (int(quarter) - 1) * 3 if quarter else int(year_text) * 12
    if begins > one.epoch or begins < one.account.periods_from:
        return ""
    yearly = one.row.tier in {Tier.NATION_YEARLY, Tier.STATE_YEARLY}
    if quarter and not yearly:
        ago = year * 4 + month // 3 - (int(year_text) * 4 + int(quarter) - 1)
        return {0: "quarter", 1: "quarter before"}.get(ago, "earlier")
    return {0: "year", 1: "year before"}.get(year - int(year_text), "earlier")


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


def life(plan: TableCost, sent: Sequence[Sent], *, start: int, stretched: bool = False) -> list[Increments]:
    """All draws of a table with these events; months count from `start` (or by its cadence)."""
    step = MONTHS_BETWEEN[plan.row.tier] if stretched else 1
    arrived = [(start + one.epoch * step, one.event) for one in sent]
    found, since = [], start
    last = max((month for month, _ in arrived), default=start)
    for epoch in range(start, last + MONTHS_BETWEEN[plan.row.tier]):
        if is_due(plan.row.tier, epoch):
            between = from_agency(given for month, given in arrived if since <= month <= epoch)
            found += counted([due(plan, epoch, since=since)], between)
            since = epoch + 1
    return found


# Strategies

caps = st.one_of(st.integers(0, 7), st.sampled_from([0, 1, 3, 7, 32, 63]))
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
