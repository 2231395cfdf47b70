"""What each receipt means: the whole decision, case by case."""

import pytest

from exchange.core.admission.gate import Refused
from exchange.core.admission.reasons import Reason
from exchange.core.model.chain import Head
from exchange.wire.records import Receipt
from producers.delivery.receipts import REPAIRABLE, Delivered, Fork, Mark, Repair, Replay, Resend, meaning_of
from producers.vault.chain_row import Kind

OWN, OTHER = bytes([1]) * 32, bytes([2]) * 32
AT_4 = Head(4, OWN)


def refused(reason: Reason, sequence: int = 5) -> Receipt:
    return Receipt(AT_4, Refused(sequence, reason))


def test_an_equal_digest_delivers() -> None:
    assert meaning_of(Receipt(AT_4), OWN, None) == Delivered(4)


def test_nothing_accepted_yet_delivers_nothing() -> None:
    assert meaning_of(Receipt(Head()), None, Kind.EVENT) == Delivered(0)


@pytest.mark.parametrize("own", [OTHER, None])
def test_another_or_no_digest_is_never_delivered(own: bytes | None) -> None:
    assert meaning_of(Receipt(AT_4), own, Kind.EVENT) == Replay()


@pytest.mark.parametrize("own", [OWN, OTHER, None])
def test_forked_goes_before_everything(own: bytes | None) -> None:
    assert meaning_of(refused(Reason.FORKED, 2), own, Kind.EVENT) == Fork()


@pytest.mark.parametrize("reason", sorted(REPAIRABLE))
@pytest.mark.parametrize("kind", [Kind.EVENT, Kind.CORRECTION])
def test_what_is_at_fault_itself_is_repaired(reason: Reason, kind: Kind) -> None:
    assert meaning_of(refused(reason), OWN, kind) == Repair(5, reason)


@pytest.mark.parametrize("reason", sorted(REPAIRABLE))
def test_a_heartbeat_in_its_place_means_that_the_receipt_is_old(reason: Reason) -> None:
    assert meaning_of(refused(reason), OWN, Kind.HEARTBEAT) == Delivered(4)


@pytest.mark.parametrize("reason", sorted(REPAIRABLE))
def test_a_refusal_of_what_the_vault_does_not_hold_is_marked(reason: Reason) -> None:
    assert meaning_of(refused(reason), OWN, None) == Mark()


@pytest.mark.parametrize("reason", sorted(set(Reason) - REPAIRABLE - {Reason.FORKED}))
@pytest.mark.parametrize("kind", [Kind.EVENT, Kind.HEARTBEAT, None])
def test_every_other_reason_sends_again_and_drops_nothing(reason: Reason, kind: Kind | None) -> None:
    assert meaning_of(refused(reason), OWN, kind) == Resend(4, reason)


def test_a_refusal_is_never_acted_upon_behind_another_head() -> None:
    assert meaning_of(refused(Reason.UNSOUND), OTHER, Kind.EVENT) == Replay()


def test_a_refusal_of_another_place_than_the_next_is_not_acted_upon() -> None:
    assert meaning_of(refused(Reason.UNSOUND, 7), OWN, Kind.EVENT) == Delivered(4)
