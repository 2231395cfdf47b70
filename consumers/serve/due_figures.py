"""How many figures an epoch's releases bring: what tells a whole epoch from one that is arriving.

The number of an epoch's points depends on the domains of its releases alone, never on a count. So
releases are kept without their counts, which saves memory and shows that none is read.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from exchange.core.errors import ExchangeError
from exchange.core.metrics.table import METRICS
from exchange.core.metrics.view import View
from exchange.core.release.released import Release, Released
from exchange.engine.log import Record
from exchange.wire.public_records import decode_release


class DueFigures:
    """The domains of all releases so far."""

    def __init__(self) -> None:
        self._released = Released()
        self.unreadable = 0

    def take(self, records: Iterable[Record]) -> None:
        """Take records of `releases`. What is no release, or a second draw, is counted and left."""
        for record in records:
            try:
                self._released = self._released.taking([_without_counts(decode_release(record.value or b""))])
            except ExchangeError:
                self.unreadable += 1

    def of(self, epoch: int) -> int | None:
        """The number of its figures; None while releases of it may be missing."""
        released = self._released
        if max(released.epochs(), default=0) < epoch or released.awaited(epoch):
            return None
        view = View(released, epoch)
        return sum(1 for metric in METRICS for _ in metric.formula(view))


def _without_counts(release: Release) -> Release:
    return replace(release, counts=_zeros(len(release.counts)), rho=release.rho)


@cache
def _zeros(length: int) -> tuple[int, ...]:
    return (0,) * length
