"""A refused command is an alert only where its reason lies in the exchange itself."""

import pytest

from consumers.release.draws_state import DrawsState
from exchange.core.release.closing import ABOUT_THE_COMMAND, REFUSALS
from exchange.core.release.cuts import Cut
from exchange.wire.release_records import Spent


def after(*refusals: str) -> DrawsState:
    """The state after these commands; an empty text is a closed epoch."""
    return DrawsState(commands={n: Spent(n + 1, 0, n, n, refused, 0, Cut(), ()) for n, refused in enumerate(refusals)})


def test_a_repeated_or_early_command_hinders_nothing_and_is_shown_all_the_same() -> None:
    for reason in sorted(ABOUT_THE_COMMAND):
        assert (after("", reason).hindered, after("", reason).refused) == ("", reason)


@pytest.mark.parametrize("reason", sorted(REFUSALS.keys() - ABOUT_THE_COMMAND))
def test_a_reason_in_the_exchange_hinders_until_an_epoch_is_closed(reason: str) -> None:
    assert after("", reason).hindered == reason
    assert after("", reason, "EpochClosed").hindered == reason
    assert after(reason, "", "EpochClosed").hindered == ""


def test_a_reason_of_a_newer_worker_hinders() -> None:
    assert after("", "MoonNotFull").hindered == "MoonNotFull"
