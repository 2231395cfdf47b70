"""Known before anything is released: the noise of each table, and which questions are met."""

from functools import cache

from exchange.core.metrics.answers import Answer, answers
from exchange.core.metrics.planning import Line, budget_lines
from exchange.wire.planned_sizes import national_clients, planned_sizes


@cache
def answered() -> tuple[Answer, ...]:
    """The answer to each question at the planned size. Takes a second the first time."""
    return tuple(answers(planned_sizes(national_clients())))


@cache
def noise() -> tuple[Line, ...]:
    """The noise of each released table, and its usable cells at the planned size."""
    return tuple(budget_lines(planned_sizes(national_clients())))
