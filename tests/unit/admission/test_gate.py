"""The gate's verdicts, reason by reason: accepted events and a record give a verdict and state."""

from copy import deepcopy
from dataclasses import replace

import pytest

from exchange.core.admission.gate import (
    ACCEPTED,
    DUPLICATE,
    SKIPPED,
    AgencyState,
    Refused,
    Registration,
    Status,
    Unreadable,
)
from exchange.core.admission.reasons import EXPLAINED, Reason
from exchange.core.model import events as e
from exchange.core.model.chain import Head
from exchange.core.model.events import Tally
from exchange.core.model.period import LAST
from exchange.core.model.tally_tables import TallyTable
from exchange.core.model.vocabulary import LegalClass
from tests.kits.gate_world import (
    FOOD,
    INDIVIDUAL,
    NEED,
    PROFILE,
    Q1,
    Q2,
    TALLY,
    TOTALS,
    YEAR,
    YEAR_ONLY,
    Chain,
    digest,
    given,
    made,
    registration,
    then_refused,
    when,
)


def test_events_that_follow_one_another_are_accepted() -> None:
    chain = Chain(b"random bytes of the vault's own.")
    state = given(chain, [NEED, PROFILE])
    assert state.head == Head(2, chain.previous)
    assert state.refused is None
    assert state.digests.holds(1, chain.sent[1].digest)


def test_the_same_bytes_again_are_a_duplicate_and_change_nothing() -> None:
    chain = Chain()
    state = given(chain, [NEED, PROFILE])
    before = deepcopy(state)
    assert [when(state, record) for record in chain.sent.values()] == [DUPLICATE, DUPLICATE]
    assert state == before


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_next_step(reason: Reason) -> None:
    assert EXPLAINED[reason].endswith(".")


@pytest.mark.parametrize(
    "reason", [Reason.NOT_REGISTERED, Reason.SUSPENDED, Reason.UNKNOWN_KEY, Reason.BAD_SIGNATURE], ids=str
)
def test_what_only_the_operator_can_end_names_the_command(reason: Reason) -> None:
    assert "`exchange agencies add" in EXPLAINED[reason]


@pytest.mark.parametrize(
    "reason",
    [
        Reason.WRONG_KEY,
        Reason.HAS_HEADERS,
        Reason.OVERSIZED,
        Reason.UNKNOWN_SCHEMA,
        Reason.UNREADABLE,
        Reason.NOT_CANONICAL,
        Reason.OUT_OF_RANGE,
    ],
)
def test_an_unreadable_record_counts_as_the_next_and_is_refused_with_its_reason(reason: Reason) -> None:
    then_refused(given(Chain(), [NEED]), Unreadable(reason), reason)


def test_nothing_is_taken_from_an_agency_that_is_not_registered() -> None:
    then_refused(AgencyState(None), Chain().next(NEED), Reason.NOT_REGISTERED)


def test_nothing_is_taken_from_a_suspended_agency_until_it_is_active_again() -> None:
    chain = Chain()
    state = given(chain, [NEED])
    state.registration = replace(INDIVIDUAL, status=Status.SUSPENDED)
    record = chain.peek(PROFILE)
    then_refused(state, record, Reason.SUSPENDED)
    state.registration = INDIVIDUAL
    assert when(state, record) == ACCEPTED


@pytest.mark.parametrize("wrong", [{"period": LAST + 1}, {"period": 0}, {"cap": 64}, {"cap": -1}])
def test_a_head_out_of_range_is_refused(wrong: dict[str, int]) -> None:
    chain = Chain()
    state = given(chain, [NEED])
    then_refused(state, chain.next(PROFILE)._replace(**wrong), Reason.OUT_OF_RANGE)


def test_sequences_start_at_one() -> None:
    then_refused(AgencyState(INDIVIDUAL), Chain().next(NEED)._replace(sequence=0), Reason.OUT_OF_RANGE)


def test_an_event_behind_a_missing_one_is_a_gap() -> None:
    chain = Chain()
    state = given(chain, [NEED])
    chain.next(FOOD)
    then_refused(state, chain.next(PROFILE), Reason.GAP)


def test_an_event_that_names_another_digest_does_not_follow() -> None:
    chain = Chain()
    state = given(chain, [NEED])
    then_refused(state, chain.next(PROFILE)._replace(previous=bytes(32)), Reason.WRONG_PREVIOUS)


def test_other_bytes_under_a_taken_sequence_are_a_fork() -> None:
    chain = Chain()
    state = given(chain, [NEED, PROFILE])
    copy = Chain()
    then_refused(state, copy.next(FOOD), Reason.FORKED)


def test_a_flood_of_forked_records_is_reported_once() -> None:
    """Each refusal is permanent: a copied vault that publishes must not fill the quarantine."""
    chain, copy = Chain(), Chain()
    state = given(chain, [NEED, PROFILE, NEED])
    then_refused(state, copy.next(FOOD), Reason.FORKED)
    assert [when(state, copy.next(FOOD)) for _ in range(2)] == [SKIPPED, SKIPPED]
    assert when(state, copy.next(FOOD)._replace(sequence=0)) == SKIPPED
    assert when(state, chain.next(FOOD)) == ACCEPTED
    then_refused(state, Chain().next(FOOD), Reason.FORKED)


def test_a_fork_is_reported_even_while_records_are_skipped() -> None:
    chain = Chain()
    state = given(chain, [NEED])
    chain.next(FOOD)
    then_refused(state, chain.next(PROFILE), Reason.GAP)
    then_refused(state, Chain().next(FOOD), Reason.FORKED)


def test_after_a_refusal_records_are_skipped_until_one_extends_the_head_again() -> None:
    chain = Chain()
    state = given(chain, [NEED])
    spoilt = made(e.FactorObserved, "not_applicable")
    then_refused(state, chain.peek(spoilt), Reason.UNSOUND)
    behind = Chain()
    behind.sequence, behind.previous = 2, digest("the refused one")
    assert [when(state, behind.next(FOOD)), when(state, behind.next(PROFILE))] == [SKIPPED, SKIPPED]
    assert when(state, Unreadable(Reason.UNREADABLE)) == SKIPPED
    assert state.refused == Refused(2, Reason.UNSOUND)
    assert [when(state, chain.next(FOOD)), when(state, chain.next(PROFILE))] == [ACCEPTED, ACCEPTED]
    assert state.refused is None


def test_a_tally_of_another_length_than_its_table_is_refused() -> None:
    then_refused(AgencyState(TOTALS), Chain().next(Tally(TallyTable.cases, (25, 1))), Reason.UNSOUND)


@pytest.mark.parametrize("registered", [INDIVIDUAL, YEAR_ONLY])
def test_an_agency_that_sends_events_sends_no_tally(registered: Registration) -> None:
    then_refused(AgencyState(registered), Chain().next(TALLY, YEAR), Reason.TALLY_NOT_ALLOWED)


@pytest.mark.parametrize("n", [1, 10])
def test_a_small_count_needs_the_counsels_consent(n: int) -> None:
    small = Tally(TallyTable.cases, (n,))
    then_refused(AgencyState(TOTALS), Chain().next(small), Reason.SMALL_COUNT)
    given(Chain(), [small], registration(LegalClass.tally_only, small_counts=True))


@pytest.mark.parametrize("n", [0, 11])
def test_zero_and_eleven_are_not_small(n: int) -> None:
    given(Chain(), [Tally(TallyTable.cases, (n,))], TOTALS)


def test_a_second_tally_of_a_table_period_and_state_waits_for_the_retraction_of_the_first() -> None:
    chain = Chain()
    state = given(chain, [TALLY], TOTALS)
    then_refused(state, chain.peek(Tally(TallyTable.cases, (30,))), Reason.TALLY_REPEATED)
    for other in (
        chain.next(TALLY, Q2),
        chain.next(TALLY, Q1, "ny"),
        chain.next(Tally(TallyTable.cases_by_gender, (11,) * 11)),
    ):
        assert when(state, other) == ACCEPTED
    assert when(state, chain.next(chain.correction(1))) == ACCEPTED
    assert when(state, chain.next(Tally(TallyTable.cases, (30,)))) == ACCEPTED
    then_refused(state, chain.peek(TALLY), Reason.TALLY_REPEATED)


@pytest.mark.parametrize(
    ("first", "second"), [(Q1, YEAR), (YEAR + 4, YEAR), (YEAR, Q1), (YEAR, Q2), (YEAR, YEAR + 3), (YEAR, YEAR + 4)]
)
def test_a_years_tally_and_its_quarters_exclude_each_other(first: int, second: int) -> None:
    chain = Chain()
    state = AgencyState(TOTALS)
    assert when(state, chain.next(TALLY, first)) == ACCEPTED
    then_refused(state, chain.peek(TALLY, second), Reason.TALLY_OVERLAPS)
    assert when(state, chain.next(TALLY, second + 5)) == ACCEPTED, "another year"
    assert when(state, chain.next(TALLY, second, "ny")) == ACCEPTED, "another state"


def test_a_correction_takes_back_an_accepted_event_once() -> None:
    chain = Chain()
    state = given(chain, [NEED, PROFILE])
    assert when(state, chain.next(chain.correction(1))) == ACCEPTED
    assert state.digests.is_retracted(1)
    assert not state.digests.is_retracted(2)
    then_refused(state, chain.peek(chain.correction(1)), Reason.CORRECTS_RETRACTED)


@pytest.mark.parametrize(
    "wrong",
    [{"sequence": 0}, {"sequence": 3}, {"sequence": 9}, {"previous": b"p" * 32}, {"body": FOOD}, {"sequence": 2}],
)
def test_a_correction_restates_exactly_what_was_accepted(wrong: dict[str, object]) -> None:
    chain = Chain()
    state = given(chain, [NEED, PROFILE])
    body = replace(chain.correction(1), **wrong)
    then_refused(state, chain.next(body), Reason.CORRECTS_UNKNOWN)


@pytest.mark.parametrize("wrong", [{"period": Q2}, {"state": "ny"}])
def test_a_corrections_head_repeats_period_and_state(wrong: dict[str, object]) -> None:
    chain = Chain()
    state = given(chain, [NEED])
    record = chain.next(chain.correction(1))._replace(**wrong)
    then_refused(state, record, Reason.UNSOUND)


def test_a_retracted_sequence_is_a_duplicate_whatever_comes_again_under_it() -> None:
    chain = Chain()
    state = given(chain, [NEED])
    assert when(state, chain.next(chain.correction(1))) == ACCEPTED
    before = deepcopy(state)
    assert when(state, chain.sent[1]) == DUPLICATE
    assert state == before
