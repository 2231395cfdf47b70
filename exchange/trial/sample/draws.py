"""Weighted draws from code lists: a table of 4,096 codes and one uniform number a draw.

Rules kept: the only source of chance is the caller's uniform numbers, so a seed gives the same
sample on every machine; every weight above zero has at least one place in its table, so that rare
codes, and the codes for missing answers, occur.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, TypeVar

PLACES: Final = 4096
MISSING: Final = {
    "not_known": 50.0,
    "declined": 20.0,
    "not_collected": 20.0,
    "worker_does_not_know": 6.0,
    "withheld_by_agency": 4.0,
}
"""The shares of the reasons for a missing answer."""

Code = TypeVar("Code", bound=StrEnum)
Item = TypeVar("Item")
Uniform = Callable[[], float]
"""Numbers that are uniform on [0, 1)."""


def spread(codes: type[Code], weights: str, *, rest: float = 0.02, missing: float = 0.04) -> tuple[Code, ...]:
    """A table of `codes` from `code weight code weight …`.

    `rest` is the total share of the codes that the text leaves out; `missing` is that of the
    reasons for a missing answer. `not_applicable` is never drawn unless the text names it.
    """
    words = weights.split()
    named = {codes(code): float(weight) for code, weight in zip(words[::2], words[1::2], strict=True)}
    absent = {code: MISSING[code] for code in codes if code in MISSING and code not in named}
    others = [code for code in codes if code not in named and code not in absent and code != "not_applicable"]
    shares = _scaled(named, 1 - rest * bool(others) - missing * bool(absent))
    if others and rest:
        shares |= dict.fromkeys(others, rest / len(others))
    if absent and missing:
        shares |= _scaled(absent, missing)
    return table(shares)


def by_rank(codes: type[Code], first: str, exponent: float = 1.0) -> tuple[Code, ...]:
    """A table in which the nth code has weight n^-exponent: `first`, then the list's others."""
    ranked = [codes(code) for code in first.split()]
    ranked += [code for code in codes if code not in ranked and code not in MISSING and code != "not_applicable"]
    shares = {code: rank**-exponent for rank, code in enumerate(ranked, start=1)}
    return table(_scaled(shares, 1.0))


def table(shares: Mapping[Item, float]) -> tuple[Item, ...]:
    """Each item in proportion to its share of 4,096, by largest remainder, and at least once."""
    exact = {item: share * PLACES / sum(shares.values()) for item, share in shares.items() if share}
    held = {item: max(1, int(places)) for item, places in exact.items()}
    order = sorted(exact, key=lambda item: held[item] - exact[item])
    while (left := PLACES - sum(held.values())) > 0:
        for item in order[:left]:
            held[item] += 1
    while (over := sum(held.values()) - PLACES) > 0:
        largest = max(held, key=lambda item: held[item])
        held[largest] -= over
    return tuple(item for item, places in held.items() for _ in range(places))


def pick(items: tuple[Item, ...], uniform: Uniform) -> Item:
    """One item of a table, by one uniform number."""
    return items[int(uniform() * len(items))]


def several(items: tuple[Item, ...], most: float, uniform: Uniform) -> list[Item]:
    """Different items: a uniform number of draws below `most`, minus repetitions."""
    return list(dict.fromkeys(items[int(uniform() * len(items))] for _ in range(int(uniform() * most))))


def _scaled(weights: Mapping[Code, float], total: float) -> dict[Code, float]:
    whole = sum(weights.values())
    return {code: weight / whole * total for code, weight in weights.items()}
