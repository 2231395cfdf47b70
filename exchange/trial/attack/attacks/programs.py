"""Linear programs against agency tables, which are exact, from every figure ever shown.

Generated agencies report money by source and service, and places by service. Amounts are the same
every quarter, while some agencies join and some leave: the worst case of
`exchange.core.release.disclosure`. The attacker knows which agency reports for which cell and when,
but not the amounts. Every shown figure is an equation over these amounts, which are at least 0. Two
linear programs give the least and the greatest value of an amount, or of a cell withheld because
few agencies are behind it. If these differ by less than 1, it is recovered. So is an amount whose
greatest value is closer to it than the p % rule allows. An insider also knows its own amounts, and
seeks single amounts: if three agencies are behind a cell, it knows the sum of the other two, as the
rule states. Each world has other insiders.

Not attacked, because it is not promised: two insiders, who know the third of three.

Naive release: every cell with three agencies behind it, whatever was shown before.
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy  # loads its parts when they are first used

from exchange.core.counting.tables import Dimension
from exchange.core.model.epochs import epoch_of, quarter_of_epoch
from exchange.core.model.events import CapacityReported, Event, FundingReceived
from exchange.core.model.period import quarter_before
from exchange.core.model.vocabulary import FundingSource, Service, UsState
from exchange.core.release.disclosure import (
    AGENCIES_MIN,
    AGENCY_RELEASES,
    REST_MIN,
    Contributors,
    Disclosed,
    contributors,
    enough,
    releases,
)
from exchange.trial.attack.attack_findings import Finding, Measured
from exchange.trial.attack.weakened_noise import Setting

AGENCIES: Final = 9
QUARTERS: Final = 6
RECORDS_MOST: Final = 2
SOURCES: Final = tuple(FundingSource)[:3]
SERVICES: Final = tuple(Service)[:3]
STAYS: Final = 0.75
"""The probability that an agency reports in a quarter."""
ATTACKED: Final = tuple(
    one for one in AGENCY_RELEASES if one.table is not None and one.table.body in (FundingReceived, CapacityReported)
)
ROUNDING: Final = 0.01
"""Of the linear programs, in dollars or places."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class UnknownAmount:
    """One unknown amount: the agency reports it in every quarter in which it reports."""

    agency: str
    body: FundingReceived | CapacityReported

    @property
    def amount(self) -> int:
        """The attacker's target."""
        return self.body.dollars if isinstance(self.body, FundingReceived) else self.body.places


@dataclass(frozen=True, slots=True)
class World:
    """Agencies' records, and who reports in which quarter."""

    records: tuple[UnknownAmount, ...]
    present: tuple[frozenset[str], ...]


class Equation(NamedTuple):
    """A cell of one quarter: the records in its sum, and the shown value; None: withheld."""

    records: frozenset[int]
    shown: int | None


class Recovered(NamedTuple):
    """The numbers of amounts and withheld cells, and of those found."""

    asked: int
    found: int


def generated(seed: int) -> World:
    """A world of agencies; `seed` is for nothing else."""
    chance = random.Random(f"programs|{seed}")  # noqa: S311 - generated agencies
    records: dict[tuple[str, object, object], UnknownAmount] = {}
    for number in range(AGENCIES):
        agency = f"agency-{number}"
        for _ in range(chance.randint(1, RECORDS_MOST)):
            source, service = chance.choice(SOURCES), chance.choice(SERVICES)
            money = FundingReceived(source, service, chance.randrange(1_000, 90_000))
            records[agency, source, service] = UnknownAmount(agency, money)
            places = CapacityReported(service, chance.randrange(1, 60))
            records[agency, None, service] = UnknownAmount(agency, places)
    agencies = sorted({record.agency for record in records.values()})
    present = (frozenset(a for a in agencies if chance.random() < STAYS) for _ in range(QUARTERS))
    return World(tuple(records.values()), tuple(present))


def equations(world: World, *, naive: bool) -> list[Equation]:
    """All shown and withheld cells of a world."""
    found: list[Equation] = []
    past = Disclosed()
    for quarter, present in enumerate(world.present):
        epoch = epoch_of(2026, 4) + 3 * quarter
        events = [(one.agency, _event(one, epoch)) for one in world.records if one.agency in present]
        now = [contributors(one, epoch, events) for one in ATTACKED]
        made, past = releases(now, past)
        for one, release in zip(now, made, strict=True):
            shown = [_naively(one, at) for at in range(one.cells)] if naive else release.of(release.periods[0])
            found += _of_table(world, one, present, shown)
    return found


def _event(record: UnknownAmount, epoch: int) -> Event:
    return Event(1, bytes(32), quarter_before(quarter_of_epoch(epoch)), UsState.ca, 0, record.body)


def _naively(one: Contributors, at: int) -> int | None:
    amounts = one.amounts[at]
    return sum(amounts.values()) if len(amounts) >= AGENCIES_MIN else None


def _of_table(
    world: World, one: Contributors, present: frozenset[str], shown: Sequence[int | None]
) -> Iterator[Equation]:
    assert one.declared.table is not None
    [dimension], [codes] = one.declared.table.dimensions, one.declared.codes
    for code, n in zip(codes, shown, strict=True):
        records = frozenset(
            at
            for at, record in enumerate(world.records)
            if record.agency in present
            and isinstance(record.body, one.declared.table.body)
            and _code(record, dimension) == code
        )
        if records:
            yield Equation(records, n)


def _code(record: UnknownAmount, dimension: Dimension) -> str:
    return str(getattr(record.body, dimension.field))


def recovered(world: World, known: Iterable[Equation], insiders: frozenset[str] = frozenset()) -> Recovered:
    """The findings of linear programs; `insiders`: agencies whose amounts the attacker knows."""
    every = list(dict.fromkeys(known))
    shown = [one for one in every if one.shown is not None]
    matrix = np.zeros((len(shown) + 1, len(world.records)))
    for n, one in enumerate(shown):
        matrix[n, sorted(one.records)] = 1
    sums = np.array([*(one.shown or 0 for one in shown), 0], dtype=np.float64)
    bounds = [(one.amount, one.amount) if one.agency in insiders else (0, None) for one in world.records]
    wanted = {frozenset({at}) for at, one in enumerate(world.records) if one.agency not in insiders}
    if not insiders:
        wanted |= {one.records for one in every if one.shown is None and _few(world, one)}
    found = 0
    for some in wanted:
        amount = sum(world.records[at].amount for at in some) if len(some) == 1 else 0
        found += pinned(some, matrix, sums, bounds) or closely_bounded(some, amount, matrix, sums, bounds)
    return Recovered(len(wanted), found)


def _few(world: World, one: Equation) -> bool:
    """Whether a cell is withheld: too few agencies are behind it, or one has nearly all of it."""
    amounts: dict[str, int] = {}
    for at in one.records:
        record = world.records[at]
        amounts[record.agency] = amounts.get(record.agency, 0) + record.amount
    return not enough(amounts)


def pinned(some: frozenset[int], matrix: Floats, sums: Floats, bounds: Sequence[tuple[int, int | None]]) -> bool:
    """Whether the least and the greatest possible sum of these amounts meet."""
    least, greatest = (_end(sign, some, matrix, sums, bounds) for sign in (1, -1))
    return least is not None and greatest is not None and greatest - least < 1


def closely_bounded(
    some: frozenset[int], amount: int, matrix: Floats, sums: Floats, bounds: Sequence[tuple[int, int | None]]
) -> bool:
    """Whether the greatest possible value of an amount is closer to it than the p % rule allows."""
    greatest = _end(-1, some, matrix, sums, bounds)
    return greatest is not None and greatest < float(1 + REST_MIN) * amount - ROUNDING


def _end(
    sign: int, some: frozenset[int], matrix: Floats, sums: Floats, bounds: Sequence[tuple[int, int | None]]
) -> float | None:
    """The least (sign 1) or greatest (-1) possible sum of these amounts; None: unbounded."""
    cost = np.zeros(matrix.shape[1])
    cost[sorted(some)] = sign
    solved = scipy.optimize.linprog(cost, A_eq=matrix, b_eq=sums, bounds=bounds, method="highs")
    return sign * float(solved.fun) if solved.status == 0 else None


def attacked(seed: int, worlds: int, insiders: int, *, naive: bool) -> Recovered:
    """Attack so many worlds, each time with other agencies as insiders."""
    asked = found = 0
    for number in range(worlds):
        world = generated(seed + number)
        inside = frozenset(f"agency-{(number + n) % AGENCIES}" for n in range(insiders))
        one = recovered(world, equations(world, naive=naive), inside)
        asked, found = asked + one.asked, found + one.found
    return Recovered(asked, found)


def outcome(name: str, parts: Mapping[Setting, Sequence[Recovered]]) -> Finding:
    """The row: amounts and withheld cells recovered."""
    measured = {}
    for setting, some in parts.items():
        asked, found = (sum(column) for column in zip(*some, strict=True))
        measured[setting] = Measured(found, found > 0, asked)
    return Finding(name, "cells", 0.0, 0.0, measured)
