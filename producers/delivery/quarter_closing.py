"""Which quarters a run of a tally_only agency closes, and the tallies of those that are closed.

First totals are final. So a quarter stays open while a row that may belong to it was refused, a
part of the source is missing or damaged, or something of the run waits for a person; a person may
insist (`incomplete`). The quarters after it stay open, too. The next run that closes quarters tries
again. Its totals are never smaller for good because of damage.

The vault remembers what was not read, by kind of file, until a file of that kind is read whole: a
run over another file of the agency closes nothing meanwhile.
"""

from collections.abc import Collection
from datetime import date
from typing import Final

from exchange.core.model.period import quarter_of
from exchange.core.model.vocabulary import LegalClass
from producers.caps.tally import closes_before, not_closed, stage_tallies
from producers.caps.tally_batches import end_first_batch, first_batch_over
from producers.delivery.report import Report
from producers.delivery.run_options import RunOptions
from producers.profile import Profile
from producers.vault.fact_store import FactStore
from producers.vault.store import Vault

NAME: Final = "doubtful"


class Closing:
    """The quarters of one run. Raises QuarterNotClosable where it is asked for another."""

    def __init__(self, profile: Profile, vault: Vault, fact_store: FactStore, today: date, options: RunOptions) -> None:
        self._profile, self._vault, self._fact_store = profile, vault, fact_store
        self._today, self._options = today, options
        kind, scheduled = profile.legal_class, options.scheduled
        self._asked = closes_before(kind, vault, today, scheduled=scheduled, asked=options.closes)
        self._before = self._asked

    def stage(self, report: Report) -> None:
        """Put the tallies of the closed quarters into the fact store, and note what stays open."""
        if self._profile.legal_class is not LegalClass.tally_only:
            return
        doubtful = () if self._options.incomplete else self._remembered(report)
        self._before = sure_before(first_batch_over(self._vault), self._asked, doubtful)
        how = {"small_counts": self._profile.small_counts, "closes": self._options.closes_quarters}
        report.tally(stage_tallies(self._vault, self._fact_store, self._before, **how))
        report.not_closed = not_closed(self._fact_store, self._before, self._today)
        report.kept_open = [period for period in report.not_closed if period < self._asked]
        if self._options.closes and self._before < self._asked and not report.kept_open:
            report.kept_open = [self._options.closes]

    def _remembered(self, report: Report) -> set[int]:
        """The periods that this run, or an earlier one over other files, did not read whole."""
        doubtful = _parsed(self._vault.get(NAME)) | report.doubtful()
        self._vault.set(NAME, _text(doubtful))
        return set().union(*doubtful.values())

    def end(self) -> None:
        """End the first batch of the quarters that are closed, after a complete run."""
        end_first_batch(self._vault, self._before)


def sure_before(closed: int, asked: int, doubtful: Collection[int]) -> int:
    """The first quarter that is not closed, of those before `asked`; `closed`: those that were.

    `doubtful`: periods of which not all was read; 0: any. A year stands for all its quarters.
    """
    firsts = (period if quarter_of(period) else period + 1 for period in doubtful if period)
    hit = [closed] if 0 in doubtful else [first for first in firsts if closed <= first < asked]
    return max(closed, min([asked, *hit]))


def _text(doubtful: dict[str, set[int]]) -> bytes:
    kinds = (f"{kind}={','.join(map(str, sorted(periods)))}" for kind, periods in sorted(doubtful.items()) if periods)
    return "\n".join(kinds).encode()


def _parsed(text: bytes) -> dict[str, set[int]]:
    pairs = (line.rpartition("=") for line in text.decode().splitlines())
    return {kind: {int(period) for period in periods.split(",")} for kind, _, periods in pairs}
