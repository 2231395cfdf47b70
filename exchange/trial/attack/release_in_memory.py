"""The release lane in memory.

What consumers do on Kafka, with the same pure functions in the same order, and no more.

events with caps → `counted` by each table's reading → `spend` → noise → release bytes → what
evaluators take. Every attack on client tables goes through here. `Draw` is what one transaction on
`draws` would commit; between drawing and committing, and between committing and publishing, a
process may be killed (`exchange.trial.attack.attacks.copies` does).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from exchange.core.model.epochs import first_month
from exchange.core.model.events import Event
from exchange.core.release.budget import TableCost
from exchange.core.release.draw import Counted, Due, Reading, counted, drawn, dues, plans_due, reading_of
from exchange.core.release.privacy_ledger import Ledger, spend
from exchange.core.release.released import Released
from exchange.core.release.tiers import MONTHS_OF_QUARTER, periods_due
from exchange.trial.attack.weakened_noise import Draw
from exchange.wire.public_records import decode_release, encode_release

Noise = Callable[[Due], Sequence[int]]
AGENCY = "canary-agency"
"""Who sends what is attacked; a draw does not look at it."""


def noise_of(draw: Draw) -> Noise:
    """Fresh noise for every number of a draw."""
    return lambda due: draw(due.plan.scale, due.length)


@dataclass(frozen=True, slots=True)
class MemoryDraw:
    """The content of one transaction: the ledger that has paid, and the releases as bytes."""

    after: Ledger
    values: tuple[bytes, ...]


@cache
def _paid(plans: tuple[TableCost, ...], first: int, epoch: int) -> Ledger:
    """The ledger after every epoch from the first to this one: the same in all worlds."""
    before = Ledger() if epoch == first else _paid(plans, first, epoch - 1)
    return spend(before, epoch, plans_due(epoch, plans))


class MemoryReleaseLane:
    """One release lane: events arrive by month, epochs close in order, evaluators read.

    Nothing arrives before the month with which its period begins.
    """

    def __init__(self, plans: Iterable[TableCost]) -> None:
        """`plans`: the tables that are released."""
        self._plans = tuple(plans)
        self._arrived: dict[int, list[tuple[str, Event]]] = defaultdict(list)
        self._closed: set[int] = set()
        self._first: int | None = None
        self.released = Released()

    def arrive(self, month: int, events: Iterable[Event]) -> None:
        """Events that the gate admits in this month."""
        self._arrived[month] += [(AGENCY, event) for event in events]

    def counted(self, epoch: int) -> tuple[Ledger, list[Counted]]:
        """The ledger after this epoch has paid, and the exact counts of every due table."""
        after = _paid(self._plans, epoch if self._first is None else self._first, epoch)
        by_start: dict[int, list[Due]] = defaultdict(list)
        for due in dues(after, self._plans):
            by_start[self._start(due)].append(due)
        return after, [one for start, some in by_start.items() for one in counted(some, self.since(start, epoch))]

    def since(self, start: int, epoch: int) -> list[tuple[str, Event]]:
        """What arrived from one month to another."""
        return [event for month in range(start, epoch + 1) for event in self._arrived.get(month, ())]

    def _start(self, due: Due) -> int:
        """The first month whose arrivals a table reads."""
        match reading_of(due.row.tier):
            case Reading.SINCE_LAST:
                return due.epoch
            case Reading.SINCE_COUNTED:  # nothing, where the quarter was not counted
                was_counted = due.epoch - MONTHS_OF_QUARTER in self._closed
                return due.epoch + 1 - MONTHS_OF_QUARTER * was_counted
            case _:
                return min(map(first_month, periods_due(due.row.tier, due.epoch)))

    def draw(self, epoch: int, noise: Noise) -> MemoryDraw:
        """Count and put noise on; nothing is committed."""
        after, counts = self.counted(epoch)
        return MemoryDraw(after, tuple(encode_release(drawn(one, noise(one.due))) for one in counts))

    def commit(self, draw: MemoryDraw) -> None:
        """The transaction: from here on this draw is the only one of its epoch."""
        self.settle(draw.after)

    def settle(self, after: Ledger) -> None:
        """The epoch is paid for and closed."""
        assert after.last_epoch is not None
        self._closed.add(after.last_epoch)
        self._first = self._first or after.last_epoch

    def publish(self, values: Iterable[bytes]) -> None:
        """Evaluators read these bytes; raises ReleaseDiffers for a second draw."""
        self.released = self.released.taking(map(decode_release, values))

    def close(self, epoch: int, noise: Noise) -> None:
        """All of it."""
        draw = self.draw(epoch, noise)
        self.commit(draw)
        self.publish(draw.values)
