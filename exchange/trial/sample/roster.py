"""The agencies of a sample: type, states, law, focus, size, by quota, so that small ones agree.

Calibrated (OVC 2003): 89 % of agencies serve women or girls, 80 % people in sex trafficking, 68 %
in labor trafficking (so 48 % both), and the majority sees 20 clients or more a year at the national
average. Sizes follow a power law of rank.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from exchange.core.model.vocabulary import AgencyType, FundingSource, LegalClass, UsState
from exchange.trial.sample import shares
from exchange.trial.sample.draws import Uniform, pick
from exchange.trial.sample.sample_places import home_states, states_served

SHARE_FEMALE: Final = 0.89
SHARE_SEX: Final = 0.80
SHARE_LABOR: Final = 0.68
SIZE_EXPONENT: Final = -0.7
YEAR_ONLY_SHARE: Final = 0.2
"""The share of covered entities, which give only years, among agencies that send events."""
_BOUND_TYPES: Final = (AgencyType.domestic_violence, AgencyType.sexual_assault, AgencyType.trafficking)
_COVERED_TYPES: Final = (AgencyType.health, AgencyType.mental_health)
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Traits:
    """The traits of one agency.

    `focus`: sex, labor or both; `size`: its share of all new clients.
    """

    agency_type: AgencyType
    states: tuple[UsState, ...]
    legal_class: LegalClass
    focus: str
    serves_female: bool
    size: float
    funders: tuple[FundingSource, ...]


def roster(count: int, tally_share: float, uniform: Uniform) -> list[Traits]:
    """The traits of `count` agencies; a `tally_share` of them (rounded) may share totals only."""
    types = [pick(shares.AGENCY_TYPES, uniform) for _ in range(count)]
    homes = home_states(count, uniform)
    laws = _laws(types, round(count * tally_share), uniform)
    focuses = _focuses(count, uniform)
    female = _shuffled([n < round(count * SHARE_FEMALE) for n in range(count)], uniform)
    sizes = _shuffled(_sizes(count), uniform)
    return [
        Traits(types[n], states_served(homes[n], uniform), laws[n], focuses[n], female[n], sizes[n], _funders(uniform))
        for n in range(count)
    ]


def _laws(types: Sequence[AgencyType], tallies: int, uniform: Uniform) -> list[LegalClass]:
    """VAWA, VOCA, FVPSA grantees are likeliest to share only totals; health services, years."""
    chance = [uniform() for _ in types]
    by_bound = sorted(range(len(types)), key=lambda n: chance[n] - 0.5 * (types[n] in _BOUND_TYPES))
    rest = sorted(by_bound[tallies:], key=lambda n: chance[n] - (types[n] in _COVERED_TYPES))
    laws = [LegalClass.individual] * len(types)
    for n in by_bound[:tallies]:
        laws[n] = LegalClass.tally_only
    for n in rest[: round(len(rest) * YEAR_ONLY_SHARE)]:
        laws[n] = LegalClass.year_only
    return laws


def _focuses(count: int, uniform: Uniform) -> list[str]:
    sex, labor = round(count * SHARE_SEX), round(count * SHARE_LABOR)
    return _shuffled(["sex"] * (count - labor) + ["both"] * (sex + labor - count) + ["labor"] * (count - sex), uniform)


def _sizes(count: int) -> list[float]:
    weights = [float(rank) ** SIZE_EXPONENT for rank in range(1, count + 1)]
    return [weight / sum(weights) for weight in weights]


def _funders(uniform: Uniform) -> tuple[FundingSource, ...]:
    """The agency's own table of funders: one program pays most, two the rest."""
    first, second, third = (pick(shares.FUNDERS, uniform) for _ in range(3))
    return (first,) * 18 + (second,) * 5 + (third,) * 2


def _shuffled(items: Sequence[Item], uniform: Uniform) -> list[Item]:
    return sorted(items, key=lambda _: uniform())
