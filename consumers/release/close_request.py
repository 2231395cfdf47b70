"""Ask for an epoch to be closed, and wait until it is public or refused.

An operator's command and a trial do this.

Promised: a command that was written stays written, and to stop waiting changes nothing. So waiting
goes on if brokers do not answer for a while. Several callers may ask at once: each follows its own
command, and the lane refuses all but the first.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Final

from consumers.release.draws_state import DrawsFollower
from consumers.release.history import public_keys
from consumers.release.release_lane import COMMANDS
from consumers.release.witness_file import WitnessFiles
from consumers.release.witnessed import witnessed_draws
from exchange.core.errors import ExchangeError
from exchange.core.release.closed_epochs import Closed, check_cluster
from exchange.engine.errors import EngineError, LogUnavailable
from exchange.engine.lanes.progress import LaneState
from exchange.engine.log import Log, Partition
from exchange.engine.loop_time import loop_s
from exchange.engine.reading import decided_ends, read_to
from exchange.engine.wall_clock import wall_ms
from exchange.wire.message import MessageUnreadable
from exchange.wire.pulse import decode_pulse
from exchange.wire.release_records import Asker, Close, Spent, encode_close
from exchange.wire.topics import EPOCHS, PULSE, LaneName

PULSES: Final = Partition(PULSE, 0)
LOOK_S: Final = 0.2
LOOK_AT_LANE_S: Final = 5.0
"""Seconds between two looks at the pulse of the lane that is waited for."""
PULSE_MS_MAX: Final = 15_000
"""A pulse that is older, or says that its lane got nowhere for so long, is no sign of work."""
PULSES_MAX: Final = 2_000
"""Offsets of `pulse` that are read back: more than many workers with many lanes write meanwhile."""
FAILURES_MAX: Final = 5
"""Failures of the brokers, in all, after which waiting for a closing ends."""


class Awaited(Enum):
    """The part of the exchange that a closing waits for."""

    LANE = "lane"
    PUBLISHER = "publisher"

    @property
    def lane(self) -> str:
        """The name of the lane that does it."""
        return (LaneName.RELEASE if self is Awaited.LANE else LaneName.PUBLISHER).at(0)


class CommandsLost(ExchangeError):
    """`epochs` ends before commands that were handled: it was truncated or created again.

    Nothing was written.
    """

    hint = (
        "Put `epochs` back from a replica, or make a new cluster from the last archive with `exchange restore`: until then no"
        " epoch is closed, by hand or by the calendar."
    )


class ExchangeEmpty(ExchangeError):
    """No event ever reached this exchange whose first month is to be closed. Nothing is written."""

    hint = (
        "A closed month stays closed, and all before it with it. Wait for the first agency, or look whether this is the"
        " right cluster. If it is meant: `exchange release close MONTH --yes`."
    )


class OutcomeUnread(ExchangeError):
    """The command was written, and its outcome could not be read.

    It will be carried out, or has been.
    """

    hint = "Do not close the month again: `exchange release list` shows what became of the command."


@dataclass(frozen=True, slots=True)
class CloseResult:
    """The outcome of a command.

    `tables`: the number of tables drawn for the epoch; 0 if it was refused. `unseen`: why it could
    not be seen whether they are public; mostly empty.
    """

    spent: Spent
    tables: int
    unseen: str = ""


async def close_epoch(
    log: Log,
    epoch: int,
    by: Asker = Asker.OPERATOR,
    waits: Callable[[Awaited], None] = lambda _: None,
    *,
    works: Callable[[], None] | None = None,
    witness: WitnessFiles | None = None,
    events: Sequence[Partition] = (),
) -> CloseResult:
    """Write the command and wait until it is carried out and public, or refused.

    `events`: its partitions, for a caller who wants no first month closed before there is an event.

    Raises CommandsLost, ExchangeEmpty or NotAuthorized, and as `check_cluster` and the witness of
    this host do, before anything is written; OutcomeUnread if brokers fail before the outcome is
    known. Once the epoch is closed and paid, nothing is raised any more.

    `waits`: called at every look, with the part that the closing waits for. `works`: called every
    few seconds in which that part's lane gets on.
    """
    following = _Following(log, await _ask(log, epoch, by, witness, events), epoch, waits, works)
    failures = 0
    while True:
        try:
            return await following.to_the_end()
        except LogUnavailable as error:
            failures += 1
            if failures > FAILURES_MAX:
                return following.so_far(error)
            await asyncio.sleep(LOOK_S)
        except EngineError as error:
            return following.so_far(error)


@dataclass(slots=True)
class _Following:
    """One command, and how far it was seen to be."""

    log: Log
    offset: int
    epoch: int
    waits: Callable[[Awaited], None]
    works: Callable[[], None] | None
    spent: Spent | None = None
    tables: int = 0
    looked_s: float = field(default_factory=loop_s)

    async def to_the_end(self) -> CloseResult:
        """Look until the command is refused, or carried out and public."""
        async with AsyncExitStack() as resources:
            draws, releases = await self.log.reader(), await self.log.reader()
            resources.push_async_callback(draws.close)
            resources.push_async_callback(releases.close)
            follower = DrawsFollower(draws)
            while True:
                closings = await follower.catch_up()
                self.spent = spent = closings.commands.get(self.offset)
                if spent is not None and spent.refused:
                    return CloseResult(spent, 0)
                wanted = {part.key for part in closings.parts if part.epoch == self.epoch}
                self.tables = len(wanted)
                if spent is not None and wanted <= await public_keys(releases):
                    return CloseResult(spent, len(wanted))
                awaited = Awaited.LANE if spent is None else Awaited.PUBLISHER
                self.waits(awaited)
                await self._look_at(awaited)
                await asyncio.sleep(LOOK_S)

    async def _look_at(self, awaited: Awaited) -> None:
        """Say now and then that its lane works. Who may not read pulses waits all the same."""
        if self.works is None or loop_s() - self.looked_s < LOOK_AT_LANE_S:
            return
        self.looked_s = loop_s()
        with suppress(EngineError):
            if await gets_on(self.log, awaited.lane, wall_ms()):
                self.works()

    def so_far(self, error: EngineError) -> CloseResult:
        """What is known when an error ends the looking. Raises OutcomeUnread if that is nothing."""
        if self.spent is None:
            raise OutcomeUnread(f"The command was written, and its outcome could not be read: {error}") from None
        return CloseResult(self.spent, self.tables, unseen=str(error))


async def gets_on(log: Log, lane: str, now_ms: int) -> bool:
    """Whether the newest pulse of a lane is of the last seconds, and says that the lane works."""
    reader, pulse = await log.reader(), b""
    try:
        if not await reader.present([PULSES]):
            return False
        begin, end = (await reader.beginning_offsets([PULSES]))[PULSES], (await reader.stable_offsets([PULSES]))[PULSES]
        reader.assign([PULSES])
        reader.seek(PULSES, max(begin, end - PULSES_MAX))
        async for _, records in read_to(reader, {PULSES: end}):
            pulse = next((r.value for r in reversed(records) if r.key == lane.encode() and r.value), pulse)
    finally:
        await reader.close()
    return bool(pulse) and _says_so(pulse, now_ms)


def _says_so(value: bytes, now_ms: int) -> bool:
    try:
        pulse = decode_pulse(value)
    except MessageUnreadable:
        return False
    recent = abs(now_ms - pulse.at_ms) <= PULSE_MS_MAX
    return recent and pulse.state == LaneState.RUNNING and pulse.stuck_ms <= PULSE_MS_MAX


def _compare(witness: WitnessFiles | None, closed: Closed, cluster: str) -> None:
    check_cluster(closed, cluster)
    if witness is not None:
        witness.compares(closed, cluster)


async def _ask(log: Log, epoch: int, by: Asker, witness: WitnessFiles | None, events: Sequence[Partition]) -> int:
    """Write the command. Returns its offset, which may lie behind the commands of others."""
    command = Close(epoch, by, wall_ms())
    reader, draws = await log.reader(), await log.reader()
    try:
        await public_keys(reader)  # whoever may not read them learns it now, not after the budget is spent
        closed = (await witnessed_draws(DrawsFollower(draws), log, partial(_compare, witness))).closed
        if closed.last_epoch is None and events and not any((await reader.end_offsets(events)).values()):
            raise ExchangeEmpty
        handled = closed.position
        before = (await reader.end_offsets([COMMANDS]))[COMMANDS]
        if before < handled:  # the outcome of an old command is recorded at the new command's offset
            raise CommandsLost(f"{EPOCHS} ends at offset {before}, and commands up to {handled} were handled.")
        await write_command(log, command)
        reader.assign([COMMANDS])
        reader.seek(COMMANDS, before)
        async for _, records in read_to(reader, await decided_ends(reader, [COMMANDS])):
            for record in records:
                if record.value == encode_close(command):
                    return record.offset
    finally:
        await reader.close()
        await draws.close()
    raise OutcomeUnread


async def write_command(log: Log, command: Close) -> None:
    """Put a command into `epochs`."""
    producer = await log.producer()
    try:
        await producer.send(COMMANDS, [(None, encode_close(command))])
    finally:
        await producer.close()
