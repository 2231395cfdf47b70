"""How to spoil the clean export so that one rule of `exchange edge check` fires: a row a rule."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.kits.hmis_exports import STAY, Written

Contents = dict[str, bytes]
Spoil = Callable[[Written], object]
INDIVIDUAL: Final = {"legal_class": "individual"}


def unchanged(_: Contents) -> None:
    """The bytes as they are written."""


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A case. `spoil`: the rows; `damage`: then the bytes; `profile`: other keys of the profile."""

    spoil: Spoil
    damage: Callable[[Contents], object] = unchanged
    profile: Mapping[str, object] = field(default_factory=dict)


def cell(file: str, row: int = 0, **cells: str) -> Spoiled:
    return Spoiled(lambda written: written.change(f"{file}.csv", row, **cells))


def added(file: str, **cells: str) -> Spoiled:
    return Spoiled(lambda written: written.add(f"{file}.csv", **cells))


def gone(file: str, row: int = 0) -> Spoiled:
    return Spoiled(lambda written: written.tables[f"{file}.csv"].pop(row))


def both(*cases: Spoiled, **profile: object) -> Spoiled:
    def spoil(written: Written) -> None:
        for case in cases:
            case.spoil(written)

    def damage(contents: Contents) -> None:
        for case in cases:
            case.damage(contents)

    return Spoiled(spoil, damage, profile)


def bytes_of(file: str, change: Callable[[bytes], bytes]) -> Spoiled:
    def damage(contents: Contents) -> None:
        contents[f"{file}.csv"] = change(contents[f"{file}.csv"])

    return Spoiled(lambda _: None, damage)


def without_column(file: str, *columns: str) -> Spoiled:
    def spoil(written: Written) -> None:
        header = written.headers[f"{file}.csv"]
        written.headers[f"{file}.csv"] = [one for one in header if one not in columns]

    return Spoiled(spoil)


def every(file: str, **cells: str) -> Spoiled:
    return Spoiled(lambda written: [row.update(cells) for row in written.tables[f"{file}.csv"]])


def only_rows(file: str, keeps: Callable[[dict[str, str]], bool]) -> Spoiled:
    def spoil(written: Written) -> None:
        written.tables[f"{file}.csv"] = [row for row in written.tables[f"{file}.csv"] if keeps(row)]

    return Spoiled(spoil)


def named_anew(written: Written) -> None:
    written.headers["Client.csv"] = ["Woman" if one == "Sex" else one for one in written.headers["Client.csv"]]


def in_windows(written: Written) -> None:
    written.change("Client.csv", 0, FirstName="José")
    written.encode = lambda text: text.encode("cp1252")


DAMAGED_ROW: Final = bytes_of("Services", lambda content: content + b"one,two\n")
A_STAY: Final = {
    "EnrollmentID": "E9", "EntryDate": "2026-03-01", "HouseholdID": "own9", "RelationshipToHoH": "1", "LivingSituation": "116",
    "ReferralSource": "11", "DisablingCondition": "0", "EnrollmentCoC": "CA-600", "DateCreated": "2026-03-01 09:00:00",
}  # fmt: skip
AN_EXIT: Final = {
    "ExitID": "X9", "ExitDate": "2026-08-20", "Destination": "422", "ProjectCompletionStatus": "1", "ExchangeForSex": "0",
    "DestinationSafeClient": "1", "PosAdultConnections": "1", "DateCreated": "2026-08-20 09:00:00",
}  # fmt: skip
E2: Final = {"EnrollmentID": "E2", "PersonalID": "P2"}
SERVICE: Final = {"DateProvided": "2026-03-01", "RecordType": "142", "TypeProvided": "7"}

SPOILED: Final[Mapping[str, Spoiled]] = {
    "S01": Spoiled(lambda written: written.without("Client.csv")),
    "S02": Spoiled(lambda written: written.without("Funder.csv")),
    "S03": without_column("Exit", "ExitDate"),
    "S04": Spoiled(lambda written: written.headers["Exit.csv"].append("Destination")),
    "S05": DAMAGED_ROW,
    "S06": bytes_of("Services", lambda content: content.replace(b"Zyxwvut", b'"Zyxwvut', 1)),
    "S07": without_column("Exit", "Destination"),
    "S08": Spoiled(in_windows),
    "S09": bytes_of("Event", lambda content: content.replace(b",", b";")),
    "S10": Spoiled(lambda written: written.tables["Organization.csv"].clear()),
    "S11": added("Export", ExportDate="2026-10-05 08:00:00", CSVVersion="2026 v1"),
    "S12": Spoiled(lambda written: written.tables["Export.csv"].clear()),
    "S13": cell("Export", CSVVersion="2022 v1"),
    "S14": Spoiled(named_anew),
    "S15": cell("Export", ExportDirective="1"),
    "S16": cell("Export", ExportStartDate="2026-07-15", ExportEndDate="2026-09-10"),
    "S17": cell("Export", ExportEndDate="2024-01-01"),
    "S18": cell("Export", HashStatus="4"),
    "S19": every("Client", DateDeleted="2026-09-01 10:00:00"),
    "S20": cell("Exit", ExitDate="2/3/2026"),
    "S21": both(Spoiled(lambda _: None), hmis={"projects": ["J1", "J9"]}),
    "I01": cell("Services", ServicesID=""),
    "I02": both(cell("Services", DateUpdated="2026-03-02 08:00:00"), added("Services", **STAY, **SERVICE, ServicesID="S1", DateUpdated="2026-04-02 08:00:00")),
    "I03": added("Services", **STAY, **{**SERVICE, "TypeProvided": "5"}, ServicesID="S1"),
    "I04": cell("Services", DateDeleted="yes"),
    "I05": both(cell("Services", DateDeleted="2026-09-01 10:00:00"), DAMAGED_ROW),
    "I06": cell("Organization", OrganizationID="12.0"),
    "I07": cell("Project", OrganizationID="O9"),
    "I08": cell("Funder", ProjectID="J9"),
    "I09": cell("Enrollment", PersonalID="P9"),
    "I10": cell("Services", EnrollmentID="E9"),
    "I11": cell("Services", PersonalID="P2"),
    "I12": added("Client", PersonalID="P9", DOB="1999-09-09", DOBDataQuality="1", Sex="1", VeteranStatus="0"),
    "I13": added("Project", ProjectID="J9", OrganizationID="O1", ProjectType="6"),
    "I14": gone("ProjectCoC"),
    "I15": gone("Funder"),
    "I16": cell("Client", 2, DOB="1994-03-03"),
    "I17": added("Enrollment", **{**A_STAY, "EntryDate": "2026-02-10"}, PersonalID="P1", ProjectID="J1"),
    "I18": added("Services", **STAY, **SERVICE, ServicesID="S9"),
    "I19": both(without_column("Organization", "VictimServiceProvider"), **INDIVIDUAL),
    "I20": cell("Organization", VictimServiceProvider="7"),
    "I21": both(cell("Organization", VictimServiceProvider="1"), **INDIVIDUAL),
    "D01": cell("Services", DateProvided="2026-02-30"),
    "D02": cell("Services", DateProvided="1950-01-01"),
    "D03": cell("Services", DateProvided="2027-01-01"),
    "D04": cell("Client", DOB="x!"),
    "D05": cell("Funder", EndDate="x!"),
    "D06": cell("Funder", EndDate="2020-01-01"),
    "D07": cell("Project", OperatingStartDate="2026-03-01"),
    "D08": cell("Project", OperatingEndDate="2026-01-01"),
    "D09": cell("Project", OperatingEndDate="2010-01-01"),
    "D10": cell("Enrollment", DateCreated="2026-03-10 09:00:00"),
    "D11": cell("Exit", DateCreated="2026-09-10 09:00:00"),
    "C01": cell("Enrollment", ReferralSource="777"),
    "C02": cell("Enrollment", LivingSituation="777"),
    "C03": cell("Exit", Destination="777"),
    "C04": cell("Exit", ProjectCompletionStatus="777"),
    "C05": cell("Exit", ProjectCompletionStatus="3", EarlyExitReason="777"),
    "C06": cell("Exit", WorkplaceViolenceThreats="777"),
    "C07": cell("Exit", DestinationSafeWorker="777"),
    "C08": cell("Services", RecordType="777"),
    "C09": cell("Services", TypeProvided="777"),
    "C10": cell("Services", 4, FAAmount="x!"),
    "C11": cell("Services", 5, ReferralOutcome="777"),
    "C12": cell("Event", Event="777"),
    "C13": cell("Event", ReferralResult="777"),
    "C14": cell("HealthAndDV", GeneralHealthStatus="777"),
    "C15": cell("Project", ProjectType="77"),
    "C16": cell("Funder", Funder="777"),
    "C17": cell("ProjectCoC", CoCCode="XX-500"),
    "C18": cell("Enrollment", RelationshipToHoH="7"),
    "C19": both(cell("Client", Sex="7"), hmis={"all_projects_trafficking": True, "gender_from_sex": True}),
    "C20": cell("Client", DOBDataQuality="7"),
    "C21": cell("Exit", SessionCountAtExit="x"),
    "C22": cell("Funder", Funder="46"),
    "M01": cell("Enrollment", LivingSituation=""),
    "M02": cell("Exit", Destination="99"),
    "M03": cell("Client", DOB="", DOBDataQuality="99"),
    "M04": cell("Client", DOBDataQuality="2"),
    "M05": cell("Client", Sex="99"),
    "M06": cell("Enrollment", ReferralSource=""),
    "M07": cell("Exit", 1, ExchangeForSex=""),
    "M08": cell("Exit", DestinationSafeClient=""),
    "M09": cell("Exit", PosAdultConnections="", PosPeerConnections="99", PosCommunityConnections=""),
    "M10": cell("Exit", ProjectCompletionStatus=""),
    "M11": cell("Exit", ProjectCompletionStatus="3"),
    "M12": cell("Services", TypeProvided=""),
    "M13": cell("Services", 4, FAAmount=""),
    "M14": cell("Event", ReferralResult="", ResultDate="", Event="13"),
    "M15": cell("Enrollment", EnrollmentCoC=""),
    "M16": cell("Enrollment", DisablingCondition="99"),
    "M17": cell("HealthAndDV", 1, GeneralHealthStatus="", DentalHealthStatus="", MentalHealthStatus=""),
    "M18": both(*(added("Exit", **{**AN_EXIT, "ExitID": f"X{n}", "Destination": "8"}, EnrollmentID=f"E{n}", PersonalID="P1") for n in range(20, 32))),
    "M19": cell("Client", VeteranStatus=""),
    "M20": cell("Exit", SessionCountAtExit=""),
    "A01": cell("Client", DOB="2026-03-03"),
    "A02": cell("Client", DOB="1900-06-06"),
    "A03": cell("Client", DOB="2026-02-10"),
    "A04": cell("Client", DOB=""),
    "A05": cell("Client", DOBDataQuality="9"),
    "A06": cell("Client", DOB="1999-01-01"),
    "A07": cell("Client", 2, DOB="1980-02-02"),
    "A08": both(cell("Client", 1, DOB="2010-05-05"), cell("Client", 2, DOB="1980-02-02")),
    "H01": cell("Enrollment", 1, RelationshipToHoH="3"),
    "H02": added("Enrollment", **{**A_STAY, "HouseholdID": "H"}, PersonalID="P4", ProjectID="J2"),
    "H03": cell("Enrollment", HouseholdID=""),
    "H04": cell("Enrollment", 2, RelationshipToHoH="99"),
    "H05": cell("Enrollment", 3, HouseholdID="H"),
    "H06": cell("Enrollment", 2, EntryDate="2026-01-15"),
    "H07": added("Exit", **AN_EXIT, **E2),
    "H08": both(cell("Enrollment", 1, RelationshipToHoH="99"), cell("Enrollment", 2, RelationshipToHoH="99")),
    "H09": cell("Enrollment", 1, MoveInDate="x!"),
    "Q01": cell("Exit", ExitDate="2026-01-01"),
    "Q02": cell("Services", DateProvided="2026-01-05"),
    "Q03": cell("Services", DateProvided="2026-09-01"),
    "Q04": cell("Event", EventDate="2026-01-05"),
    "Q05": cell("Event", EventDate="2026-09-01"),
    "Q06": cell("HealthAndDV", InformationDate="2026-01-05"),
    "Q07": cell("Enrollment", 1, MoveInDate="2026-01-05"),
    "Q08": cell("Enrollment", MoveInDate="2026-03-01"),
    "Q09": cell("Event", ResultDate="2026-03-01"),
    "Q10": cell("Event", ResultDate=""),
    "Q11": cell("Event", ReferralResult=""),
    "Q12": added("Enrollment", **A_STAY, PersonalID="P1", ProjectID="J1"),
    "Q13": both(cell("Project", 2, ProjectType="0"), added("Enrollment", **{**A_STAY, "EntryDate": "2026-05-01"}, MoveInDate="2026-05-10", PersonalID="P4", ProjectID="J2")),
    "Q14": added("Enrollment", **{**A_STAY, "EntryDate": "2023-01-05"}, PersonalID="P3", ProjectID="J1"),
    "Q15": only_rows("Services", lambda row: row["RecordType"] != "200"),
    "Q16": cell("Services", RecordType="200", TypeProvided="200"),
    "Q17": cell("Services", 1, DateProvided="2026-06-01"),
    "Q18": both(only_rows("Services", lambda row: row["EnrollmentID"] != "E1"), only_rows("Event", lambda row: row["EnrollmentID"] != "E1")),
    "Q19": added("Exit", **{**AN_EXIT, "ExitDate": "2026-02-02"}, **E2),
    "Q20": added("HealthAndDV", **STAY, HealthAndDVID="H9", InformationDate="2026-02-11", DataCollectionStage="1"),
    "Q21": added("HealthAndDV", **E2, HealthAndDVID="H9", InformationDate="2026-05-11", DataCollectionStage="3"),
    "Q22": cell("Exit", 1, ExchangeForSex="1"),
    "Q23": cell("Exit", 1, CountOfExchangeForSex="1"),
    "Q24": cell("Exit", 1, CoercedToContinueWork="1"),
    "Q25": cell("Exit", EarlyExitReason="2"),
    "Q26": both(cell("Exit", Destination="24"), added("Enrollment", **{**A_STAY, "EntryDate": "2026-09-01"}, PersonalID="P1", ProjectID="J1")),
    "Q27": cell("Exit", DestinationSubsidyType="428"),
    "Q28": added("Exit", **{**AN_EXIT, "ExitDate": "2026-02-10"}, **E2),
    "Q29": both(cell("Export", ExportDirective="1"), cell("Services", 1, DateDeleted="2026-09-01 10:00:00")),
}  # fmt: skip
"""Rule → how to make it fire. Other rules may fire, too."""
