"""Months closed in memory.

What the release lane, the publisher and the derive service do, with the functions that they call.

For each month: decide about the command, count what arrived, add noise, record the draw in `draws`,
copy it to `releases`, derive the points of `metrics`. Nothing runs beside the caller: when `close`
returns, all of it is in the log.
"""

from collections.abc import Sequence
from fractions import Fraction

from consumers.metrics.derive import Intake, encoded, usability_of
from consumers.release.draw_task import Noise, carry_out
from consumers.release.draws_state import DrawsFollower
from consumers.release.release_lane import payment
from exchange.core.model.epochs import ends_ms
from exchange.core.release.closed_epochs import Moment
from exchange.core.release.closing import CloseRefused, Draw, decide_close
from exchange.engine.log import Partition
from exchange.testing.memory_broker import MemoryBroker
from exchange.testing.memory_log import MemoryLog
from exchange.wire.release_records import Asker, Close, encode_close, encode_spent, ledger_part
from exchange.wire.topics import AGENCIES, DRAWS, EPOCHS, EVENTS, METRICS, RELEASES

OF_AGENCIES, OF_DRAWS, OF_EPOCHS, OF_EVENTS, OF_METRICS, OF_RELEASES = (
    Partition(topic, 0) for topic in (AGENCIES, DRAWS, EPOCHS, EVENTS, METRICS, RELEASES)
)


def no_noise(_scale: Fraction, length: int) -> Sequence[int]:
    """Zeros in place of noise, so that a test knows the figures. For exchanges in memory only."""
    return [0] * length


class MemoryReleases:
    """The releases of one exchange in memory."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker
        self._log = MemoryLog(broker)
        self._intake = Intake()

    async def last_closed(self) -> int | None:
        """The last closed epoch; None before the first."""
        return (await self._draws()).read.closed.last_epoch

    async def close(self, epoch: int, noise: Noise) -> None:
        """Close one month. Raises the error for which a release lane refuses the command."""
        follower = await self._draws()
        ends = [self._broker.end_of(source) for source in (OF_EVENTS, OF_AGENCIES)]
        at_ms = ends_ms(epoch) + 1
        decision = decide_close(follower.read.closed, epoch, Moment(at_ms, (ends[0],), ends[1], self._broker.cluster))
        if isinstance(decision, CloseRefused):
            raise decision.error
        command = self._broker.end_of(OF_EPOCHS)
        self._broker.append(OF_EPOCHS, (None, encode_close(Close(epoch, Asker.OPERATOR, at_ms))))
        await self._draw(command, decision, noise)
        await self._publish(epoch)
        self._derive()

    async def _draws(self) -> DrawsFollower:
        follower = DrawsFollower(await self._log.reader())
        await follower.catch_up()
        return follower

    async def _draw(self, command: int, decision: Draw, noise: Noise) -> None:
        drawn = await carry_out(self._log, decision.task, noise, lambda _: None)
        spent = encode_spent(payment(command, decision, drawn))
        self._broker.append(OF_DRAWS, *drawn.parts, (ledger_part(command), spent))

    async def _publish(self, epoch: int) -> None:
        parts = [part for part in (await self._draws()).read.parts if part.epoch == epoch]
        before = self._broker.end_of(OF_RELEASES)
        self._broker.append(OF_RELEASES, *((part.key, part.value) for part in parts), at_ms=ends_ms(epoch))
        self._intake.take(r for r in self._broker.committed(OF_RELEASES) if r.offset >= before)

    def _derive(self) -> None:
        released = self._intake.released
        usability = usability_of(released)
        for epoch in sorted(self._intake.pending):
            self._broker.append(OF_METRICS, *encoded(released, epoch, usability), at_ms=ends_ms(epoch))
        self._intake.pending.clear()
