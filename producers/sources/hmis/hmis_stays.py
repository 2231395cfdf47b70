"""The stays of an HMIS export with their days, for a report that the agency makes for itself.

Nothing of it is a fact, and nothing of it leaves: days, ages and households stay on this machine.
It reads with the functions that publishing reads with. Projects of victim service providers are
read too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from exchange.core.model.vocabulary import AgeBand, Gender
from producers.sources.hmis.hmis_overview import readable_files
from producers.sources.hmis.hmis_settings import HmisSettings
from producers.sources.hmis.reading import layout
from producers.sources.hmis.reading.codes import load_codes, read_integer
from producers.sources.hmis.reading.files import bundle
from producers.sources.hmis.reading.row import Row
from producers.sources.hmis.reading.walk import Surveyed, rows
from producers.sources.hmis.rules.agency_rows import AgencyReader
from producers.sources.hmis.rules.agency_side import Agency
from producers.sources.hmis.rules.export_row import ExportRow
from producers.sources.hmis.rules.households import HOUSED_AT_MOVE_IN, MOVED_IN
from producers.sources.hmis.rules.persons import GENDERS_YEAR, Clients, Person
from producers.sources.hmis.rules.stays import HEAD, Stay, StayIndex

SEX, AGES, HEADS, MOVES, DESTINATIONS = "sex", "ages", "heads", "moves", "destinations"
"""What of stays may be left open by itself. An export of 2024 has no Sex at all."""


@dataclass(frozen=True, slots=True)
class StaySeen:
    """One stay. `kind`: its ProjectType. `left`, `destination`: None while it lasts.

    `moved`: when it moved into permanent housing. `born`: None where `no_age` has the reason.
    `sex`: as Sex states it, in an export of 2026. `unread`: of AGES, SEX, HEADS, MOVES and
    DESTINATIONS, what a missing column or a damaged cell leaves open.
    """

    client: str
    kind: int | None
    is_head: bool
    entered: date
    left: date | None
    destination: int | None
    moved: date | None
    born: date | None
    no_age: AgeBand
    sex: Gender
    unread: frozenset[str]


Left = tuple[date | None, int | None, bool]
"""The day on which a stay ended, where to, and whether that could be read."""
LASTS: Final[Left] = (None, None, True)


def stays_of(path: Path, settings: HmisSettings) -> Iterator[StaySeen]:
    """Every stay that is live and can be read; none if the export cannot.

    Raises SourceUnreadable.
    """
    with bundle(path) as found:
        files = dict(readable_files(found))
        agency = Agency(replace(settings, totals_only=True, gender_from_sex=True))
        if layout.INDISPENSABLE - files.keys():
            return
        for _ in ExportRow(files[layout.EXPORT.name], files[layout.CLIENT.name]).read(agency):
            pass
        if not agency.year:
            return
        AgencyReader.read(files, agency, load_codes())
        stays = StayIndex.read(agency, Clients(agency.settings, load_codes(), agency.year), files)
        exits = _exits(files.get(layout.EXIT.name), stays)
        for row in rows(files[layout.ENROLLMENT.name]):
            stay = stays.of(row) if isinstance(row, Row) and not row.withdrawn else None
            if isinstance(row, Row) and isinstance(stay, Stay):
                yield _seen(row, stay, stays, exits.get(stay.key, LASTS))


def _exits(file: Surveyed | None, stays: StayIndex) -> dict[str, Left]:
    """Stay → how it ended."""
    found: dict[str, Left] = {}
    for row in rows(file):
        stay = stays.of(row) if isinstance(row, Row) and not row.withdrawn else None
        if isinstance(row, Row) and isinstance(stay, Stay) and (left := stays.day(row, "ExitDate")):
            destination = read_integer(row.text("Destination"))
            readable = not row.lacks("Destination") and (destination is not None or not row.text("Destination"))
            found[stay.key] = left, destination, readable
    return found


def _seen(row: Row, stay: Stay, stays: StayIndex, left: Left) -> StaySeen:
    person, kind = stays.person(stay), stay.project.kind
    moved = stays.households.moved_in(row, member=stay.member) if kind in HOUSED_AT_MOVE_IN else None
    is_head = read_integer(row.text(layout.RELATION)) == HEAD
    return StaySeen(
        stay.client,
        kind,
        is_head,
        stay.entered,
        left[0],
        left[1],
        moved,
        person.born,
        person.no_age,
        person.gender,
        frozenset(_unread(row, stay, stays, person, left)),
    )


def _unread(row: Row, stay: Stay, stays: StayIndex, person: Person, left: Left) -> Iterator[str]:
    """What of a stay is left open."""
    if "age_band" in person.unread:
        yield AGES
    if "gender" in person.unread or stays.clients.year == GENDERS_YEAR:
        yield SEX
    if row.lacks(layout.RELATION):
        yield HEADS
    if row.lacks(MOVED_IN, layout.HOUSEHOLD, layout.RELATION) or stay.project.kind is None:
        yield MOVES
    if not left[2]:
        yield DESTINATIONS
