"""The files and columns of an HMIS CSV export that are read: a complete allow-list, as data.

A column that is not listed never gets past the parser. Left out on purpose: names, social security
number, race, veteran columns, contact data, every free text about a client (OtherDestination,
OtherTypeProvided, MovingOnOtherType) and every place below the state (LocationCrisisOrPHHousing,
Address1, ZIP …). OtherFunder is text, but about money.
"""

import re
from dataclasses import dataclass
from typing import Final

KEY: Final = re.compile(r"[A-Za-z0-9_.:{}-]{1,64}")
"""A key of the source, as a text; never a number."""

DELETED: Final = "DateDeleted"
UPDATED: Final = "DateUpdated"
STAY: Final = "EnrollmentID"
PERSON: Final = "PersonalID"
PROJECT: Final = "ProjectID"
HOUSEHOLD: Final = "HouseholdID"
RELATION: Final = "RelationshipToHoH"


@dataclass(frozen=True, slots=True)
class FileLayout:
    """One file: its columns, which of them it needs, and its keys.

    `keys`: at most one live row for each value of each of these columns; the first one is the row's
    own key. `verbatim`: a column in which a word such as `none` is a word, not an empty cell.
    """

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    verbatim: str = ""

    @property
    def table(self) -> str:
        """The name of the table in keys of facts."""
        return self.name.removesuffix(".csv")

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are read."""
        return (*self.required, *self.optional, UPDATED, DELETED)

    @property
    def dates(self) -> tuple[str, ...]:
        """The columns that hold dates."""
        return tuple(column for column in self.columns if "Date" in column or column == "DOB")


EXPORT: Final = FileLayout(
    "Export.csv",
    ("ExportDate",),
    ("ExportStartDate", "ExportEndDate", "CSVVersion", "ExportPeriodType", "ExportDirective", "ImplementationID"),
)
ORGANIZATION: Final = FileLayout(
    "Organization.csv", ("OrganizationID",), ("VictimServiceProvider",), keys=("OrganizationID",)
)
PROJECT_FILE: Final = FileLayout(
    "Project.csv", (PROJECT, "OrganizationID"), ("ProjectType", "TargetPopulation"), keys=(PROJECT,)
)
PROJECT_COC: Final = FileLayout("ProjectCoC.csv", (PROJECT, "CoCCode"))
FUNDER: Final = FileLayout(
    "Funder.csv",
    (PROJECT, "Funder", "StartDate"),
    ("FunderID", "OtherFunder", "EndDate"),
    keys=("FunderID",),
    verbatim="OtherFunder",
)
GENDERS_2024: Final = (
    "Woman",
    "Man",
    "NonBinary",
    "CulturallySpecific",
    "Transgender",
    "Questioning",
    "DifferentIdentity",
    "GenderNone",
)
CLIENT: Final = FileLayout("Client.csv", (PERSON,), ("DOB", "DOBDataQuality", "Sex", *GENDERS_2024), keys=(PERSON,))
ENROLLMENT: Final = FileLayout(
    "Enrollment.csv",
    (STAY, PERSON, PROJECT, "EntryDate"),
    ("EnrollmentCoC", "LivingSituation", "MoveInDate", "ReferralSource", HOUSEHOLD, RELATION),
    keys=(STAY,),
)
TRAFFICKING: Final = (
    "ExchangeForSex",
    "ExchangeForSexPastThreeMonths",
    "CountOfExchangeForSex",
    "AskedOrForcedToExchangeForSex",
    "AskedOrForcedToExchangeForSexPastThreeMonths",
    "WorkplaceViolenceThreats",
    "WorkplacePromiseDifference",
    "CoercedToContinueWork",
    "LaborExploitPastThreeMonths",
)
CONNECTIONS: Final = ("PosAdultConnections", "PosPeerConnections", "PosCommunityConnections")
EXIT: Final = FileLayout(
    "Exit.csv",
    ("ExitID", STAY, PERSON, "ExitDate"),
    (
        "Destination",
        "ProjectCompletionStatus",
        "EarlyExitReason",
        *TRAFFICKING,
        "CounselingReceived",
        "SessionCountAtExit",
        "DestinationSafeClient",
        "DestinationSafeWorker",
        *CONNECTIONS,
    ),
    keys=("ExitID", STAY),
)
SERVICES: Final = FileLayout(
    "Services.csv",
    ("ServicesID", STAY, PERSON, "DateProvided", "RecordType", "TypeProvided"),
    ("SubTypeProvided", "FAAmount", "ReferralOutcome"),
    keys=("ServicesID",),
)
EVENT: Final = FileLayout(
    "Event.csv",
    ("EventID", STAY, PERSON, "EventDate", "Event"),
    ("ProbSolDivRRResult", "ReferralCaseManageAfter", "ReferralResult", "ResultDate"),
    keys=("EventID",),
)
HEALTH_STATUS: Final = ("GeneralHealthStatus", "DentalHealthStatus", "MentalHealthStatus")
HEALTH: Final = FileLayout(
    "HealthAndDV.csv",
    ("HealthAndDVID", STAY, PERSON, "InformationDate"),
    (*HEALTH_STATUS, "PregnancyStatus", "DataCollectionStage"),
    keys=("HealthAndDVID",),
)

FILES: Final = (
    EXPORT,
    ORGANIZATION,
    PROJECT_FILE,
    PROJECT_COC,
    FUNDER,
    CLIENT,
    ENROLLMENT,
    EXIT,
    SERVICES,
    EVENT,
    HEALTH,
)
"""In the order of reading."""
INDISPENSABLE: Final = frozenset({EXPORT.name, PROJECT_FILE.name, CLIENT.name, ENROLLMENT.name})
"""Without these nothing can be published; an export may lack any other file."""
