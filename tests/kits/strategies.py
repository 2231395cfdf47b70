"""hypothesis strategies for everything that an agency can send, derived from the classes.

A new body or field is covered by itself. `bodies` and `events` are in range but need not be sound:
an unsound event must be encoded, decoded and counted the same way too.
"""

from dataclasses import fields, replace
from enum import Enum
from functools import cache
from typing import Annotated, TypeVar, cast, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from exchange.core.admission.soundness import ANSWERS, FACTORS, FACTS, unsound
from exchange.core.counting.tables import NOT_APPLICABLE as NA
from exchange.core.counting.tables import TALLIED, tally_length
from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.events import BODIES, CORRECTABLE, Body, Correctable, Correction, Event, Tally
from exchange.core.model.field_types import Width
from exchange.core.model.period import FIRST, LAST
from exchange.core.model.vocabulary import UsState

Value = TypeVar("Value")

periods = st.integers(FIRST, LAST)
states = st.sampled_from(UsState)
small = st.integers(0, 63)
sequences = st.integers(0, 2**63 - 1)  # past these no receipt could name it, and readers refuse it
numbers = st.one_of(st.integers(0, 100), st.integers(0, 2**32 - 1))
agencies = st.from_regex(r"[a-z][a-z0-9-]{1,31}", fullmatch=True)
tallies = st.sampled_from(sorted(TALLIED)).flatmap(
    lambda table: st.builds(
        Tally,
        st.just(table),
        st.lists(numbers, min_size=tally_length(TALLIED[table]), max_size=tally_length(TALLIED[table])).map(tuple),
    )
)


def made_sound(body: Correctable) -> Correctable:
    """The body with what contradicts itself set right and the rest as it was."""
    match body:
        case e.TraffickingFacts() if body.control_method != NA:
            return replace(body, **{name: _none_of(body, name) for name in FACTS})
        case e.TraffickingFacts() if body.trafficking_type == NA:
            return replace(body, trafficking_type=v.TraffickingType.not_known)
        case e.FactorObserved():
            return _one_answer(body, FACTORS, v.EconomicFactor.debt)
        case e.ProviderSurveyed():
            return _one_answer(body, ANSWERS, v.Barrier.coordination)
        case e.OutcomeAssessed():
            return replace(body, resiliency_factor=v.ResiliencyFactor(NA), protective_factor=v.ProtectiveFactor(NA))
        case e.BarrierReported() if v.BARRIER_SIDE.get(body.barrier) == "provider":
            return replace(body, barrier=v.Barrier.lack_of_trust)
        case _:
            return body


def _none_of(body: Correctable, name: str) -> Enum:
    return type(getattr(body, name))(NA)


def _one_answer(body: Correctable, names: tuple[str, ...], otherwise: Enum) -> Correctable:
    """The body with its first answer alone, or with another one where that would not be sound."""
    given = [name for name in names if getattr(body, name) != NA]
    none = {name: _none_of(body, name) for name in names}
    if given:
        one = replace(body, **{**none, given[0]: getattr(body, given[0])})
        if not unsound(one):
            return one
    fits = next(name for name in names if isinstance(none[name], type(otherwise)))
    return replace(body, **{**none, fits: otherwise})


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


@cache
def of(cls: type[Value]) -> st.SearchStrategy[Value]:
    """Values of one body, or of the head of an event, each field anything that its type allows."""
    if cls is Tally:
        return cast("st.SearchStrategy[Value]", tallies)
    hints = get_type_hints(cls, include_extras=True)
    known: dict[str, st.SearchStrategy[object]] = {"period": periods}
    if cls is Correction:
        known["body"] = correctables
    elif cls is Event:
        known |= {"body": bodies, "sequence": sequences}
    names = [f.name for f in fields(cls)]
    return st.builds(cls, **{name: known[name] if name in known else _of_hint(hints[name]) for name in names})


def _one_of(classes: tuple[type[Value], ...]) -> st.SearchStrategy[Value]:
    return st.sampled_from(classes).flatmap(of)


correctables: st.SearchStrategy[Correctable] = st.deferred(lambda: _one_of(CORRECTABLE))
bodies: st.SearchStrategy[Body] = st.deferred(lambda: _one_of(BODIES))
events: st.SearchStrategy[Event] = st.deferred(lambda: of(Event))
sound_correctables = correctables.map(made_sound)
