"""The watch of one worker while `pulse` is assigned to it.

What is decided is in `consumers.status.alerts`.

Rules kept: a pulse that the agent reads counts, also one that comes before the open alerts are
read; a worker that `pulse` is not assigned to forgets everything and writes nothing.
"""

from collections.abc import Mapping, Sequence

import structlog

from consumers.status.alerts import Watch, read_alerts
from exchange.core.admission.gate import Registration
from exchange.engine.log import Log
from exchange.engine.wall_clock import Clock, wall_ms
from exchange.wire.pulse import Pulse, decode_pulse, encode_alert

logger = structlog.get_logger(__name__)


class Watching:
    """Give it every pulse by `observe`, and call `tick` every second or two."""

    def __init__(
        self,
        log: Log,
        silent_after_ms: int,
        lanes: Sequence[str],
        registered: Mapping[str, Registration],
        *,
        clock: Clock = wall_ms,
    ) -> None:
        self._log = log
        self._silent_after_ms = silent_after_ms
        self._lanes = lanes
        self._registered = registered
        self._clock = clock
        self._watch: Watch | None = None
        self._early: list[tuple[Pulse, int]] = []

    def observe(self, value: bytes) -> None:
        """Take a pulse that has just come in."""
        pulse, now_ms = decode_pulse(value), self._clock()
        if self._watch is None:
            self._early.append((pulse, now_ms))
        else:
            self._watch.observe(pulse, now_ms)

    async def tick(self, *, mine: bool) -> list[tuple[bytes, bytes | None]]:
        """What to write to `alerts` now: alerts that began, tombstones of those that are over."""
        if not mine:
            self._watch, self._early = None, []
            return []
        watch = self._watch = self._watch or await self._begun()
        early, self._early = self._early, []
        for pulse, at_ms in early:
            watch.observe(pulse, at_ms)
        changes = watch.tick(self._clock())
        for subject, alert in changes:
            logger.warning("alert", subject=subject, kind=alert.kind.value if alert else "over")
        return [(subject.encode(), encode_alert(alert) if alert else None) for subject, alert in changes]

    async def _begun(self) -> Watch:
        alerts = await read_alerts(self._log)
        return Watch(self._silent_after_ms, self._clock(), alerts, lanes=self._lanes, registry=self._registered)
