"""The states of sample agencies, by population; a few have a second state of the division."""

from typing import Final

from exchange.core.metrics.usability import POPULATION
from exchange.core.model.vocabulary import DIVISION, UsState
from exchange.trial.sample.draws import Uniform

_SECOND_STATE_SHARE: Final = 0.08


def home_states(count: int, uniform: Uniform) -> list[UsState]:
    """A state for each of `count` agencies, unordered: evenly spaced along the population."""
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
