"""The gate checks marks without a client's history: bits that are none, corrections, tallies."""

import pytest

from exchange.core.admission.cap_rules import MARKS, Cap
from exchange.core.admission.gate import ACCEPTED, AgencyState, Arrival
from exchange.core.admission.reasons import Reason
from exchange.core.model.events import Correction
from exchange.core.model.period import parse_period
from exchange.core.model.tally_tables import TallyTable
from exchange.core.model.vocabulary import LegalClass
from tests.kits.gate_world import INDIVIDUAL, NEED, TALLY, TOTALS, Chain, registration, then_refused, when

CONSENTING = registration(LegalClass.tally_only, small_counts=True)


def with_cap(record: Arrival, cap: int) -> Arrival:
    return record._replace(cap=cap)


@pytest.mark.parametrize("cap", [32, 33, 63, 64, -1])
def test_a_bit_that_is_none_is_refused(cap: int) -> None:
    then_refused(AgencyState(INDIVIDUAL), with_cap(Chain().peek(NEED), cap), Reason.OUT_OF_RANGE)


@pytest.mark.parametrize("cap", range(int(MARKS) + 1))
def test_every_set_of_marks_is_accepted(cap: int) -> None:
    assert when(AgencyState(INDIVIDUAL), with_cap(Chain().peek(NEED), cap)) == ACCEPTED


def corrected(said: int, taken_back: int) -> tuple[AgencyState, Arrival]:
    """A state that has accepted an event with these bits, and its correction with those."""
    chain, state = Chain(), AgencyState(INDIVIDUAL)
    event = with_cap(chain.peek(NEED), said)
    chain.accept(event)
    assert when(state, event) == ACCEPTED
    body = Correction(event.sequence, event.previous, event.period, event.state, said, NEED)  # type: ignore[arg-type]
    return state, with_cap(chain.peek(body), taken_back)._replace(restated=event.digest)


@pytest.mark.parametrize("said", range(int(MARKS) + 1))
def test_a_correction_has_exactly_its_events_marks(said: int) -> None:
    for taken_back in range(int(MARKS) + 1):
        if taken_back == said:
            assert when(*corrected(said, taken_back)) == ACCEPTED
        else:
            then_refused(*corrected(said, taken_back), Reason.UNSOUND)


def test_a_tally_in_releases_needs_the_consent_to_small_counts() -> None:
    record = with_cap(Chain().peek(TALLY), Cap.NATION)
    then_refused(AgencyState(TOTALS), record, Reason.SMALL_COUNT)
    assert when(AgencyState(CONSENTING), record) == ACCEPTED


def test_a_tallys_correction_carries_no_bit() -> None:
    chain, state = Chain(), AgencyState(CONSENTING)
    tally = with_cap(chain.peek(TALLY), Cap.NATION)
    chain.accept(tally)
    assert when(state, tally) == ACCEPTED
    body = Correction(tally.sequence, tally.previous, tally.period, tally.state, tally.cap, TALLY)  # type: ignore[arg-type]
    record = with_cap(chain.peek(body), Cap.NATION)._replace(restated=tally.digest)
    then_refused(state, record, Reason.UNSOUND)
    assert TALLY.table is TallyTable.cases


def retracting(tally: Arrival) -> Correction:
    """What takes a tally back."""
    return Correction(tally.sequence, tally.previous, tally.period, tally.state, tally.cap, TALLY)  # type: ignore[arg-type]


def taken_back(chain: Chain, state: AgencyState, cap: int, period: int) -> None:
    """Send a tally with these bits, and retract it."""
    tally = with_cap(chain.peek(TALLY), cap)._replace(period=period)
    assert when(state, tally) == ACCEPTED
    chain.accept(tally)
    correction = with_cap(chain.peek(retracting(tally)), 0)._replace(period=period, restated=tally.digest)
    assert when(state, correction) == ACCEPTED
    chain.accept(correction)


@pytest.mark.parametrize("again", ["2026Q2", "2026"])
def test_a_tally_counts_in_releases_once_whatever_comes_between(again: str) -> None:
    """One client in it would count once per correction, and once more with the year as a whole."""
    chain, state = Chain(), AgencyState(CONSENTING)
    taken_back(chain, state, Cap.NATION, parse_period("2026Q2"))
    taken_back(chain, state, 0, parse_period("2026Q2"))
    marked = with_cap(chain.peek(TALLY), Cap.NATION)._replace(period=parse_period(again))
    then_refused(state, marked, Reason.UNSOUND)
    assert when(state, with_cap(marked, 0)) == ACCEPTED


def test_one_that_never_counted_leaves_the_next_free_to() -> None:
    chain, state = Chain(), AgencyState(CONSENTING)
    taken_back(chain, state, 0, parse_period("2026Q2"))
    taken_back(chain, state, 0, parse_period("2026Q2"))
    assert when(state, with_cap(chain.peek(TALLY), Cap.NATION)._replace(period=parse_period("2026Q2"))) == ACCEPTED
