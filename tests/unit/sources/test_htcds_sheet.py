"""HTCDS 2.0: IOM's Excel templates, and exports of its XLSForm by Kobo and ODK, with their traps.

The names and labels below are those of IOM's files (CC BY 4.0, github.com/UNMigration/HTCDS), of
which columns 14, 15, 17 and 18 disagree with each other, 20 is misspelt, and 36 has no name.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.period import parse_period
from producers.errors import SourceUnreadable
from producers.facts import ClientHeld, Complete, Fact, Reading, RowRefused
from producers.sources.sheets.htcds.htcds_codes import LISTS, several
from producers.sources.sheets.htcds.htcds_columns import FIELDS, compact
from producers.sources.sheets.htcds.htcds_facts import ONE_OF_SEVERAL
from producers.sources.sheets.htcds.htcds_table import TWICE
from schemas.lists import read_list
from tests.kits.sheet_files import readings, write_csv, write_xlsx

NAMES = (
    *("", "cas_CaseOwner", "prs_Salutation", "prs_FirstName", "prs_SecondName", "con_Consent", "prs_Birthdate"),
    *("prs_Gender", "prs_Citizenship", "prs_Title", "prs_Email", "prs_HomePhone", "prs_MobilePhone"),
    *("prs_MailingCity", "prs_MailingCountry", "prs_MailingState", "prs_MailingStreet", "prs_MailingPostalCode"),
    *("vic_TraffickingStatus", "vic_TraffickinStatusDecisionMakingOrg", "vic_MethodOfRecruitment"),
    *("vic_LocationOfRecruitment", "vic_MethodsOfControl", "vic_TypeOfExploitation", "vic_ForcedLabourIndustry"),
    *("vic_TypeOfSexExploitation", "vic_LocationOfExploitation", "cas_Status", "cas_ReferringOrganisation"),
    *("cas_IncomingReferralDate", "cas_ReferringPrimaryCaseWorker", "cas_ReasonForIncomingReferral"),
    *("cas_IncomingReferralDetails", "cas_ReferredOrganisation", "cas_ReferredPrimaryCaseWorker", ""),
    *("cas_OutgoingReferralDate", "cas_OutgoingReferralDetails", "cas_ReasonForCaseClosure"),
)
LABELS = (
    *("", "Case Owner", "Salutation", "First Name", "Second Name", "Consent", "Birthdate", "Gender", "Citizenship"),
    *("Title", "Email", "Home Phone", "Mobile Phone", "Mailing Street", "Mailing City", "Mailing State/Province"),
    *("Mailing Zip/Postal Code", "Mailing Country", "Trafficking Status"),
    *("Trafficking Status Decision Making Organization", "Method of Recruitment", "Location of Recruitment"),
    *("Methods of Control", "Type of Exploitation", "Forced Labour Industry", "Type of Sex Exploitation"),
    *("Location of Exploitation", "Status", "Referring Organisation", "Incoming Referral Date"),
    *("Referring Primary Case Worker", "Reason for Incoming Referral", "Incoming Referral Details"),
    *("Referred Organisation", "Referred Primary Case Worker", "Reason for Outgoing Referral"),
    *("Outgoing Referral Date", "Outgoing Referral Details", "Reason for Case Closure"),
)
CASE: Mapping[str, object] = {
    "Consent": "Yes",
    "Gender": "Feminine",
    "Trafficking Status": "Actual victim of trafficking",
    "Trafficking Status Decision Making Organization": "Non-police governmental organization",
    "Method of Recruitment": "Through friends or social events",
    "Methods of Control": "Debt bondage ; Threatens children/family; Threats of law enforcement",
    "Type of Exploitation": "Forced labour",
    "Forced Labour Industry": "Water supply; sewerage, waste management and remediation",
    "Incoming Referral Date": "2026-02-10",
}
IDENTITY = ("Salutation", "First Name", "Second Name", "Birthdate", "Title", "Email", "Home Phone", "Mobile Phone")
PLANTED = "Zaphod Beeblebrox"
PUBLISH = {"blank_consent": "publish"}


def template(folder: Path, *cases: Mapping[str, object], header: tuple[tuple[str, ...], ...] = (NAMES, LABELS)) -> Path:
    """An Excel template: row 1 names, row 2 labels, then numbered rows, the last of them empty."""
    rows = [[number, *(case.get(label, "") for label in LABELS[1:])] for number, case in enumerate(cases, 1)]
    empty = [[number, *("" for _ in LABELS[1:])] for number in range(len(cases) + 1, 1001)]
    return write_xlsx(folder / "cases.xlsx", [*header, *rows, *empty])


def facts(found: list[Reading]) -> dict[str, Fact]:
    return {one.key: one for one in found if isinstance(one, Fact)}


def refused(found: list[Reading]) -> list[tuple[int, str]]:
    return [(one.where.row, one.column) for one in found if isinstance(one, RowRefused)]


def bodies(found: list[Reading]) -> set[object]:
    return {one.body for one in facts(found).values()}


EXPECTED_FACTS = e.TraffickingFacts(
    v.TraffickingType.labor,
    v.TraffickingStatus.confirmed,
    v.DecisionMaker.other_government,
    v.ExploitationType.forced_labor,
    v.SexExploitationType.not_collected,
    v.LaborSector.utilities_waste,
    v.RecruitmentMethod.friends,
    v.ControlMethod.not_applicable,
)


def test_a_case_of_the_template_states_the_case_its_trafficking_and_each_control_method(tmp_path: Path) -> None:
    found = readings(template(tmp_path, CASE), sheets=PUBLISH)
    assert set(facts(found)) == {
        "htcds/2026Q1/1/opened/",
        "htcds/2026Q1/1/trafficking/",
        "htcds/2026Q1/1/control/debt_bondage",
        "htcds/2026Q1/1/control/threatens_family",
        "htcds/2026Q1/1/control/threats_of_law_enforcement",
    }
    assert EXPECTED_FACTS in bodies(found)
    assert {one.period for one in facts(found).values()} == {parse_period("2026Q1")}
    assert {one.client for one in facts(found).values()} == {"2026Q1/1"}
    assert [one.key_prefix for one in found if isinstance(one, Complete)] == ["htcds/2026Q1/"]
    assert not refused(found)


def test_no_column_about_identity_is_read_nor_the_labels_that_disagree(tmp_path: Path) -> None:
    read = {names[-1] for names in FIELDS.values()}
    planted = {label: PLANTED for label in LABELS if label and label not in read}
    assert set(IDENTITY) < set(planted)
    plain = readings(template(tmp_path, CASE), sheets=PUBLISH)
    found = readings(template(tmp_path, {**CASE, **planted}), sheets=PUBLISH)
    assert found == plain
    assert "Zaphod" not in repr(found)
    assert not any(name.startswith("prs_") and name != "prs_Gender" for names in FIELDS.values() for name in names)


@pytest.mark.parametrize(
    "header", [(NAMES,), (NAMES, LABELS), (LABELS,), (tuple(name and f"{name}__c" for name in NAMES),)]
)
def test_names_labels_and_salesforce_names_are_all_a_header(
    tmp_path: Path, header: tuple[tuple[str, ...], ...]
) -> None:
    found = readings(template(tmp_path, CASE, header=header), sheets=PUBLISH)
    assert EXPECTED_FACTS in bodies(found)


def test_names_of_row_1_count_where_labels_below_were_moved(tmp_path: Path) -> None:
    moved = list(LABELS)
    gender, title = moved.index("Gender"), moved.index("Title")
    moved[gender], moved[title] = moved[title], moved[gender]
    path = template(tmp_path, {**CASE, "Title": "Masculine"}, header=(NAMES, tuple(moved)))
    (opened,) = [one for one in bodies(readings(path, sheets=PUBLISH)) if isinstance(one, e.CaseOpened)]
    assert opened.gender is v.Gender.woman


FORM: tuple[str, ...] = (
    "start",
    "con_Consent",
    "prs_First_Name",
    "prs_Gender",
    "vic_TraffickingStatus",
    "vic_TraffickingStatusDecisionMakingOrg",
)
FORM += ("vic_MethodOfRecruitment", "vic_Methods_of_Control", "vic_TypeOfExploitation", "vic_ForcedLabourIndustry")
FORM += ("vic_TypeOfSexExploitation", "cas_Status", "cas_IncomingReferralDate")
BY_NAMES: tuple[object, ...] = (
    "2026-02-11T10:00:00",
    "TRUE",
    PLANTED,
    "Feminine",
    "ActualVictimOfTrafficking",
    "NonPoliceGovernmentalOrganization",
)
BY_NAMES += (
    "ThroughFriendsOrSocialEvents",
    "DebtBondage  ThreatensChildrenFamily ThreatsLawEnforcement",
    "ForcedLabour",
)
BY_NAMES += ("E_WaterSupplySewerageWasteManagement", "", "Active", "2026-02-10")
BY_LABELS: tuple[object, ...] = ("2026-02-11T10:00:00", "Yes", PLANTED, "Feminine\xa0", CASE["Trafficking Status"])
BY_LABELS += (CASE["Trafficking Status Decision Making Organization"], CASE["Method of Recruitment"])
BY_LABELS += (
    "Debt bondage  Threatens children/family Threats of law enforcement",
    "Forced labour",
    CASE["Forced Labour Industry"],
)
BY_LABELS += ("", "Active", "2026-02-10")


@pytest.mark.parametrize("key", ["_uuid", "KEY", "meta/instanceID", "instanceID"])
@pytest.mark.parametrize("cells", [BY_NAMES, BY_LABELS])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_exports_of_the_form_are_read_with_names_and_labels(
    tmp_path: Path, key: str, cells: tuple[object, ...], delimiter: str
) -> None:
    rows = [(*FORM, key), (*cells, "uuid:5f0c")]
    found = readings(write_csv(tmp_path / "a.csv", rows, encoding="utf-8-sig", delimiter=delimiter))
    assert EXPECTED_FACTS in bodies(found)
    assert len(facts(found)) == 5
    assert {one.client for one in facts(found).values()} == {"uuid:5f0c"}
    assert "Zaphod" not in repr(found)
    assert [one.key_prefix for one in found if isinstance(one, Complete)] == ["htcds/uuid%3A5f0c/"]


def test_groups_before_a_name_make_no_difference(tmp_path: Path) -> None:
    rows = [(*(f"group_a/{name}" for name in FORM), "_uuid"), (*BY_NAMES, "1")]
    assert EXPECTED_FACTS in bodies(readings(write_csv(tmp_path / "a.csv", rows)))


def test_a_form_without_a_key_of_its_submissions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="_uuid or KEY"):
        readings(write_csv(tmp_path / "a.csv", [FORM, BY_NAMES]))


def test_a_column_for_each_choice_is_refused_with_what_to_do(tmp_path: Path) -> None:
    spread = [name if name != "vic_TypeOfExploitation" else "vic_TypeOfExploitation/ForcedLabour" for name in FORM]
    with pytest.raises(SourceUnreadable, match="as one column"):
        readings(write_csv(tmp_path / "a.csv", [(*spread, "_uuid"), (*BY_NAMES, "1")]))


def test_several_types_of_exploitation_are_one_case_and_none_is_chosen(tmp_path: Path) -> None:
    path = template(tmp_path, {**CASE, "Type of Exploitation": "Forced labour;Sexual exploitation"})
    found = readings(path, sheets=PUBLISH)
    (stated,) = [one for one in facts(found).values() if "trafficking" in one.key]
    assert isinstance(stated.body, e.TraffickingFacts)
    assert stated.body.exploitation_type is v.ExploitationType.not_known
    assert stated.body.trafficking_type is v.TraffickingType.both
    assert "exploitation_type" in stated.unread
    assert [(one.column, one.rule, one.part) for one in found if isinstance(one, RowRefused)] == [
        ("vic_TypeOfExploitation", ONE_OF_SEVERAL, True)
    ]


@pytest.mark.parametrize(
    ("types", "kind"),
    [
        ("Sexual exploitation", "sex"),
        ("Servitude", "labor"),
        ("Forced begging", "labor"),
        ("Organ removal", "not_known"),
        ("Child labour", "not_known"),
        ("Forced marriage", "not_known"),
    ],
)
def test_sex_or_labor_follows_only_from_a_type_that_decides_it(tmp_path: Path, types: str, kind: str) -> None:
    found = readings(template(tmp_path, {**CASE, "Type of Exploitation": types}), sheets=PUBLISH)
    (stated,) = [one.body for one in facts(found).values() if "trafficking" in one.key]
    assert isinstance(stated, e.TraffickingFacts)
    assert stated.trafficking_type == kind


def test_only_a_referral_has_a_date_of_closing(tmp_path: Path) -> None:
    left = {**CASE, "Status": "Closed Referred", "Outgoing Referral Date": "2026-05-02"}
    found = facts(readings(template(tmp_path, left, {**CASE, "Status": "Closed"}), sheets=PUBLISH))
    closed = {key: one for key, one in found.items() if "closed" in key}
    assert {key: one.period for key, one in closed.items()} == {"htcds/2026Q1/1/closed/": parse_period("2026Q2")}


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"Incoming Referral Date": ""}, "cas_IncomingReferralDate"),
        ({"Incoming Referral Date": "02/03/2026"}, "cas_IncomingReferralDate"),
        ({"Outgoing Referral Date": "soon"}, "cas_OutgoingReferralDate"),
        ({"Type of Exploitation": "Forced labor camps"}, "vic_TypeOfExploitation"),
        ({"Methods of Control": "Debt bondage; Hypnosis"}, "vic_MethodsOfControl"),
        ({"Gender": "F"}, "prs_Gender"),
        ({"Status": "Open"}, "cas_Status"),
        ({"Consent": "perhaps"}, "con_Consent"),
    ],
)
def test_a_cell_that_names_nothing_refuses_its_row(tmp_path: Path, cells: Mapping[str, object], column: str) -> None:
    found = readings(template(tmp_path, {**CASE, **cells}, CASE), sheets=PUBLISH)
    assert refused(found) == [(3, column)]
    assert {key.split("/")[2] for key in facts(found)} == {"2"}
    if not cells.get("Incoming Referral Date", "x") or column == "cas_IncomingReferralDate":
        assert not any(isinstance(one, Complete) for one in found)
    else:
        (complete,) = [one for one in found if isinstance(one, Complete)]
        assert complete.spares("htcds/2026Q1/1/opened/")
        assert not complete.spares("htcds/2026Q1/3/opened/")


def test_a_case_that_is_there_twice_is_none(tmp_path: Path) -> None:
    rows = [(*FORM, "_uuid"), (*BY_NAMES, "1"), (*BY_NAMES, "1"), (*BY_NAMES, "2")]
    found = readings(write_csv(tmp_path / "a.csv", rows))
    assert {one.client for one in facts(found).values()} == {"2"}
    assert {one.rule for one in found if isinstance(one, RowRefused)} == {TWICE}


def test_consent_no_holds_and_no_answer_is_for_the_profile(tmp_path: Path) -> None:
    found = readings(template(tmp_path, {**CASE, "Consent": "No"}, CASE), sheets=PUBLISH)
    assert [one.client for one in found if isinstance(one, ClientHeld)] == ["2026Q1/1"]
    kept = readings(template(tmp_path, {**CASE, "Consent": ""}, CASE), sheets={"blank_consent": "keep_back"})
    assert {one.client for one in facts(kept).values()} == {"2026Q1/2"}


def test_every_code_of_htcds_in_the_vocabulary_is_read_as_that_code() -> None:
    for field, kind in LISTS.items():
        for row in read_list({"gender": "gender"}.get(field, field)):
            for name in row["source_code"].split(";") if row["source"] == "HTCDS 2.0" else ():
                assert several(field, name) == [kind(row["code"])], f"{field}: {name}"
                assert several(field, f"{name} ") == [kind(row["code"])]


@pytest.mark.parametrize(
    ("field", "label", "code"),
    [
        ("labor_sector", "Agriculture, forestry and fishing", "agriculture"),
        ("labor_sector", "Wholesale and retail trade; repair of motor vehicles and motorcycles", "trade_repair"),
        ("labor_sector", "Public administration and defence; compulsory social security", "public_sector"),
        ("labor_sector", "Activities of extraterritorial organizations and bodies", "public_sector"),
        ("labor_sector", "Information and communication", "office_professional"),
        ("exploitation_type", "Forced military (by non-state actors)", "forced_military"),
        ("decision_maker", "Court or prosecution", "court_or_prosecution"),
        ("recruitment_method", "Through a television advert", "television_advertisement"),
        ("sex_exploitation_type", "Remote Interactive Services", "remote_interactive"),
        ("gender", "Not Specified/Unknown", "not_known"),
        ("gender", "NonSpecifiedUnknown", "not_known"),
        ("gender", "Non-Conforming", "nonbinary"),
        ("gender", "Transgender Feminine\xa0", "transgender_woman"),
    ],
)
def test_labels_that_differ_from_their_names_are_read(field: str, label: str, code: str) -> None:
    assert several(field, label) == [code]


def test_labels_that_begin_alike_are_told_apart() -> None:
    assert several("control_method", "Physical threats Physical abuse") == ["physical_threats", "physical_abuse"]
    assert several("labor_sector", "Education; Other service activities") == ["education", "personal_services"]
    assert compact(" Vic_Methods_of_Control__c") == compact("vic_MethodsOfControl")
