"""How many figures an epoch's releases bring: what tells a whole epoch from one that is arriving.

The number of an epoch's points depends on the domains of its releases alone, never on a count.
Releases are kept whole: pages rank figures by the noise behind them (some 10 MB in five years).
"""

from collections.abc import Iterable

from exchange.core.errors import ExchangeError
from exchange.core.metrics.table import METRICS
from exchange.core.metrics.view import View
from exchange.core.release.released import Released
from exchange.engine.log import Record
from exchange.wire.public_records import decode_release


class DueFigures:
    """All releases so far."""

    def __init__(self) -> None:
        self.released = Released()
        self.unreadable = 0

    def take(self, records: Iterable[Record]) -> None:
        """Take records of `releases`. What is no release, or a second draw, is counted and left."""
        for record in records:
            try:
                self.released = self.released.taking([decode_release(record.value or b"")])
            except ExchangeError:
                self.unreadable += 1

    def of(self, epoch: int) -> int | None:
        """The number of its figures; None while releases of it may be missing."""
        released = self.released
        if max(released.epochs(), default=0) < epoch or released.awaited(epoch):
            return None
        view = View(released, epoch)
        return sum(1 for metric in METRICS for _ in metric.formula(view))
