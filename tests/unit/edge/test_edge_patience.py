"""How the edge waits: bounded, doubling, at once only when the gate says so.

The time is a number.
"""

import pytest

from exchange.core.admission.reasons import Reason
from producers.delivery.waiting import Next, Waiting, WaitLimits

PATIENCE = WaitLimits(resend_after_s=10, blocked_s=10, quiet_s=90)


def waited(seconds: range, waiting: Waiting) -> list[int]:
    """When it sends again."""
    return [now for now in seconds if waiting.idle(float(now)) is Next.SEND_AGAIN]


def test_it_sends_again_after_a_while_that_doubles() -> None:
    assert waited(range(90), Waiting(PATIENCE, 0.0)) == [10, 30, 70]


def test_it_gives_up_after_quiet_s() -> None:
    waiting = Waiting(PATIENCE, 0.0)
    assert waiting.idle(89.9) is not Next.GIVE_UP
    assert waiting.idle(90.0) is Next.GIVE_UP


def test_moving_on_begins_anew() -> None:
    waiting = Waiting(PATIENCE, 0.0)
    waited(range(80), waiting)
    waiting.moved(80.0)
    assert waited(range(80, 160), waiting) == [90, 110, 150]


def test_a_reason_sends_again_at_once_but_once() -> None:
    waiting = Waiting(PATIENCE, 0.0)
    assert waiting.refused(1.0, 5, Reason.GAP)
    assert not waiting.refused(2.0, 5, Reason.GAP)
    waiting.moved(3.0)
    assert waiting.refused(4.0, 5, Reason.GAP)


def test_a_reason_at_another_place_sends_again() -> None:
    waiting = Waiting(PATIENCE, 0.0)
    assert waiting.refused(1.0, 5, Reason.GAP)
    assert waiting.refused(2.0, 6, Reason.GAP)


def test_a_reason_that_stays_ends_soon_after_the_last_receipt() -> None:
    waiting = Waiting(PATIENCE, 0.0)
    waiting.refused(0.0, 5, Reason.SUSPENDED)
    waiting.heard(5.0)
    assert waiting.idle(14.9) is Next.WAIT
    assert waiting.idle(15.0) is Next.GIVE_UP


@pytest.mark.parametrize(
    ("resend_after_s", "quiet_s"), [(20.0, 90.0), (20.0, 20.0), (5.0, 300.0), (1.0, 2.0), (7.0, 50.0)]
)
def test_as_many_attempts_are_reported_as_are_made(resend_after_s: float, quiet_s: float) -> None:
    patience = WaitLimits(resend_after_s=resend_after_s, quiet_s=quiet_s)
    waiting, attempts, now_s = Waiting(patience, 0.0), 1, 0.0
    while (what := waiting.idle(now_s)) is not Next.GIVE_UP:
        attempts += what is Next.SEND_AGAIN
        told = waiting.describe(now_s)
        assert (told.attempt, told.attempts, told.elapsed_s) == (attempts, patience.sends, now_s)
        now_s += 0.5
    assert attempts == patience.sends


def test_what_the_gate_waits_for_is_named_with_its_reason() -> None:
    waiting = Waiting(WaitLimits(), 0.0)
    waiting.refused(1.0, 7, Reason.SUSPENDED)
    said = "waiting for the exchange to take event 7, which it refuses (suspended): 2 s of at most 10 s, attempt 2 of 2"
    assert str(waiting.describe(3.0)) == said
    assert waiting.idle(10.9) is not Next.GIVE_UP
    assert waiting.idle(11.0) is Next.GIVE_UP
