"""Households in permanent housing: when a stay moved in.

Rules kept: HMIS records the date of the move-in for the head of a household; the others move in
with the head, or at their own entry if that is later, unless they left before. A move-in before the
entry or after the exit of its stay is none. Where the head's move-in cannot be read, nobody knows
whether the others moved in. Memory: one entry for each stay in permanent housing.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from producers.sources.hmis.reading import layout
from producers.sources.hmis.reading.row import Row
from producers.sources.hmis.reading.walk import Surveyed, rows

HOUSED_AT_MOVE_IN: Final = frozenset({3, 9, 10, 13})
MOVED_IN: Final = "MoveInDate"
OUTSIDE: Final = "the date is before the entry or after the exit, so it is no move-in"
UNKNOWN_DAY: Final = "the move-in of the household's head cannot be read, or there are several"
Place = tuple[str, str]


@dataclass(slots=True)
class Tenancy:
    """One stay in permanent housing. `moved`: its own date; `unread`: it has one that is none."""

    place: Place
    entered: date
    is_head: bool
    moved: date | None
    unread: bool
    left: date | None = None

    def holds(self, day: date) -> bool:
        """Whether a day is within the stay."""
        return self.entered <= day and (self.left is None or day <= self.left)

    def overlaps(self, other: "Tenancy") -> bool:
        """Whether both stays have a day in common."""
        return self.entered <= (other.left or date.max) and other.entered <= (self.left or date.max)


@dataclass(slots=True)
class Households:
    """The stays in permanent housing, by their keys and by their households."""

    _tenancies: dict[str, Tenancy] = field(default_factory=dict)
    _heads: dict[Place, list[Tenancy]] = field(default_factory=dict)

    def enter(self, row: Row, entered: date, *, is_head: bool) -> None:
        """Take an Enrollment row of a stay in permanent housing."""
        place = (row.text(layout.PROJECT), row.text(layout.HOUSEHOLD))
        moved = row.read_day(MOVED_IN)
        tenancy = Tenancy(place, entered, is_head, moved, unread=moved is None and row.dated(MOVED_IN))
        self._tenancies[row.text(layout.STAY)] = tenancy
        if is_head and place[1]:
            self._heads.setdefault(place, []).append(tenancy)

    def leave(self, exits: Surveyed | None) -> None:
        """Take the days of all exits."""
        for row in rows(exits) if self._tenancies else ():
            tenancy = self._tenancies.get(row.text(layout.STAY)) if isinstance(row, Row) else None
            if tenancy and isinstance(row, Row) and not row.withdrawn:
                tenancy.left = row.read_day("ExitDate")

    def lacks_head(self, stay: str) -> bool:
        """Whether nobody in a member's household is its head: then its move-in is not known."""
        own = self._tenancies[stay]
        return not (own.moved or self._heads_of(own))

    def moved_in(self, row: Row, *, member: bool) -> date | None:
        """The day on which a stay moved in; None, perhaps with a refusal, if it did not."""
        own = self._tenancies[row.text(layout.STAY)]
        heads = self._heads_of(own) if member else []
        days = {head.moved for head in heads if head.moved and head.holds(head.moved)}
        if len(days) > 1 or any(head.unread for head in heads):
            row.refuse(MOVED_IN, UNKNOWN_DAY, follows=len(days) < 2)
            return None
        if days:
            day = max(days.pop(), own.entered)
            return day if own.holds(day) else None
        if own.moved is None:
            if own.unread:
                row.day(MOVED_IN)
            return None
        if not own.holds(own.moved):
            row.refuse(MOVED_IN, OUTSIDE)
            return None
        return row.day(MOVED_IN)

    def _heads_of(self, own: Tenancy) -> list[Tenancy]:
        return [head for head in self._heads.get(own.place, ()) if head.overlaps(own)]
