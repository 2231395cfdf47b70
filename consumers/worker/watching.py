"""The watch of one worker while `pulse` is assigned to it.

What is decided is in `consumers.status.alerts`.

Rules kept: a pulse that the agent reads counts, also one that comes before the open alerts are
read; a worker that `pulse` is not assigned to forgets everything and writes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog

from consumers.sections import WithReader
from consumers.status.alerts import Watch
from consumers.status.log_facts import LogFacts, look_at_topics
from consumers.status.open_alerts import read_alerts
from consumers.status.open_transactions import OpenTransactions
from consumers.status.reader import read_lives
from consumers.status.troubles import TOPIC, TRANSACTION
from exchange.core.admission.gate import Registration
from exchange.core.errors import ExchangeError
from exchange.engine.errors import TransactionOpen
from exchange.engine.log import Log
from exchange.engine.loop_time import loop_s
from exchange.engine.wall_clock import Clock, wall_ms
from exchange.wire.message import MessageUnreadable
from exchange.wire.pulse import Pulse, WorkerPulse, decode_any_pulse, encode_alert

LOOK_AT_LOG_S: Final = 10.0
"""How often the watch looks at what the topics themselves show."""
EARLY_MAX: Final = 1_000
"""Pulses that are kept while the open alerts cannot be read."""
logger = structlog.get_logger(__name__)


class Watching:
    """Give it every pulse by `observe`, and call `tick` every second or two."""

    def __init__(
        self,
        log: Log,
        silent_after_ms: int,
        lanes: Sequence[str],
        registered: Callable[[], Mapping[str, Registration] | None],
        *,
        partitions: int = 0,
        clock: Clock = wall_ms,
    ) -> None:
        self._log = log
        self._silent_after_ms = silent_after_ms
        self._lanes = lanes
        self._registered = registered
        self._partitions = partitions
        self._clock = clock
        self._topics = WithReader(log)
        self._looked_at_s = float("-inf")
        self._transactions = OpenTransactions(partitions)
        self._watch: Watch | None = None
        self._early: list[tuple[Pulse | WorkerPulse, int]] = []

    def observe(self, value: bytes) -> None:
        """Take a pulse that has just come in. One that is none counts for nothing."""
        try:
            pulse, now_ms = decode_any_pulse(value), self._clock()
        except MessageUnreadable as error:
            logger.warning("a record of `pulse` is no pulse", reason=str(error))
            return
        if self._watch is None:
            self._early.append((pulse, now_ms))
        else:
            self._watch.observe(pulse, now_ms)

    async def tick(self, *, mine: bool) -> list[tuple[bytes, bytes | None]]:
        """What to write to `alerts` now: alerts that began, tombstones of those that are over."""
        registered = self._registered()
        if not mine:
            self._watch, self._early = None, []
            await self._topics.close()
            return []
        if registered is None:  # a worker whose registry is not read yet cannot tell who is missing
            return []
        try:
            watch = self._watch = self._watch or await self._begun(registered)
        except TransactionOpen as error:  # the alerts wait; lanes have no need of them
            logger.warning("the open alerts cannot be read", reason=str(error))
            self._early = self._early[-EARLY_MAX:]
            return []
        if self._partitions and loop_s() - self._looked_at_s >= LOOK_AT_LOG_S:
            watch.observe_log(await self._look(registered))
        early, self._early = self._early, []
        for pulse, at_ms in early:
            watch.observe(pulse, at_ms)
        changes = watch.tick(self._clock())
        for subject, alert in changes:
            logger.warning("alert", subject=subject, kind=alert.kind.value if alert else "over")
        return [(subject.encode(), encode_alert(alert) if alert else None) for subject, alert in changes]

    async def _begun(self, registered: Mapping[str, Registration]) -> Watch:
        alerts = await read_alerts(self._log)
        lives = await read_lives(self._log, self._partitions) if self._partitions else None
        return Watch(self._silent_after_ms, self._clock(), alerts, lanes=self._lanes, registry=registered, lives=lives)

    async def _look(self, registered: Mapping[str, Registration]) -> LogFacts:
        """What the topics show; nothing where no broker answers."""
        self._looked_at_s = loop_s()
        try:
            reader = await self._topics.opened()
            found = await look_at_topics(reader, self._partitions, registered)
            held = await self._transactions.look(reader, registered)
        except ExchangeError as error:
            logger.warning("the topics could not be looked at", error=type(error).__name__)
            await self._topics.close()
            return LogFacts()
        return LogFacts(found | held.troubles, frozenset({TOPIC, TRANSACTION} if held.is_sure else {TOPIC}))
