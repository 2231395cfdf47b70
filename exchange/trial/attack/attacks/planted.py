"""Planted identifiers: names, numbers, addresses, telephones in every input; none may leave.

A generated file of JSON Lines and a generated HMIS export carry them in columns of their own, in
columns that are read, in keys, in client numbers and in free text. The real readers and the real
edge publish both. Then every planted text is searched for in the events and receipts that left, in
the messages to a person, and in the vault's file: as it is, and in the forms that programs make of
text (case, encodings, digits alone, hexadecimal, base64, digests). Released figures hold no text at
all.

Naive release: an edge that sends a free-text column unchanged, and a pseudonym that is a digest of
the name.
"""

import csv
import json
import tempfile
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import md5, sha1, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from exchange.core.model.vocabulary import UsState
from exchange.trial.attack.agency_desk import publish
from exchange.trial.attack.attack_findings import Finding, Measured
from exchange.trial.attack.weakened_noise import Setting
from producers.sources.hmis import HmisExport, HmisSettings
from producers.sources.hmis.reading.layout import FILES
from producers.sources.jsonl import JsonLines

if TYPE_CHECKING:
    from producers.facts import Source

NAME: Final = "Quirinia"
LAST: Final = "Zyxwvut-Oberlander"
SSN: Final = "219-09-9999"
PHONE: Final = "+1 (907) 555-0142"
MAIL: Final = "q.zyxwvut@example.org"
STREET: Final = "1847 Unlikely Hollow Rd"
KEY: Final = "case-Zyxwvut-77"
CLIENT: Final = "client-Quirinia-77"
BORN: Final = "1991-02-29"
STORY: Final = f"{NAME} {LAST}, born {BORN}, {SSN}, reached at {PHONE}, lives at {STREET}"
PLANTED: Final = (NAME, LAST, SSN, PHONE, MAIL, STREET, KEY, CLIENT, BORN)
DIGITS_MIN: Final = 9
"""A run of so many digits is no coincidence."""
CONTENT: Final[Mapping[str, Mapping[str, str]]] = {
    "Export.csv": {
        "ExportDate": "2026-09-02 03:04:05",
        "ExportStartDate": "2025-01-01",
        "ExportEndDate": "2026-08-31",
        "CSVVersion": "2026 v1",
        "ExportPeriodType": "3",
        "ExportDirective": "2",
        "ImplementationID": "db1",
        "SourceContactLast": LAST,
        "SourceContactEmail": MAIL,
    },
    "Organization.csv": {"OrganizationID": "O1", "VictimServiceProvider": "0", "OrganizationName": LAST},
    "Project.csv": {"ProjectID": "J1", "OrganizationID": "O1", "ProjectType": "6", "TargetPopulation": "4"},
    "ProjectCoC.csv": {"ProjectID": "J1", "CoCCode": "CA-600", "Address1": STREET},
    "Funder.csv": {
        "FunderID": "F1",
        "ProjectID": "J1",
        "Funder": "22",
        "StartDate": "2024-10-01",
        "OtherFunder": STORY,
    },
    "Client.csv": {
        "PersonalID": CLIENT,
        "FirstName": NAME,
        "LastName": LAST,
        "SSN": SSN,
        "DOB": "2009-06-15",
        "DOBDataQuality": "1",
        "Sex": "0",
    },
    "Enrollment.csv": {
        "EnrollmentID": KEY,
        "PersonalID": CLIENT,
        "ProjectID": "J1",
        "EntryDate": "2026-02-10",
        "ReferralSource": "11",
        "LivingSituation": "116",
        "HouseholdID": SSN,
    },
    "Exit.csv": {
        "ExitID": "X1",
        "EnrollmentID": KEY,
        "PersonalID": CLIENT,
        "ExitDate": "2026-08-20",
        "Destination": "422",
        "ProjectCompletionStatus": "1",
        "OtherDestination": STORY,
    },
    "Services.csv": {
        "ServicesID": "S1",
        "EnrollmentID": KEY,
        "PersonalID": CLIENT,
        "DateProvided": "2026-03-01",
        "RecordType": "142",
        "TypeProvided": "7",
        "OtherTypeProvided": STORY,
    },
    "Event.csv": {
        "EventID": "V1",
        "EnrollmentID": KEY,
        "PersonalID": CLIENT,
        "EventDate": "2026-03-05",
        "Event": "11",
        "LocationCrisisOrPHHousing": STREET,
    },
    "HealthAndDV.csv": {
        "HealthAndDVID": "H1",
        "EnrollmentID": KEY,
        "PersonalID": CLIENT,
        "InformationDate": "2026-02-10",
        "DataCollectionStage": "1",
        "GeneralHealthStatus": "4",
        "DueDate": BORN,
    },
}


class Leaked(NamedTuple):
    """The numbers of identifiers found and searched for, in the traces of so many events."""

    found: int
    planted: int
    events: int


def real() -> Leaked:
    """Publish both inputs through the real readers and edge, then search."""
    left, events = bytearray(), 0
    with tempfile.TemporaryDirectory(prefix="exchange-attack-") as name:
        folder = Path(name)
        sources: tuple[Source, ...] = (
            JsonLines(_json_lines(folder), UsState.ca),
            HmisExport(_export(folder), HmisSettings(UsState.ca, all_projects_trafficking=True, gender_from_sex=True)),
        )
        for number, source in enumerate(sources):
            done = publish(folder, f"planted-{number}", source.read())
            taken = len(done.gate.admitted)
            if not taken:
                return Leaked(len(PLANTED), len(PLANTED), 0)  # nothing was read: absence proves nothing
            events += taken
            left += b"\n".join([*done.gate.inbox, *done.receipts, done.messages.encode(), done.vault])
    return Leaked(len(found_in(bytes(left))), len(PLANTED), events)


def naive() -> Leaked:
    """The identifiers that unchanged free text, and pseudonyms made of names, would give away."""
    handed_on = [json.dumps({"service": "food", "notes": f"{STORY} {MAIL} {KEY}", "client": _digest(CLIENT)})]
    return Leaked(len(found_in("\n".join(handed_on).encode())), len(PLANTED), len(handed_on))


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def found_in(octets: bytes) -> set[str]:
    """The planted texts in these bytes, in any form."""
    lower = octets.lower()
    return {text for text in PLANTED if any(form in octets or form in lower for form in _forms(text))}


@cache
def _forms(text: str) -> frozenset[bytes]:
    digits = "".join(letter for letter in text if letter.isdigit())
    written = {text, text.lower(), text.upper(), text[::-1], *({digits} if len(digits) >= DIGITS_MIN else ())}
    found: set[bytes] = set()
    for one in written:
        plain = one.encode()
        found |= {plain, one.encode("utf-16-le"), plain.hex().encode(), b64encode(plain)[: 4 * len(plain) // 3 - 3]}
        for make in (sha256, sha1, md5):
            hashed = make(plain)  # an attacker's dictionary holds these too
            found |= {hashed.digest(), hashed.hexdigest().encode()}
    return frozenset(found)


def _json_lines(folder: Path) -> Path:
    need = {"period": "2026Q1", "client": CLIENT, "body": "need_identified", "fields": {"service": "food"}}
    lines: list[dict[str, object]] = [
        {**need, "key": KEY},
        {**need, "key": f"{KEY}/2", "first_name": NAME, "ssn": SSN, "phone": PHONE, "notes": STORY},
        {**need, "key": f"{KEY}/3", "fields": {"service": "food", "email": MAIL, "narrative": STORY}},
        {**need, "key": f"{KEY}/4", "fields": {"service": STORY}},
        {**need, "key": f"{KEY}/5", LAST: STREET},
        {**need, "key": f"{KEY}/6", "body": LAST},
        {**need, "key": f"{KEY}/7", "period": BORN},
        {**need, "key": f"{KEY}/8", "state": NAME},
    ]
    path = folder / "facts.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def _export(folder: Path) -> Path:
    place = folder / "export"
    place.mkdir()
    for file in FILES:
        row = CONTENT[file.name]
        columns = [*dict.fromkeys((*file.columns, *row, "ExportID"))]
        with (place / file.name).open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, columns, restval="")
            writer.writeheader()
            writer.writerow(dict(row))
    return place


def outcome(name: str, parts: Mapping[Setting, Sequence[Leaked]]) -> Finding:
    """The row: identifiers found."""
    measured = {at: Measured(leaked.found, leaked.found > 0, leaked.planted) for at, [leaked] in parts.items()}
    details = {"events_that_left": float(parts[Setting.OURS][0].events)}
    return Finding(name, "identifiers", 0.0, 0.0, measured, details=details)


def forms() -> Iterator[bytes]:
    """Everything that is searched for."""
    for text in PLANTED:
        yield from _forms(text)
