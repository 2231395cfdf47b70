"""How much one client moves all releases together: exactly, beside what the ledger charges for it.

Nothing is guessed and no noise is drawn. Every canary's events are counted by the release lane's
own functions. `worth`: mu² of the canary that moves them most, divided by twice the rho of all
declared tables. Ours is at most 1.

Naive releases, each of which forgets one rule:
- a period is counted again in the next quarter, from what the log holds then;
- a correction takes nothing back, so that what is sent anew counts twice;
- the mark of an arrival is given again in each month in which an event is sent anew.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

from exchange.core.admission.cap_rules import NONE, Cap
from exchange.core.model.epochs import first_month, month_after
from exchange.core.model.events import Correction
from exchange.core.release.budget import RHO_PLANNED, TABLE_COSTS
from exchange.core.release.draw import Reading, reading_of
from exchange.core.release.tiers import MONTHS_OF_QUARTER
from exchange.trial.attack.attack_findings import Finding, Measured
from exchange.trial.attack.canaries import COHORT, Timed, canary, withdrawn
from exchange.trial.attack.cohort import added_by, squared_mu
from exchange.trial.attack.weakened_noise import Setting, scale_in

Worth = tuple[str, float]
"""A forgotten rule, or none, and what a client is worth then."""
Squared = Callable[[int], Fraction]
"""mu² of a canary, by its number."""
OURS: Final = ""


def _kept(number: int) -> Fraction:
    return _squared(canary(number))


def _squared(events: Sequence[Timed]) -> Fraction:
    return squared_mu(dict(added_by(events)))


def _counted_twice(number: int) -> Fraction:
    """As if all had come a quarter earlier, where it can: a later count finds more of it."""
    again = dict(added_by([replace(one, month=_sooner(one)) for one in canary(number)]))
    drawn_again = {place: n for place, n in again.items() if _counts_all(place[0])}
    return _kept(number) + squared_mu(drawn_again)


def _sooner(one: Timed) -> int:
    return max(first_month(one.event.period), one.month - MONTHS_OF_QUARTER)


def _counts_all(table: str) -> bool:
    return reading_of(TABLE_COSTS[table].row.tier) is Reading.ALL


def _not_taken_back(number: int) -> Fraction:
    return _squared([_markless(one) if isinstance(one.event.body, Correction) else one for one in canary(number)])


def _markless(one: Timed) -> Timed:
    return replace(one, event=replace(one.event, cap=int(NONE)))


def _arriving_each_month(number: int) -> Fraction:
    return _squared([*canary(number), *_arriving_again(number)])


def _arriving_again(number: int) -> Iterator[Timed]:
    """What arrived is withdrawn and sent anew, with its mark, in each month until it is counted."""
    for one in canary(number):
        if one.event.cap & Cap.ARRIVAL and not isinstance(one.event.body, Correction):
            for month in range(one.month + 1, month_after(one.event.period) + 1):
                yield Timed(month, withdrawn(one.event))
                yield Timed(month, one.event)


FORGETFUL: Final[Mapping[str, Squared]] = {
    "a period counted twice": _counted_twice,
    "a correction takes nothing back": _not_taken_back,
    "an arrival marked each month": _arriving_each_month,
}


def ours(setting: Setting) -> Worth:
    """The worth of a client in our releases, with the noise of a setting."""
    scale = TABLE_COSTS["cases"].scale
    return OURS, _most(_kept) * float(scale / scale_in(setting, scale)) ** 2


def naive(rule: str) -> Worth:
    """The worth of a client in a release that forgets a rule."""
    return rule, _most(FORGETFUL[rule])


def _most(squared: Squared) -> float:
    return float(max(map(squared, range(COHORT))) / (2 * RHO_PLANNED))


def outcomes(parts: Mapping[Setting, Sequence[Worth]]) -> tuple[Finding, ...]:
    """A row for each rule."""
    found, naively = [], dict(parts[Setting.NAIVE])
    for rule in (one for one in FORGETFUL if one in naively):
        values = {at: some[0][1] for at, some in parts.items()} | {Setting.NAIVE: naively[rule]}
        measured = {at: Measured(value, value > 1, COHORT) for at, value in values.items()}
        found.append(Finding(f"worth of a client: {rule}", "of what is paid", 1.0, 0.0, measured))
    return tuple(found)
