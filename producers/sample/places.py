"""Where sample agencies work: states by population, now and then a second state of the same division."""

import re
from typing import Final

from exchange.core.vocabulary import DIVISION, UsState
from producers.sample.draws import Uniform

_CENSUS_2020: Final = """
al 5024 ak 733 az 7152 ar 3012 ca 39538 co 5774 ct 3606 de 990 dc 690 fl 21538 ga 10712 hi 1455 id 1839 il 12813
in 6786 ia 3190 ks 2938 ky 4506 la 4658 me 1362 md 6177 ma 7030 mi 10077 mn 5706 ms 2961 mo 6155 mt 1084 ne 1962
nv 3105 nh 1378 nj 9289 nm 2118 ny 20201 nc 10439 nd 779 oh 11799 ok 3959 or 4237 pa 13003 ri 1097 sc 5118 sd 887
tn 6911 tx 29146 ut 3272 vt 643 va 8631 wa 7705 wv 1794 wi 5894 wy 577 as 50 gu 154 mp 47 pr 3286 vi 87
"""
POPULATION: Final[dict[UsState, int]] = {
    UsState(code): int(thousands) for code, thousands in re.findall(r"([a-z]+) (\d+)", _CENSUS_2020)
}
"""Residents in thousands, 2020 Census (Census Bureau, resident population of states and island areas)."""
_SECOND_STATE_SHARE: Final = 0.08


def home_states(count: int, uniform: Uniform) -> list[UsState]:
    """A state for each of `count` agencies, in no order: evenly spaced along the population, to follow it closely."""
    whole = sum(POPULATION.values())
    start = uniform()
    points = [(number + start) * whole / count for number in range(count)]
    homes: list[UsState] = []
    reached, states = 0, iter(POPULATION.items())
    state = UsState.al
    for point in points:
        while reached <= point:
            state, thousands = next(states)
            reached += thousands
        homes.append(state)
    return sorted(homes, key=lambda _: uniform())


def states_served(home: UsState, uniform: Uniform) -> tuple[UsState, ...]:
    """The home state, and for a few agencies a neighbour in its Census division."""
    if uniform() >= _SECOND_STATE_SHARE:
        return (home,)
    division = DIVISION[home]
    near = [s for s in POPULATION if s != home and DIVISION[s] == division and division != "territory"]
    return (home, near[int(uniform() * len(near))]) if near else (home,)
