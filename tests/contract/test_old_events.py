"""An old event can be read under the new schema; a doctored newer version takes its place."""

import copy
from dataclasses import replace

import fastavro
import pytest

from exchange.core.admission.gate import Arrival
from exchange.core.model.events import ALL_CAPS, CaseOpened, Event, ServiceProvided
from exchange.core.model.vocabulary import (
    AgeBand,
    CostBand,
    ForeignNational,
    FundingSource,
    Gender,
    ReferralSource,
    Service,
    UnitBand,
    UsState,
    WaitBand,
)
from exchange.wire import codec
from exchange.wire.schemas import Schema, newest, schemas
from tests.contract.test_schemas import EVENT


@pytest.fixture
def with_an_older_version(monkeypatch: pytest.MonkeyPatch) -> int:
    """Id 99 becomes the version before `ServiceProvided.funding_source` was appended.

    The same for `Gender.not_applicable`.
    """
    older = copy.deepcopy(EVENT)
    bodies = next(f for f in older["fields"] if f["name"] == "body")["type"]
    provided = next(b for b in bodies if isinstance(b, dict) and b["name"] == "ServiceProvided")
    dropped = provided["fields"].pop()
    unmet = next(b for b in bodies if isinstance(b, dict) and b["name"] == "NeedUnmet")
    next(f for f in unmet["fields"] if f["name"] == "funding_source")["type"] = dropped["type"]
    opened = next(b for b in bodies if isinstance(b, dict) and b["name"] == "CaseOpened")
    gender = next(f for f in opened["fields"] if f["name"] == "gender")["type"]
    gender["symbols"].pop()
    newer = copy.deepcopy(EVENT)
    bodies = next(f for f in newer["fields"] if f["name"] == "body")["type"]
    provided = next(b for b in bodies if isinstance(b, dict) and b["name"] == "ServiceProvided")
    provided["fields"][-1]["default"] = "not_collected"
    real = dict(schemas())
    last = newest("event")
    found = {
        99: Schema(99, "event", fastavro.parse_schema(older, named_schemas={}), bytes([0, 0, 0, 0, 99]), ""),
        last.id: replace(last, parsed=fastavro.parse_schema(newer, named_schemas={})),
    }
    monkeypatch.setattr(codec, "schemas", lambda: real | found)
    monkeypatch.setattr(codec, "newest", lambda _: found[last.id])
    monkeypatch.setattr(codec, "is_event", lambda number: number in found)
    return 99


def event(body: CaseOpened | ServiceProvided) -> Event:
    return Event(7, bytes(range(32)), 631, UsState.ca, ALL_CAPS, body)


def test_a_field_that_came_later_has_its_default(with_an_older_version: int) -> None:
    body = ServiceProvided(
        Service.food, WaitBand.same_day, CostBand.usd_0, UnitBand.units_1, FundingSource.not_collected
    )
    value = codec.encode(event(body), with_an_older_version)
    assert len(value) == len(codec.encode(event(body))) - 1
    assert codec.decode(value) == event(body)


def test_an_old_record_is_canonical_under_its_own_schema(with_an_older_version: int) -> None:
    body = CaseOpened(Gender.woman, AgeBand.age_18_20, ForeignNational.no, ReferralSource.hotline)
    value = codec.encode(event(body), with_an_older_version)
    arrival = codec.EventReader().read(value)
    assert isinstance(arrival, Arrival)
    assert arrival.body == body
