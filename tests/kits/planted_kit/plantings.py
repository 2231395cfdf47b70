"""Files with an identifier in every place of every source; one line for each source.

Planted are the columns that are not read, keys of records and clients, places of codes and of
dates, names of columns and of files beside those that are read, and all of that in files that are
damaged as real exports are.
"""

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from tests.kits.export_damage import CODES, DAMAGES, Files
from tests.kits.hmis_exports import IDENTITY, Written, sample
from tests.kits.planted_kit.identifiers import Planter
from tests.kits.planted_kit.sheet_plantings import spreadsheets


class Planting(NamedTuple):
    """How one source is planted.

    `files`: (what it is, what writes it into a folder and returns what is published).
    """

    format: str
    files: Callable[[Planter, int], Iterator[tuple[str, Callable[[Path], Path]]]]


PROJECT: Final = "Second Street House"
"""`exchange edge look` shows a project's name, which is the agency's, to whoever has the file."""


# An HMIS CSV export


def _export(planter: Planter, clients: int) -> Written:
    """A full export of one project, whose clients all have other identifiers."""
    written = sample()
    for file, rows in written.tables.items():
        written.headers[file] += [planter.some(), planter.some()]
        del rows[1:]
    for file in ("Client.csv", "Enrollment.csv", "Exit.csv", "Services.csv", "Event.csv", "HealthAndDV.csv"):
        written.tables[file].clear()
    for _ in range(clients):
        _client(written, planter)
    for file, rows in written.tables.items():
        unread = [*IDENTITY[file], *written.headers[file][-2:]]
        for row in rows:
            row.update({column: planter.some() for column in unread})
    for row in written.tables["Project.csv"]:
        row["ProjectName"] = PROJECT
    return written


def _client(written: Written, planter: Planter) -> None:
    stay = {"PersonalID": planter.key(), "EnrollmentID": planter.key()}
    born = f"{1960 + len(written.tables['Client.csv']) % 45}-02-03"
    written.add("Client.csv", PersonalID=stay["PersonalID"], DOB=born, DOBDataQuality="1", Sex="0")
    written.add("Enrollment.csv", **stay, ProjectID="J1", EntryDate="2026-02-10", ReferralSource="11")
    written.add("Exit.csv", **stay, ExitID=planter.key(), ExitDate="2026-08-20", Destination="422")
    provided = {"DateProvided": "2026-03-01", "RecordType": "142", "TypeProvided": "7"}
    written.add("Services.csv", **stay, ServicesID=planter.key(), **provided)
    written.add("Event.csv", **stay, EventID=planter.key(), EventDate="2026-03-05", Event="11")
    for stage, day in (("1", "2026-02-10"), ("3", "2026-08-20")):
        health = {"InformationDate": day, "DataCollectionStage": stage, "GeneralHealthStatus": "4"}
        written.add("HealthAndDV.csv", **stay, HealthAndDVID=planter.key(), **health)


def _in_places_of_codes(written: Written, planter: Planter) -> None:
    """An identifier in each place that a fact is made of, each in a row of its own."""
    for number, (file, column) in enumerate(CODES):
        rows = written.tables[file]
        if file in ("Export.csv", "Organization.csv", "Project.csv"):
            continue
        rows[number % len(rows)][column] = planter.some()


def _as_folder(contents: dict[str, bytes], others: dict[str, bytes]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        for name, content in {**contents, **others}.items():
            (folder / name).write_bytes(content)
        return folder

    return write


def _as_zip(contents: dict[str, bytes], others: dict[str, bytes]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / "export.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in {**contents, **others}.items():
                archive.writestr(name, content)
        return path

    return write


def hmis(planter: Planter, clients: int) -> Iterator[tuple[str, Callable[[Path], Path]]]:
    """An export, the same with identifiers in places of codes, and each damage to it."""
    written = _export(planter, clients)
    beside = {f"{planter.some('name')}.csv": planter.some().encode() for _ in range(5)}
    yield "whole, in a folder", _as_folder(Files.of(written).contents(), beside)
    _in_places_of_codes(written, planter)
    yield "identifiers in places of codes, in a zip", _as_zip(Files.of(written).contents(), beside)
    for number, damage in enumerate(dict.fromkeys(DAMAGES)):
        files, random = Files.of(written), Random(number)
        for _ in range(2):
            damage(files, random)
        files.after.insert(0, _with_broken_quotes(random))
        yield f"damaged: {damage.__name__}", _as_folder(files.contents(), beside)
    written.headers["Client.csv"] = [planter.some() for _ in written.headers["Client.csv"]]
    yield "no column of clients is known", _as_folder(Files.of(written).contents(), beside)


def _with_broken_quotes(random: Random) -> Callable[[dict[str, bytes]], None]:
    def spoil(contents: dict[str, bytes]) -> None:
        for file in random.sample(sorted(contents), 2):
            lines = contents[file].split(b"\n")
            at = random.randrange(1, max(2, len(lines) - 1))
            if file != "Export.csv" and at < len(lines):
                lines[at] = lines[at].replace(b",", b',"', 1)
            contents[file] = b"\n".join(lines)

    return spoil


# JSON Lines


def _line(planter: Planter, **other: object) -> dict[str, object]:
    line = {"key": planter.some(), "period": "2026Q1", "client": planter.some(), "body": "need_identified"}
    return {**line, "fields": {"service": "food"}, **other}


def _lines(planter: Planter) -> Iterator[dict[str, object] | str]:
    """A line of each kind: sound, with columns that stay here, and broken in every place."""
    yield _line(planter)
    yield _line(planter, first_name=planter.some("name"), dob=planter.some("birth date"))
    yield _line(planter, fields={"service": "food", "ssn": planter.some("SSN"), "notes": planter.some()})
    yield _line(planter, fields={"service": planter.some()})
    yield _line(planter, fields={"service": "food", planter.some(): planter.some()})
    yield _line(planter, **{planter.some(): planter.some()})
    yield from (_line(planter, **{column: planter.some()}) for column in ("period", "state", "body", "fields"))
    yield _line(planter, key={planter.some(): [planter.some()]})
    yield _line(planter, client=[planter.some()])
    yield json.dumps(_line(planter))[:-20]
    yield f'{{"key": "{planter.some()}", {planter.some()}'
    yield planter.some()
    yield {"withdraw": planter.some()}
    yield {"withdraw": planter.some(), planter.some(): 1}


def json_lines(planter: Planter, clients: int) -> Iterator[tuple[str, Callable[[Path], Path]]]:
    """Lines of every kind, in UTF-8, in UTF-16, as an array, and cut off."""
    lines = [line for _ in range(max(1, clients // 4)) for line in _lines(planter)]
    text = "\n".join(line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines)
    for what, content in {
        "UTF-8": text.encode(),
        "UTF-16": text.encode("utf-16"),
        "an array": f"[{text}]".encode(),
        "cut off": text.encode()[:-33],
    }.items():
        yield what, _as_file("facts.jsonl", content)


def _as_file(name: str, content: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


PLANTINGS: Final = (
    Planting("an HMIS CSV export", hmis),
    Planting("JSON Lines", json_lines),
    Planting("a spreadsheet", spreadsheets),
)
"""One line for each source of `producers.sources.FORMATS`."""
