"""An HMIS export as a whole: its projects, and the columns that nobody reads.

It reads with the functions that publishing reads with; of Project.csv it reads the name, too, which
publishing never does.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from producers.overview import ColumnsStay, Overview, ProjectSeen
from producers.sources.hmis.hmis_settings import HmisSettings
from producers.sources.hmis.reading import layout
from producers.sources.hmis.reading.codes import load_codes
from producers.sources.hmis.reading.csv_rows import CsvFile
from producers.sources.hmis.reading.files import Bundle, bundle
from producers.sources.hmis.reading.row import Row
from producers.sources.hmis.reading.unread_columns import OTHERS, UNREAD
from producers.sources.hmis.reading.walk import Surveyed, rows, surveyed
from producers.sources.hmis.rules.agency_rows import AgencyReader
from producers.sources.hmis.rules.agency_side import Agency, Project
from producers.sources.hmis.rules.export_row import ExportRow

NAME: Final = "ProjectName"
NAMED: Final = replace(layout.PROJECT_FILE, optional=(*layout.PROJECT_FILE.optional, NAME))
NAME_LETTERS_MAX: Final = 40
KINDS: Final[Mapping[int, str]] = {
    0: "emergency shelter",
    1: "emergency shelter, night by night",
    2: "transitional housing",
    3: "permanent supportive housing",
    4: "street outreach",
    6: "services only",
    7: "other",
    8: "safe haven",
    9: "permanent housing",
    10: "permanent housing with services",
    11: "day shelter",
    12: "homelessness prevention",
    13: "rapid re-housing",
    14: "coordinated entry",
}
"""ProjectType in words."""


def overview_of(path: Path, settings: HmisSettings) -> Overview:
    """The export at a path, under these settings. Raises SourceUnreadable."""
    with bundle(path) as found:
        files = dict(readable_files(found))
        agency = Agency(settings)
        export = ExportRow(files.get(layout.EXPORT.name), files.get(layout.CLIENT.name))
        if not layout.INDISPENSABLE - files.keys():
            for _ in export.read(agency):
                pass
        AgencyReader.read(files, agency, load_codes())
        form = f"HMIS CSV of {agency.year}" if agency.year else "HMIS CSV of a year that is not known"
        names, stays = _names(found), _stays(files)
        projects = tuple(_seen(one, names, stays) for one in agency.projects.values())
        return Overview(form, projects, tuple(_columns(files)))


def readable_files(found: Bundle) -> Iterator[tuple[str, Surveyed]]:
    """The files of an export that can be read, by name."""
    for file in layout.FILES:
        opened = surveyed(found, file)
        if opened and not opened.sheet.fault:
            yield file.name, opened


def _names(found: Bundle) -> dict[str, str]:
    """Project → its name, short and on one line."""
    if NAMED.name not in found:
        return {}
    records = CsvFile(found, NAMED).records()
    return {one.cells[layout.PROJECT]: _short(one.cells.get(NAME, "")) for one in records if not one.fault}


def _short(name: str) -> str:
    shown = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
    return shown if len(shown) <= NAME_LETTERS_MAX else f"{shown[: NAME_LETTERS_MAX - 1]}…"


def _stays(files: Mapping[str, Surveyed]) -> Counter[str]:
    """Project → rows of enrollments that are not withdrawn."""
    found = (row for row in rows(files.get(layout.ENROLLMENT.name)) if isinstance(row, Row) and not row.withdrawn)
    return Counter(row.text(layout.PROJECT) for row in found)


def _seen(project: Project, names: Mapping[str, str], stays: Mapping[str, int]) -> ProjectSeen:
    kind = "not stated" if project.kind is None else KINDS.get(project.kind, "not known")
    sheltered = project.not_read.value if project.not_read else ""
    states = tuple(sorted(project.states))
    return ProjectSeen(project.key, names.get(project.key, ""), kind, states, stays.get(project.key, 0), sheltered)


def _columns(files: Mapping[str, Surveyed]) -> Iterator[ColumnsStay]:
    for name, file in files.items():
        left = [one for one in file.sheet.names if one and one not in {c.lower() for c in file.sheet.layout.columns}]
        for order, (why, known) in enumerate(UNREAD.items()):
            if there := tuple(column for column in known if column.lower() in left):
                yield ColumnsStay(name, why, there, order=order)
                left = [one for one in left if one not in {column.lower() for column in there}]
        if left:
            yield ColumnsStay(name, OTHERS, (), len(left), order=len(UNREAD))
