"""Practice: one agency code that no exchange is ever reached with.

Rules kept: a vault keeps its agency for ever, and the edge makes no way to Kafka for this code. So
nothing that was made for practice can be published, whatever a profile says.
"""

from typing import Final

from producers.errors import EdgeError
from producers.profile import Profile

PRACTICE: Final = "practice"
NOTICE: Final = "PRACTICE: made-up data in a folder of its own. Nothing reaches a real exchange."


class PracticeOnly(EdgeError):
    """The agency `practice` is for practice alone and reaches no exchange. Nothing was sent."""

    hint = "Use the commands of `exchange edge init --practice`, or a profile with your own agency code."


def is_practice(profile: Profile) -> bool:
    """Whether a profile is for practice."""
    return profile.agency == PRACTICE


def expect_no_practice(profile: Profile) -> None:
    """Raise PracticeOnly before a way to an exchange is made."""
    if is_practice(profile):
        raise PracticeOnly
