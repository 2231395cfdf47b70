"""Laws of the HMIS source that hold for every export, however broken."""

import csv
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange.core.model.events import About
from exchange.core.model.period import is_period
from exchange.core.model.vocabulary import LegalClass, UsState
from producers.caps.policy import Policy, Unfit
from producers.facts import Complete, Edition, Fact, RowIgnored, RowRefused
from producers.sources.hmis import HmisExport, HmisSettings
from producers.sources.hmis.reading.layout import FILES
from tests.kits.hmis_exports import FIRST_ROW, PLANTED, STAY, sample
from tests.kits.sizes import examples

SETTINGS = settings(max_examples=examples(80), deadline=None, suppress_health_check=[HealthCheck.too_slow])
POLICY = Policy(LegalClass.individual)
KEYS = {"OrganizationID", "ProjectID", "PersonalID", "EnrollmentID", "FunderID"} | {f.keys[0] for f in FILES if f.keys}
COLUMNS = [(file.name, column) for file in FILES for column in file.columns]
PLAUSIBLE = ["", "0", "1", "2", "3", "8", "9", "99", "161", "200", "210", "E1", "E2", "P1", "P2", "J1", "J2"]
DAYS = [
    "2026-01-01",
    "2026-12-31",
    "3/14/2026",
    "03/04/2026",
    "1890-01-01",
    "2099-12-31",
    "9999-12-31",
    "2026-02-10 25:61:99",
]
cells = st.one_of(
    st.sampled_from(PLAUSIBLE),
    st.sampled_from(DAYS),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.integers().map(str),
)
changes = st.lists(st.tuples(st.sampled_from(COLUMNS), st.integers(0, 3), cells), max_size=12)
profiles = st.builds(
    HmisSettings,
    state=st.just(UsState.ny),
    gender_from_sex=st.booleans(),
    all_projects_trafficking=st.booleans(),
    projects=st.just(frozenset({"J1"})),
    year_only=st.booleans(),
    totals_only=st.booleans(),
)


def grown():
    """The sample with two of everything, so that rows can refer rightly and wrongly."""
    written = sample()
    written.quoting = csv.QUOTE_ALL
    written.add("Organization.csv", OrganizationID="O2", VictimServiceProvider="1")
    written.add("Project.csv", ProjectID="J2", OrganizationID="O2", ProjectType="13")
    written.add("Funder.csv", FunderID="F2", ProjectID="J2", Funder="3", StartDate="2020-01-01", EndDate="2026-06-30")
    written.add("Client.csv", PersonalID="P2", DOB="1980-01-01", DOBDataQuality="2", Sex="1")
    written.add(
        "Enrollment.csv",
        EnrollmentID="E2",
        PersonalID="P2",
        ProjectID="J2",
        EntryDate="2026-01-01",
        MoveInDate="2026-02-01",
    )
    written.add("Exit.csv", ExitID="X2", EnrollmentID="E2", PersonalID="P2", ExitDate="2026-05-01", ExchangeForSex="1")
    written.add(
        "Services.csv", **STAY, ServicesID="S2", DateProvided="2026-03-02", RecordType="200", TypeProvided="200"
    )
    written.add(
        "Services.csv",
        **STAY,
        ServicesID="S3",
        DateProvided="2026-03-02",
        RecordType="161",
        TypeProvided="1",
        ReferralOutcome="2",
    )
    written.add("Event.csv", **STAY, EventID="V2", EventDate="2026-03-09", Event="9")
    return written


def broken(edits):
    written = grown()
    for (file, column), row, value in edits:
        table = written.tables[file]
        table[row % len(table)][column] = value
    return written


def read(written, profile):
    with tempfile.TemporaryDirectory() as folder:
        return list(HmisExport(written.folder(Path(folder)), profile).read())


@SETTINGS
@given(changes, profiles)
def test_any_cell_may_hold_anything_and_every_row_is_accounted_for(edits, profile):
    written = broken(edits)
    found = read(written, profile)
    told = {reading.where for reading in found if not isinstance(reading, (Complete, Edition))}
    accounted = {(where.file, where.row) for where in told}
    every = {(file, row) for file, table in written.tables.items() for row in range(FIRST_ROW, len(table) + FIRST_ROW)}
    refused_whole = any(isinstance(one, RowRefused) and one.where.file == "Export.csv" for one in found)
    assert accounted >= every or (refused_whole and not any(isinstance(one, Fact) for one in found))


@SETTINGS
@given(changes, profiles)
def test_every_fact_is_sound_dated_and_under_a_key_of_its_own(edits, profile):
    found = [reading for reading in read(broken(edits), profile) if isinstance(reading, Fact)]
    assert len({fact.key for fact in found}) == len(found)
    for fact in found:
        assert is_period(fact.period)
        assert not isinstance(POLICY.judge(fact.period, fact.state, fact.body), Unfit)
        assert bool(fact.client) == (fact.body.about is About.CLIENT)


@SETTINGS
@given(changes, profiles)
def test_reading_again_gives_the_same_in_the_same_order(edits, profile):
    written = broken(edits)
    assert read(written, profile) == read(written, profile)


@SETTINGS
@given(changes, st.sampled_from(COLUMNS), st.integers(0, 3), profiles)
def test_what_identifies_a_person_is_in_no_reading_wherever_it_was_planted(edits, where, row, profile):
    _, column = where
    written = broken([*edits, (where, row, PLANTED)])
    for reading in read(written, profile):
        match reading:
            case Fact(body=body) if column in KEYS:
                assert PLANTED not in repr(body)
            case RowRefused() | RowIgnored():
                assert PLANTED not in repr(reading)
            case _ if column not in KEYS | {"ImplementationID"}:
                assert PLANTED not in repr(reading)


@SETTINGS
@given(
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "cp1252"]),
    st.randoms(use_true_random=False),
    st.sampled_from([str, str.upper, str.lower, str.swapcase]),
)
def test_how_a_file_is_written_changes_nothing(quoting, newline, encoding, random, rename):
    written = grown().change("Client.csv", LastName="é, “x”\n" + PLANTED)
    profile = HmisSettings(UsState.ny, all_projects_trafficking=True)
    plain = read(written, profile)
    written.quoting, written.newline, written.rename = quoting, newline, rename
    written.encode = lambda text: text.encode(encoding)
    for header in written.headers.values():
        random.shuffle(header)
    assert read(written, profile) == plain


@SETTINGS
@given(st.data())
def test_the_order_of_rows_changes_no_fact(data):
    written = grown()
    profile = HmisSettings(UsState.ny, all_projects_trafficking=True)

    def said():
        return {(r.key, r.period, r.state, r.body, r.client) for r in read(written, profile) if isinstance(r, Fact)}

    before = said()
    for file, table in written.tables.items():
        written.tables[file] = data.draw(st.permutations(table))
    assert said() == before
