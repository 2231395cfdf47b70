"""The lives of workers: which live now, and whether they end again and again.

A worker writes its own start, its life and the reason of its end to `pulse`. So the reason outlives
it, and any reader of the topic can see a crash loop, also where no worker lives. Pure: no I/O, no
clock. Times are milliseconds since 1970 by the reader's clock.

Rules kept:
- An end is a crash unless the worker was stopped. A worker that falls quiet has ended too: a killed
  process writes nothing.
- It is a crash loop after `CRASHES_MIN` crashes within `WINDOW_MS`, until no worker has crashed for
  `CALM_MS`.
- A worker counts as steady, in a crash loop too, once it has lived longer than those that crashed.

Not promised: that a frozen worker, which goes on later, was not counted as a crash meanwhile.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from consumers.status.troubles import UNDECIDED, WELL, Verdict, crash_loop, ledger_refused, not_running
from exchange.wire.pulse import WorkerPulse

QUIET_MS_MAX: Final = 15_000
"""A worker, or a lane, counts as ended that sends no pulse for longer."""
CRASHES_MIN: Final = 3
WINDOW_MS: Final = 30 * 60_000
CALM_MS: Final = 6 * 60_000
"""Longer than the longest pause that a usual supervisor makes before it starts a worker again."""
STEADY_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class _Life:
    """A worker's newest pulse, and when it came in."""

    newest: WorkerPulse
    seen_ms: int

    @property
    def lasted_ms(self) -> int:
        return max(0, self.newest.at_ms - self.newest.started_ms)

    def is_over(self, now_ms: int) -> bool:
        return self.newest.ended or now_ms - self.seen_ms > QUIET_MS_MAX

    def crashed(self, now_ms: int) -> bool:
        return self.is_over(now_ms) and not (self.newest.ended and not self.newest.reason)


class WorkerLives:
    """Give it the pulses of workers by `observe`.

    A pulse that comes twice or late changes nothing.
    """

    def __init__(self) -> None:
        self._lives: dict[str, _Life] = {}

    def observe(self, pulse: WorkerPulse, seen_ms: int) -> None:
        """Take a pulse. `seen_ms`: when it came in."""
        life = self._lives.get(pulse.worker)
        if life is None or (pulse.at_ms, pulse.ended) > (life.newest.at_ms, life.newest.ended):
            self._lives[pulse.worker] = _Life(pulse, seen_ms)

    def ended(self, worker: str) -> bool:
        """Whether this worker wrote that it ended."""
        life = self._lives.get(worker)
        return life is not None and life.newest.ended

    def oldest_start_ms(self, now_ms: int) -> int | None:
        """When the oldest worker that lives now was started; None if none lives."""
        return min((life.newest.started_ms for life in self._living(now_ms)), default=None)

    def running(self, now_ms: int) -> bool:
        """Whether a worker lives, and is not just the next one of a crash loop."""
        steady_ms = max([STEADY_MS, *(2 * life.lasted_ms for life in self._crashes(now_ms))])
        loop = self._in_a_loop(now_ms)
        return any(not loop or life.lasted_ms >= steady_ms for life in self._living(now_ms))

    def judge_ledger(self, now_ms: int) -> Verdict:
        """The verdict about the ledger: whether the witness of a living worker refuses it."""
        living = [life.newest for life in self._living(now_ms)]
        refusing = {one.worker: one.refuses for one in living if one.refuses}
        if refusing:
            return Verdict(ledger_refused(list(refusing), refusing[min(refusing)]))
        return WELL if any(one.remembers is not None for one in living) else UNDECIDED

    def judge(self, now_ms: int, started_ms: int) -> Verdict:
        """The verdict about the workers. `started_ms`: since when the caller has been looking."""
        self._forget(now_ms)
        crashes = self._crashes(now_ms)
        reason = crashes[-1].newest.reason if crashes else ""
        if self._in_a_loop(now_ms):
            return Verdict(crash_loop(len(crashes), WINDOW_MS // 60_000, reason))
        if any(self._living(now_ms)):
            return WELL
        return Verdict(not_running(reason)) if now_ms - started_ms > QUIET_MS_MAX else UNDECIDED

    def _in_a_loop(self, now_ms: int) -> bool:
        crashes = self._crashes(now_ms)
        return len(crashes) >= CRASHES_MIN and now_ms - crashes[-1].seen_ms <= CALM_MS

    def _living(self, now_ms: int) -> Iterator[_Life]:
        return (life for life in self._lives.values() if not life.is_over(now_ms))

    def _crashes(self, now_ms: int) -> list[_Life]:
        """The crashes of the window, the last one last."""
        recent = (life for life in self._lives.values() if now_ms - life.seen_ms <= WINDOW_MS)
        return sorted((life for life in recent if life.crashed(now_ms)), key=lambda life: life.seen_ms)

    def _forget(self, now_ms: int) -> None:
        self._lives = {name: life for name, life in self._lives.items() if now_ms - life.seen_ms <= WINDOW_MS}
