"""The source on a real export, where one lies beside the repository.

Structural laws only: nothing of it is in the project.
"""

import csv
import io
import zipfile
from pathlib import Path

import pytest

from exchange.core.admission.soundness import unsound
from exchange.core.model import events as e
from exchange.core.model.vocabulary import UsState
from producers.facts import Complete, Edition, Fact
from producers.sources.hmis import HmisExport, HmisSettings
from producers.sources.hmis.reading.layout import FILES
from tests.kits.hmis_exports import FIRST_ROW, IDENTITY

REAL = Path(__file__).parents[4] / "shared" / "real" / "hmis-demo.zip"
REQUIRED = {
    e.CaseOpened,
    e.TraffickingFacts,
    e.ServiceProvided,
    e.NeedIdentified,
    e.NeedUnmet,
    e.ReferralMade,
    e.ReferralResolved,
    e.OutcomeAssessed,
    e.CaseClosed,
    e.FundingReceived,
    e.AgencyProfiled,
}

pytestmark = pytest.mark.skipif(not REAL.exists(), reason="no real export beside the repository: none may be in it")


@pytest.fixture(scope="module")
def found():
    return list(HmisExport(REAL, HmisSettings(UsState.ca, all_projects_trafficking=True, gender_from_sex=True)).read())


def table(name):
    with zipfile.ZipFile(REAL) as archive:
        member = next(
            info
            for info in archive.infolist()
            if info.filename.lower().endswith("/" + name.lower()) or info.filename.lower() == name.lower()
        )
        return list(csv.DictReader(io.StringIO(archive.read(member).decode("utf-8-sig"), newline="")))


def test_every_row_is_accounted_for(found):
    told = {(r.where.file, r.where.row) for r in found if not isinstance(r, (Complete, Edition))}
    assert told >= {(file.name, row) for file in FILES for row in range(FIRST_ROW, len(table(file.name)) + FIRST_ROW)}


def test_every_fact_is_sound_and_under_a_key_of_its_own(found):
    facts = [reading for reading in found if isinstance(reading, Fact)]
    assert not {unsound(fact.body) for fact in facts} - {""}
    assert len({fact.key for fact in facts}) == len(facts)


def test_every_kind_of_body_that_hmis_can_hold_is_found(found):
    assert {type(reading.body) for reading in found if isinstance(reading, Fact)} >= REQUIRED


def test_no_identity_value_of_any_file_is_in_any_reading(found):
    planted = {
        value
        for file, columns in IDENTITY.items()
        for row in table(file)
        for column in [*columns, "DOB"]
        if len(value := (row.get(column) or "").strip()) > 5
    }
    assert planted
    words = set()
    for reading in found:
        words |= set(repr(reading).replace("'", " ").replace("/", " ").split())
    assert len(planted & words) == 0


def test_reading_again_gives_the_same(found):
    again = HmisExport(REAL, HmisSettings(UsState.ca, all_projects_trafficking=True, gender_from_sex=True))
    assert sum(1 for one, other in zip(again.read(), found, strict=True) if one != other) == 0
    assert again.rows() == sum(len(table(file.name)) for file in FILES)
