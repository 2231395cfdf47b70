"""A canary's part of each count, and the counts of its own: known to the membership attack.

The attacker knows everything except whether a canary is there: all other events, and the events
that this canary would have. Trials must not share noise, because Clopper–Pearson would not hold for
them. So a count that two canaries would touch belongs to the first, and the attack on the other
does without it (three canaries of a quarter share its number of cases).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from exchange.core.release.budget import TABLE_COSTS
from exchange.trial.attack.canaries import COHORT, START, YEARS, Timed, canary
from exchange.trial.attack.release_in_memory import MemoryReleaseLane

Place = tuple[str, int, int]
"""(table, epoch, number of the count)."""


@dataclass(frozen=True, slots=True)
class Load:
    """A canary's part of releases: place → its addition, for the cohort of `FIRST_YEAR`.

    `own`: the places of no other canary.
    """

    all: Mapping[Place, int]
    own: Mapping[Place, int]


def squared_mu(loads: Mapping[Place, int]) -> Fraction:
    """mu² of a difference: the sum of its squares, each divided by its table's variance."""
    return sum((Fraction(n * n) / TABLE_COSTS[table].variance for (table, _, _), n in loads.items()), Fraction(0))


@cache
def loads() -> tuple[Load, ...]:
    """The parts of all canaries of a cohort, counted by the release lane's own functions."""
    taken: set[Place] = set()
    found = []
    for number in range(COHORT):
        every = dict(added_by(canary(number)))
        own = {}
        for place, n in every.items():
            table, epoch, at = place
            if (table, epoch % 12, at) not in taken:
                taken.add((table, epoch % 12, at))
                own[place] = n
        found.append(Load(every, own))
    return tuple(found)


def added_by(events: Iterable[Timed]) -> Iterator[tuple[Place, int]]:
    """What these events alone add to every count."""
    lane = MemoryReleaseLane(TABLE_COSTS.values())
    by_month = defaultdict(list)
    for timed in events:
        by_month[timed.month].append(timed.event)
    for epoch in range(START, START + 12 * YEARS):
        lane.arrive(epoch, by_month[epoch])
        after, counts = lane.counted(epoch)
        lane.settle(after)
        for one in counts:
            yield from (((one.due.row.name, epoch, at), n) for at, n in enumerate(one.counts) if n)
