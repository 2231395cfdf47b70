"""HMIS exports that lack much, or have other keys: what was published stands until asked."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exchange.core.model.events import CaseOpened
from producers.delivery.unconfirmed import Cause
from producers.errors import WithdrawalsUnconfirmed
from producers.sources.hmis import HmisExport
from producers.vault.fact_store import FactOutcome
from tests.kits.edge_kit.agency import Agency
from tests.kits.edge_kit.facts import facts_of
from tests.kits.hmis_exports import Written, sample, settings

CLIENTS = 12


def as_before(n: int) -> str:
    return f"{n:06}"


def export(key: Callable[[int], str] = as_before, clients: int = CLIENTS) -> Written:
    """A full export of so many clients with a stay each, under these keys."""
    written = sample()
    for file in ("Client.csv", "Enrollment.csv", "Exit.csv", "Services.csv", "Event.csv", "HealthAndDV.csv"):
        written.tables[file].clear()
    for n in range(1, clients + 1):
        stay = {"EnrollmentID": key(n), "PersonalID": key(n)}
        written.add("Client.csv", PersonalID=key(n), DOB="2009-06-15", DOBDataQuality="1", Sex="0")
        written.add("Enrollment.csv", **stay, ProjectID="J1", EntryDate="2026-02-10", ReferralSource="11")
        written.add(
            "Services.csv", **stay, ServicesID=key(n), DateProvided="2026-03-01", RecordType="142", TypeProvided="7"
        )
    return written


async def published(agency: Agency, folder: Path, written: Written, **how: Any) -> None:
    edge = agency.edge(options=replace(agency.options, **({"withdraw": False} | how)))
    agency.report = edge.report
    async with edge:
        await edge.read_all(HmisExport(written.folder(folder), settings()).read())


@pytest.fixture
async def agency(tmp_path: Path) -> Agency:
    agency = Agency(tmp_path)
    await published(agency, tmp_path, export())
    return agency


@pytest.mark.parametrize(
    ("damaged", "cause"),
    [
        (export(clients=4), Cause.LESS),
        (export(lambda n: f"{n}"), Cause.OTHER_FORM),
        (export(lambda n: f"K-{n}"), Cause.NEW_KEYS),
    ],
    ids=["restricted", "lost zeros", "made anew"],
)
async def test_nothing_is_withdrawn_or_doubled(agency: Agency, tmp_path: Path, damaged: Written, cause: Cause) -> None:
    before = facts_of(agency)
    assert sum(isinstance(body, CaseOpened) for body in before) == CLIENTS
    with pytest.raises(WithdrawalsUnconfirmed):
        await published(agency, tmp_path, damaged)
    assert agency.report.unconfirmed is not None
    assert agency.report.unconfirmed.cause is cause
    assert facts_of(agency) == before
    await published(agency, tmp_path, export())
    assert facts_of(agency) == before
    assert agency.report.outcomes[FactOutcome.RETRACTED] == 0


async def test_a_person_who_has_looked_lets_it_go(agency: Agency, tmp_path: Path) -> None:
    await published(agency, tmp_path, export(clients=4), withdraw=True)
    assert agency.report.outcomes[FactOutcome.RETRACTED] > 2 * (CLIENTS - 4) - 1
