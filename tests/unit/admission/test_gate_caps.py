"""The gate checks the caps' bits without a client's history: undeclared bits, and unusable bits."""

import pytest

from exchange.core.admission.cap_rules import Cap
from exchange.core.admission.gate import ACCEPTED, AgencyState, Arrival
from exchange.core.admission.reasons import Reason
from exchange.core.model.events import ALL_CAPS, Correction
from exchange.core.model.period import parse_period
from exchange.core.model.tally_tables import TallyTable
from exchange.core.model.vocabulary import LegalClass
from tests.kits.gate_world import INDIVIDUAL, NEED, TALLY, TOTALS, Chain, registration, then_refused, when

CONSENTING = registration(LegalClass.tally_only, small_counts=True)
EVERY = Cap.NATION | Cap.STATE | Cap.PAST


def with_cap(record: Arrival, cap: int) -> Arrival:
    return record._replace(cap=cap)


@pytest.mark.parametrize("cap", [8, 16, 8 | 1, 24 | 7])
def test_a_bit_that_is_none_is_refused(cap: int) -> None:
    then_refused(AgencyState(INDIVIDUAL), with_cap(Chain().peek(NEED), cap), Reason.OUT_OF_RANGE)


@pytest.mark.parametrize("cap", [0, 1, 2, 3, 4, int(EVERY), int(Cap.UNMARKED), ALL_CAPS])
def test_every_other_is_accepted_those_of_before_caps_too(cap: int) -> None:
    assert when(AgencyState(INDIVIDUAL), with_cap(Chain().peek(NEED), cap)) == ACCEPTED


def corrected(said: int, taken_back: int) -> tuple[AgencyState, Arrival]:
    """A state that has accepted an event with these bits, and its correction with those."""
    chain, state = Chain(), AgencyState(INDIVIDUAL)
    event = with_cap(chain.peek(NEED), said)
    chain.accept(event)
    assert when(state, event) == ACCEPTED
    body = Correction(event.sequence, event.previous, event.period, event.state, said, NEED)  # type: ignore[arg-type]
    return state, with_cap(chain.peek(body), taken_back)._replace(restated=event.digest)


@pytest.mark.parametrize(("said", "taken_back"), [(0, 1), (1, 2), (1, 3), (ALL_CAPS, 1), (3, 4)])
def test_a_correction_that_takes_back_more_than_was_added_is_refused(said: int, taken_back: int) -> None:
    then_refused(*corrected(said, taken_back), Reason.UNSOUND)


@pytest.mark.parametrize(("said", "taken_back"), [(0, 0), (3, 0), (3, 1), (3, 3), (ALL_CAPS, ALL_CAPS), (1, ALL_CAPS)])
def test_one_that_takes_back_no_more_is_accepted(said: int, taken_back: int) -> None:
    assert when(*corrected(said, taken_back)) == ACCEPTED


def test_a_tally_in_releases_needs_the_consent_to_small_counts() -> None:
    record = with_cap(Chain().peek(TALLY), Cap.NATION)
    then_refused(AgencyState(TOTALS), record, Reason.SMALL_COUNT)
    assert when(AgencyState(CONSENTING), record) == ACCEPTED
    assert when(AgencyState(TOTALS), with_cap(record, ALL_CAPS)) == ACCEPTED, "of before caps: in no release"


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
    taken_back(chain, state, ALL_CAPS, parse_period("2026Q2"))
    assert when(state, with_cap(chain.peek(TALLY), Cap.NATION)._replace(period=parse_period("2026Q2"))) == ACCEPTED
