"""Each event as a sentence: all that it holds, and nothing else."""

from dataclasses import fields

import pytest

from exchange.cli.agency.previewing.event_sentences import SENTENCES, sentence_of_event
from exchange.core.counting.tables import TALLIED
from exchange.core.model.bodies import CORRECTABLE
from exchange.core.model.events import Event, NeedIdentified, Tally
from exchange.core.model.field_types import field_types
from exchange.core.model.period import parse_period
from exchange.core.model.tally_tables import TallyTable
from exchange.core.model.vocabulary import Service, UsState
from exchange.core.picture.wording.phrases import label_of


def event_of(body, period: str = "2026Q2") -> Event:
    return Event(0, b"", parse_period(period), UsState.nv, 0, body)


def body_of(kind):
    """A body with the last code of each list, and 7 for each number."""
    return kind(*(7 if one.below else [*one.hint][-1] for one in field_types(kind)))


@pytest.mark.parametrize("kind", [kind for kind in CORRECTABLE if kind is not Tally])
def test_a_sentence_names_the_period_the_place_and_every_field(kind) -> None:
    body = body_of(kind)
    said = sentence_of_event(event_of(body))
    assert said.startswith("In the second quarter of 2026, in Nevada: ")
    for one in fields(body):
        value = getattr(body, one.name)
        assert (f"{value:,}" if isinstance(value, int) else label_of(one.name, str(value))) in said
    assert set(SENTENCES) == {one.__name__ for one in CORRECTABLE if one is not Tally}


def test_a_withdrawn_event_says_so_and_a_year_is_a_year() -> None:
    said = sentence_of_event(event_of(NeedIdentified(Service.housing), "2026"), withdrawn=True)
    assert said.startswith("Withdrawn: In the year 2026, in Nevada: a client's need was identified: ")


def test_totals_are_listed_by_their_labels_and_zeros_are_counted() -> None:
    table = TallyTable.needs_by_service
    size = len(Tally.__dataclass_fields__) and sum(1 for _ in _codes(table))
    counts = (3, *[0] * (size - 1))
    said = sentence_of_event(event_of(Tally(table, counts)))
    assert f"“{label_of('service', str(next(iter(_codes(table)))))}”: 3" in said
    assert f"{size - 1} totals are 0." in said


def _codes(table: TallyTable):
    from exchange.core.counting.tables import domain

    return domain(TALLIED[table], TALLIED[table].dimensions[0])
