"""The guard on withdrawing: what a damaged or narrowed file would take back waits for a person.

When a source has been read to its end, its run is weighed before anything of it counts. In question
is a run that

- withdraws more than `FACTS_MAX` facts and more than one in `ONE_IN` of what is published;
- or has new keys that are other spellings of known keys which it lacks (`10.0`, lost zeros);
- or has hardly any known key, and withdraws, or states again, what is published; while clients are
  on hold, however few the facts are.

What is in question waits, all else goes: the withdrawals; of keys spelt otherwise, also the new
facts; of all keys new, also all new facts about clients. A person lets it go (`withdraw`, or the
answer to the question). A run of the schedule asks nobody.

Promised: what waits is nowhere in the vault, and comes again when the source is read again. A
heartbeat, an event about a client who is not in question, and its marks are the same whether
something waits or not (ADR 48). Holds outlast it: while held clients cannot be recognised under
new keys, the new facts wait, whoever lets them go.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from producers.delivery.report import Report
from producers.delivery.run_options import RunOptions
from producers.delivery.unconfirmed import Cause, Unconfirmed
from producers.vault.fact_store import FactOutcome, FactStore
from producers.vault.unsettled import GoneBy, Other, Weight

FACTS_MAX: Final = 10
ONE_IN: Final = 20
HARDLY: Final = 10
"""One known key in so many is hardly any."""
_OF: Final = {
    GoneBy.ABSENT: Cause.LESS,
    GoneBy.MARKED: Cause.MARKED,
    GoneBy.SWITCHED_OFF: Cause.SWITCHED_OFF,
}


@dataclass(frozen=True, slots=True)
class InQuestion:
    """What of a part waits.

    `new` facts (None: all about clients), and `all_gone`, or the withdrawals that belong to `new`.
    """

    unconfirmed: Unconfirmed
    new: Other | None = None
    all_gone: bool = True


def in_question(weight: Weight, unmatched_holds: int = 0) -> InQuestion | None:
    """What of a part of a run waits for a person; None: nothing."""
    gone, of = weight.gone.total(), weight.published
    other, mostly_alike = weight.other, weight.other.news * 2 > weight.new
    renewed = hardly_known(weight) and (weight.repeats or is_much(gone, of))
    absent = weight.gone[GoneBy.ABSENT]
    replaced = hardly_known(weight, more_than=0) and absent * 2 > of and unmatched_holds > 0
    if (renewed or replaced) and not mostly_alike:
        return InQuestion(Unconfirmed(Cause.NEW_KEYS, gone, of, weight.new, unmatched_holds))
    if other:
        much = is_much(gone - other.gone, of)
        question = Unconfirmed(Cause.OTHER_FORM, gone if much else other.gone, of, other.news)
        return InQuestion(question, other, all_gone=much)
    if is_much(gone, of):
        by = max(weight.gone, key=lambda by: (weight.gone[by], by))
        return InQuestion(Unconfirmed(_OF[by], gone, of), Other())
    return None


def is_much(withdrawn: int, published: int) -> bool:
    """Whether a run that withdraws so many of so many published facts is in question."""
    return withdrawn > FACTS_MAX and withdrawn * ONE_IN > published


def hardly_known(weight: Weight, more_than: int = FACTS_MAX) -> bool:
    """Whether more new facts than this are about clients, and hardly any key of such is known."""
    return weight.new > more_than and weight.known * HARDLY < weight.new


class WithdrawalGuard:
    """The guard of one run, made before the run begins; it asks only a person who began it."""

    def __init__(self, fact_store: FactStore, report: Report, options: RunOptions, *, is_preview: bool) -> None:
        self._store, self._unsettled = fact_store, fact_store.unsettled
        self._report, self._options = report, options
        self._asks = not (is_preview or options.scheduled)
        self._withdrawn: Counter[GoneBy] = Counter()
        self._recover()

    def _recover(self) -> None:
        """Settle what an earlier run left open, whose source was not read to its end.

        It withdraws nothing, and brings nothing that may be in question.
        """
        if not self._unsettled.left_open:
            return
        weight = self._unsettled.weight(self._store.run - 1)
        if hardly_known(weight):
            self._unsettled.drop_new(None)
        elif weight.other:
            self._unsettled.drop_new(weight.other)
        self._unsettled.end()

    def settle(self) -> Iterator[None]:
        """Weigh the open part of the run, and let count what is not in question; in steps."""
        unsettled = self._unsettled
        if not unsettled.is_open:
            return
        spelt = self._store.clients.spelt_anew
        weight = unsettled.weight(self._store.run, spelt) if unsettled.news or unsettled.goes else Weight()
        gone, published = weight.gone + self._withdrawn, weight.published + self._withdrawn.total()
        holds = self._store.clients.unmatched_holds()
        found = in_question(replace(weight, gone=gone, published=published), holds)
        dropped = 0
        if found is not None and not self._lets_go(found.unconfirmed):
            self._report.unconfirmed = found.unconfirmed
            dropped = self._leave_out(found)
        applied = 0
        for some in self._store.withdrawn_is_due():
            applied += some
            yield
        self._withdrawn += weight.gone if applied else Counter()
        self._report.held_alike = self._store.clients.held_alike
        self._report.outcomes[FactOutcome.RETRACTED] += applied - unsettled.goes
        self._report.outcomes[FactOutcome.PUBLISHED] -= dropped
        self._report.kept = max(0, self._report.kept - dropped)
        unsettled.end()

    def _lets_go(self, question: Unconfirmed) -> bool:
        if question.holds:
            return False
        return self._options.withdraw or (self._asks and self._options.confirm(question))

    def _leave_out(self, found: InQuestion) -> int:
        """Leave out of the part what is in question; returns the number of new facts."""
        if found.all_gone:
            self._unsettled.keep_all()
        elif found.new:
            self._unsettled.keep(found.new)
        dropped = self._unsettled.drop_new(found.new)
        if dropped:
            self._store.clients.forget()
            self._store.undecided = True
        return dropped
