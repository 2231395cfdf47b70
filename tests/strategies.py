"""hypothesis strategies for everything an agency can say, derived from the classes: a new body or field is covered by itself.

`bodies` and `events` are in range but not held sound: what is unsound must encode, decode and count the same way too.
"""

from dataclasses import fields
from enum import Enum
from typing import Annotated, TypeVar, cast, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from exchange.core.events import BODIES, CORRECTABLE, Body, Correctable, Correction, Event, Tally, Width
from exchange.core.period import FIRST, LAST
from exchange.core.soundness import unsound
from exchange.core.tables import TALLIED, tally_length
from exchange.core.vocabulary import UsState

Value = TypeVar("Value")

periods = st.integers(FIRST, LAST)
states = st.sampled_from(UsState)
small = st.integers(0, 63)
numbers = st.one_of(st.integers(0, 100), st.integers(0, 2**32 - 1))
agencies = st.from_regex(r"[a-z][a-z0-9-]{1,31}", fullmatch=True)
tallies = st.sampled_from(sorted(TALLIED)).flatmap(
    lambda table: st.builds(
        Tally,
        st.just(table),
        st.lists(numbers, min_size=tally_length(TALLIED[table]), max_size=tally_length(TALLIED[table])).map(tuple),
    )
)


def _of_hint(hint: object) -> st.SearchStrategy[object]:
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if get_origin(hint) is Annotated:
        base, mark = get_args(hint)[:2]
        if isinstance(mark, range):
            return st.integers(mark.start, mark.stop - 1)
        if isinstance(mark, Width) and base is bytes:
            return st.binary(min_size=mark.octets, max_size=mark.octets)
        if isinstance(mark, Width) and base is int:
            return numbers if mark.octets == 4 else st.integers(0, 256**mark.octets - 1)
    raise TypeError(f"no strategy for {hint!r}")


def of(cls: type[Value]) -> st.SearchStrategy[Value]:
    """Values of one body, or of the head of an event, each field anything that its type allows."""
    if cls is Tally:
        return cast("st.SearchStrategy[Value]", tallies)
    hints = get_type_hints(cls, include_extras=True)
    known: dict[str, st.SearchStrategy[object]] = {"period": periods}
    if cls is Correction:
        known["body"] = correctables
    elif cls is Event:
        known["body"] = bodies
    names = [f.name for f in fields(cls)]  # type: ignore[arg-type]  # they are dataclasses
    return st.builds(cls, **{name: known[name] if name in known else _of_hint(hints[name]) for name in names})


def _one_of(classes: tuple[type[Value], ...]) -> st.SearchStrategy[Value]:
    return st.sampled_from(classes).flatmap(of)


correctables: st.SearchStrategy[Correctable] = st.deferred(lambda: _one_of(CORRECTABLE))
bodies: st.SearchStrategy[Body] = st.deferred(lambda: _one_of(BODIES))
events: st.SearchStrategy[Event] = st.deferred(lambda: of(Event))
sound_correctables = correctables.filter(lambda body: not unsound(body))
