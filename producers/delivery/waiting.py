"""How long the edge waits, and when it sends again.

Pure: the time is passed in (seconds of any steady clock).

Sending again is harmless, because the gate recognises repetitions, but it costs. So it happens at
once only when the gate states that it waits for an event; otherwise after a pause that doubles each
time. Waiting always ends, with the gate's own reason where it gave one.
"""

from dataclasses import dataclass, field
from enum import Enum

from exchange.core.admission.reasons import Reason


@dataclass(frozen=True, slots=True)
class WaitLimits:
    """The limits, in seconds."""

    poll_s: float = 1.0
    resend_after_s: float = 20.0
    """Without a receipt that accepts more; doubled each time."""
    blocked_s: float = 10.0
    """Without any receipt after the gate gave a reason and everything was sent again."""
    quiet_s: float = 90.0
    """Without anything accepted."""
    pauses_s: tuple[float, ...] = (1, 2, 4, 8, 15, 20, 20, 20)
    """Between attempts while the exchange cannot be reached."""

    @property
    def sends(self) -> int:
        """How often everything is sent at most while no receipt accepts more."""
        count, at_s = 1, self.resend_after_s
        while at_s < self.quiet_s:
            count, at_s = count + 1, at_s + self.resend_after_s * 2**count
        return count


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait, for a person: for what, how long so far and at most, and how often it has sent."""

    what: str
    elapsed_s: float
    at_most_s: float
    attempt: int
    attempts: int

    def __str__(self) -> str:
        """`waiting for a receipt of the exchange: 12 s of at most 90 s, attempt 1 of 3`."""
        return (
            f"waiting for {self.what}: {self.elapsed_s:.0f} s of at most {self.at_most_s:.0f} s, "
            f"attempt {self.attempt} of {self.attempts}"
        )


class Next(Enum):
    """What to do when there is nothing to send and nothing to read."""

    WAIT = "wait"
    SEND_AGAIN = "send again"
    GIVE_UP = "give up"


@dataclass(slots=True)
class Waiting:
    """What has happened since the last event was accepted."""

    patience: WaitLimits
    moved_s: float
    heard_s: float = 0.0
    sent_again_s: float = 0.0
    resends: int = 0
    blocked: tuple[int, Reason] | None = field(default=None)

    def moved(self, now_s: float) -> None:
        """Note that an event was accepted or repaired."""
        self.moved_s = self.heard_s = self.sent_again_s = now_s
        self.resends, self.blocked = 0, None

    def heard(self, now_s: float) -> None:
        """Note that a receipt came."""
        self.heard_s = now_s

    def refused(self, now_s: float, sequence: int, reason: Reason) -> bool:
        """Note that the gate waits for this sequence; returns whether to send again at once.

        That is so the first time only.
        """
        first = self.blocked is None or self.blocked[0] != sequence
        self.blocked = (sequence, reason)
        if first:
            self.sent_again_s = now_s
        return first

    def idle(self, now_s: float) -> Next:
        """What to do when there is nothing to send and nothing to read."""
        if now_s - self.moved_s >= self.patience.quiet_s:
            return Next.GIVE_UP
        if self.blocked and now_s - max(self.heard_s, self.sent_again_s) >= self.patience.blocked_s:
            return Next.GIVE_UP
        after_s = self.patience.resend_after_s * 2**self.resends
        if not self.blocked and now_s - self.sent_again_s >= after_s:
            self.sent_again_s, self.resends = now_s, self.resends + 1
            return Next.SEND_AGAIN
        return Next.WAIT

    def describe(self, now_s: float) -> Wait:
        """The wait in words, for a person."""
        limit = self.patience
        if self.blocked:  # everything was sent again at once; there is no third time
            what = f"the exchange to take event {self.blocked[0]}, which it refuses ({self.blocked[1]})"
            return Wait(what, now_s - max(self.heard_s, self.sent_again_s), limit.blocked_s, 2, 2)
        what = "a receipt of the exchange"
        return Wait(what, now_s - self.moved_s, limit.quiet_s, min(self.resends + 1, limit.sends), limit.sends)
