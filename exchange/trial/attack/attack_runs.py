"""The attacks, their numbers of trials, and their jobs for several processes.

Power: with 15,456 client-periods at half the scale, 58.7 % of guesses are expected to be right, and
56.7 % is beyond chance: the distance is 5.0 standard deviations. With eight periods at a time
(1,932 clients), these are 73.2 %, 68.5 % and 4.7; with 40,000 small cells 1.80 points, 0.91 and
6.7. Squared errors are a quarter of their number, and 0.6 of it is the limit: beyond 10.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar, cast

from exchange.core.model.vocabulary import LegalClass
from exchange.trial.attack.attack_findings import Finding
from exchange.trial.attack.attacks import (
    copies,
    digests,
    lift,
    margins,
    membership_attack,
    others,
    paths,
    planted,
    programs,
    worth,
)
from exchange.trial.attack.weakened_noise import NOISED, Setting

Part = object
"""The result of a job: each attack has its own type, which only its own `outcomes` reads."""
P = TypeVar("P")
Parts = Mapping[Setting, Sequence[Part]]
LIFT: Final = "small cells, posterior mode"
MEMBERSHIP: Final = "membership, one client-period"


@dataclass(frozen=True, slots=True)
class Job:
    """A part of one attack on one setting.

    `run` takes nothing and may be sent to another process.
    """

    attack: str
    setting: Setting
    run: Callable[[], Part]


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack: its jobs, and the rows of the table that their results make."""

    name: str
    jobs: tuple[Job, ...]
    outcomes: Callable[[Parts], tuple[Finding, ...]]


@dataclass(frozen=True, slots=True)
class Effort:
    """Numbers of trials: `worlds` of 336 client-periods, `years` of 1,647 small cells.

    `paths`, `copies`: generated years; `agencies`: worlds of agencies; `lives`: scripts for two
    worlds.
    """

    worlds: Mapping[Setting, int]
    years: int
    paths: int
    copies: int
    agencies: int
    lives: int


FULL: Final = Effort({Setting.NAIVE: 1, Setting.OURS: 30, Setting.HALF: 46, Setting.TENTH: 2}, 24, 24, 3, 25, 6)
LIFT_NAIVE_YEARS: Final = 10
EVENTS, TOTALS = LegalClass.individual, LegalClass.tally_only
WORLDS_A_JOB: Final = 6
FOUND_BY: Final = dict(zip(others.FAULTS, ((3, EVENTS), (8, TOTALS), (0, EVENTS), (0, EVENTS)), strict=True))
"""The script and the kind of agency that show each fault."""


def attacks(effort: Effort = FULL) -> tuple[Attack, ...]:
    """Every attack, the longest first."""
    return (
        _membership(effort),
        *(_lift(name, insiders, effort) for insiders, name in enumerate((LIFT, "one insider", "two insiders"))),
        _paths(effort),
        _copies(effort),
        *(_programs(name, n, effort) for n, name in enumerate(("linear programs", "linear programs, one insider"))),
        _margins(effort),
        _others(effort),
        _worth(),
        _digests(),
        _planted(),
    )


def _membership(effort: Effort) -> Attack:
    name = "membership"
    jobs = [
        Job(name, setting, partial(membership_attack.guesses, setting, first, min(WORLDS_A_JOB, worlds - first)))
        for setting, worlds in effort.worlds.items()
        for first in range(0, worlds, WORLDS_A_JOB)
    ]
    return Attack(name, tuple(jobs), _memberships)


def _memberships(parts: Parts) -> tuple[Finding, ...]:
    return membership_attack.outcomes(cast("Mapping[Setting, Sequence[membership_attack.Guesses]]", parts))


def _one(make: Callable[[str, Mapping[Setting, Sequence[P]]], Finding], name: str, parts: Parts) -> tuple[Finding, ...]:
    return (make(name, cast("Mapping[Setting, Sequence[P]]", parts)),)


def _lift(name: str, insiders: int, effort: Effort) -> Attack:
    naive = Job(name, Setting.NAIVE, partial(lift.naive, 1, LIFT_NAIVE_YEARS, insiders))
    jobs = (Job(name, at, partial(lift.noised, at, 1, effort.years, insiders)) for at in NOISED)
    return Attack(name, (naive, *jobs), partial(_one, lift.outcome, name))


def _paths(effort: Effort) -> Attack:
    name = "epochs, periods, corrections, tables"
    naive = Job(name, Setting.NAIVE, partial(paths.naive, 1, effort.paths))
    jobs = (Job(name, at, partial(paths.noised, at, 1, effort.paths)) for at in NOISED)
    return Attack(name, (naive, *jobs), partial(_one, paths.outcome, name))


def _copies(effort: Effort) -> Attack:
    name = "subscriptions, restarts, kills"
    naive = Job(name, Setting.NAIVE, partial(copies.naive, effort.copies))
    jobs = (Job(name, at, partial(copies.noised, at, effort.copies)) for at in NOISED)
    return Attack(name, (naive, *jobs), partial(_one, paths.outcome, name))


def _programs(name: str, insiders: int, effort: Effort) -> Attack:
    jobs = (
        Job(name, setting, partial(programs.attacked, 1, effort.agencies, insiders, naive=setting is Setting.NAIVE))
        for setting in (Setting.NAIVE, Setting.OURS)
    )
    return Attack(name, tuple(jobs), partial(_one, programs.outcome, name))


def _margins(effort: Effort) -> Attack:
    name = "linear programs, coverage"
    jobs = (
        Job(name, setting, partial(margins.attacked, 1, effort.agencies, naive=setting is Setting.NAIVE))
        for setting in (Setting.NAIVE, Setting.OURS)
    )
    return Attack(name, tuple(jobs), partial(_one, programs.outcome, name))


def _others(effort: Effort) -> Attack:
    name = "others"
    naive = (
        Job(name, Setting.NAIVE, partial(others.lived, first, 1, (legal_class,), fault))
        for fault, (first, legal_class) in FOUND_BY.items()
    )
    ours = (Job(name, Setting.OURS, partial(others.lived, seed, 1)) for seed in range(effort.lives))
    return Attack(name, (*naive, *ours), _of_others)


def _of_others(parts: Parts) -> tuple[Finding, ...]:
    return others.outcomes(cast("Mapping[Setting, Sequence[others.Moved]]", parts))


def _worth() -> Attack:
    name = "worth"
    naive = (Job(name, Setting.NAIVE, partial(worth.naive, rule)) for rule in worth.FORGETFUL)
    ours = (Job(name, at, partial(worth.ours, at)) for at in NOISED)
    return Attack(name, (*naive, *ours), _worths)


def _worths(parts: Parts) -> tuple[Finding, ...]:
    return worth.outcomes(cast("Mapping[Setting, Sequence[worth.Worth]]", parts))


def _digests() -> Attack:
    name = "guessing behind digests and leaves"
    jobs = (Job(name, Setting.NAIVE, digests.naive), Job(name, Setting.OURS, digests.real))
    return Attack(name, jobs, partial(_one, digests.outcome, name))


def _planted() -> Attack:
    name = "planted identifiers"
    jobs = (Job(name, Setting.NAIVE, planted.naive), Job(name, Setting.OURS, planted.real))
    return Attack(name, jobs, partial(_one, planted.outcome, name))


def all_jobs(some: Sequence[Attack]) -> Iterator[Job]:
    """The jobs of these attacks, in order."""
    for attack in some:
        yield from attack.jobs
