"""Attacks on the topics that hold state, between the rounds of a kill test.

With the workers down, a topic is lost, cut off, put back from an older copy, or held by a foreign
transaction. A worker must refuse by the right name; then comes the mend that the message names, by
the real command. So each attack is a generator: it damages, yields the refusal that must follow,
and mends. Whether everything is exact in spite of it, the kill test counts in the end.

Rules kept: every attack has its turn before one comes again; a seed repeats the order. After a
harmless one, the worker must run.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Final

from exchange.core.counting.generation import GENERATION
from exchange.core.errors import ExchangeError
from exchange.engine.loop_time import loop_s
from exchange.trial.commands import command
from exchange.trial.empty_cluster import TrialExchange, Worker
from exchange.trial.state_damage import Copy, StateDamage
from exchange.wire.records import decode_gate_written
from exchange.wire.topics import AGENCIES, DRAWS, EVENTS, GATE_STATE, POSITION_KEY, aggregates_of

REFUSED_S_MAX: Final = 90.0
"""A worker's start on a busy machine, and the time after which it names an open transaction."""
LOOK_S: Final = 0.1
TRIES: Final = 4
TRY_AGAIN_S: Final = 3.0
"""A worker that was killed leaves its group within 6 s; until then a rebuild is refused."""
LAST: Final = 2
"""Offsets of the last record of a transaction and its marker."""
COUNTS: Final = aggregates_of(GENERATION)
HARMLESS: Final = "harmless"


@dataclass(frozen=True, slots=True)
class MustRefuse:
    """What a worker must log: one of `says`. `ends`: it ends by itself, with status 1."""

    name: str
    says: tuple[str, ...]
    ends: bool = True


@dataclass(frozen=True, slots=True)
class AttackSeen:
    """One attack: the refusals that were seen, the seconds until then, and the mends.

    `missed`: the refusal that did not come in time; empty if all came. `instead`: how the worker
    that should have refused ended, with the end of its log.
    """

    attack: str
    refused_with: tuple[str, ...]
    after_s: float
    mended_by: tuple[str, ...]
    missed: str = ""
    instead: str = ""


class CannotMend(ExchangeError):
    """The command that a message names did not mend."""

    hint = "Report it with the seed: `exchange kill-test --states --seed N`."


class Hands:
    """What an attack works with: the damage, backups, commands, and a list of its mends.

    `register`: registers every agency again.
    """

    def __init__(self, ground: TrialExchange, register: Callable[[], Awaitable[None]]) -> None:
        self._settings = ground.settings
        self.damage = StateDamage(ground.settings, ground.log, ground.admin)
        self.register = register
        self.copies: dict[str, Copy] = {}
        self.mends: list[str] = []

    def did(self, mend: str) -> None:
        """Note a mend."""
        self.mends.append(mend)

    async def command(self, *words: str) -> None:
        """Run the command that a message names, until it works. Raises CannotMend."""
        for left in reversed(range(TRIES)):
            ran = await command(self._settings, *words)
            if not ran.status:
                return self.did(f"`exchange {' '.join(words)}`")
            if not left:
                raise CannotMend(f"exchange {' '.join(words)}: {ran.errors.strip()}")
            await asyncio.sleep(TRY_AGAIN_S)
        return None


def missing(topic: str) -> MustRefuse:
    """The refusal of a topic with state that was lost."""
    return MustRefuse("StateMissing", (f"`{topic}` is missing",))


BEHIND: Final = MustRefuse("GateStateBehind", ("GateStateBehind",))


# Attacks: damage, what must follow, mend


async def _gate_state_put_back(hands: Hands) -> AsyncGenerator[MustRefuse, None]:
    await hands.damage.put_back(GATE_STATE, hands.copies[GATE_STATE])
    yield BEHIND
    await hands.command("gate", "rebuild")


async def _gate_state_lost(hands: Hands) -> AsyncGenerator[MustRefuse, None]:
    await hands.damage.lose(GATE_STATE)
    yield missing(GATE_STATE)
    await hands.command("gate", "rebuild")


async def _gate_state_cut_off(hands: Hands) -> AsyncGenerator[MustRefuse, None]:
    await hands.damage.keep_last(GATE_STATE, LAST)
    yield BEHIND
    await hands.command("gate", "rebuild")


async def _counts_put_back(hands: Hands) -> AsyncGenerator[MustRefuse, None]:
    await hands.damage.put_back(COUNTS, hands.copies[COUNTS])
    yield MustRefuse(HARMLESS, ('"lane": "fold-0", "state": "running"',), ends=False)
    hands.did("nothing")


async def _counts_lost(hands: Hands) -> AsyncGenerator[MustRefuse, None]:
    await hands.damage.lose(COUNTS)
    yield MustRefuse("PartitionUnknown", ("lacks topics of the exchange",))
    await hands.command("topics", "apply")


async def _draws_lost(hands: Hands) -> AsyncGenerator[MustRefuse, None]:
    """No epoch was closed, so the message allows to make it empty."""
    await hands.damage.lose(DRAWS)
    yield missing(DRAWS)
    await hands.command("topics", "apply", "--anew", DRAWS)


async def _agencies_lost(hands: Hands) -> AsyncGenerator[MustRefuse, None]:
    await hands.damage.lose(AGENCIES)
    yield missing(AGENCIES)
    await hands.command("topics", "apply", "--anew", AGENCIES)
    await hands.register()
    hands.did("every agency registered again")
    await hands.command("gate", "rebuild")


async def _events_lost(hands: Hands) -> AsyncGenerator[MustRefuse, None]:
    copy = await hands.damage.copied(EVENTS)
    await hands.damage.lose(EVENTS)
    yield missing(EVENTS)
    await _restore_events(hands, copy)


async def _events_cut_off(hands: Hands) -> AsyncGenerator[MustRefuse, None]:
    copy = await hands.damage.copied(EVENTS)
    ends = await hands.damage.ends(EVENTS)
    await hands.damage.cut_off({partition: end // 2 for partition, end in ends.items()})
    yield MustRefuse("EventsCutOff", ("EventsCutOff", "CountedOtherEvents", "PositionOutOfRange"))
    await _restore_events(hands, copy)


async def _restore_events(hands: Hands, copy: Copy) -> None:
    """From a backup without transactions: its offsets are others, so the counts are made again."""
    await hands.damage.put_back(EVENTS, copy)
    hands.did("`events` restored from a backup")
    await hands.damage.lose(COUNTS)
    hands.did(f"`{COUNTS}` deleted")
    await hands.command("topics", "apply")


async def _held(hands: Hands, topic: str, *, ends: bool = False) -> AsyncGenerator[MustRefuse, None]:
    partitions = await hands.damage.partitions(topic)
    async with hands.damage.held_open(partitions):
        yield MustRefuse("TransactionOpen", (f"{topic}-0 is not decided from offset",), ends)
    hands.did("the transaction was ended")


ATTACKS: Final[dict[str, Callable[[Hands], AsyncGenerator[MustRefuse, None]]]] = {
    "gate-state put back from an older copy": _gate_state_put_back,
    "gate-state lost": _gate_state_lost,
    "gate-state cut off": _gate_state_cut_off,
    "gate-state held open": partial(_held, topic=GATE_STATE),
    "aggregates put back from an older copy": _counts_put_back,
    "aggregates lost": _counts_lost,
    "aggregates held open": partial(_held, topic=COUNTS),
    "events lost": _events_lost,
    "events cut off": _events_cut_off,
    "events held open": partial(_held, topic=EVENTS),
    "draws lost": _draws_lost,
    "draws held open": partial(_held, topic=DRAWS),
    "agencies lost": _agencies_lost,
    "agencies held open": partial(_held, topic=AGENCIES, ends=True),
}
"""Name → attack."""


def seeded_order(seed: int) -> list[str]:
    """Every attack once, in an order that the seed repeats."""
    names = list(ATTACKS)
    random.Random(f"{seed}|states").shuffle(names)  # noqa: S311 - repeatable, hides nothing
    return names


def admitted(gate_state: Copy) -> int:
    """How many events the gate had admitted, by its position records."""
    newest = {
        partition: value
        for partition, records in gate_state.items()
        for (key, value), _ in records
        if key == POSITION_KEY and value is not None
    }
    return sum(decode_gate_written(value).events for value in newest.values())


class StateAttacks:
    """These attacks on one trial exchange, again and again.

    `register`: registers every agency again.
    """

    def __init__(self, ground: TrialExchange, names: Sequence[str], register: Callable[[], Awaitable[None]]) -> None:
        self._ground = ground
        self._hands = Hands(ground, register)
        self._order = names
        self.seen: list[AttackSeen] = []
        self._instead = ""

    async def back_up(self) -> None:
        """Copy what a later attack puts back. No worker may run."""
        self._hands.copies = {topic: await self._hands.damage.copied(topic) for topic in (GATE_STATE, COUNTS)}

    async def has_more(self) -> bool:
        """Whether the gate has admitted events since the copies. No worker may run.

        The length of `events` does not show it: a transaction that was aborted is part of it.
        """
        return admitted(await self._hands.damage.copied(GATE_STATE)) > admitted(self._hands.copies[GATE_STATE])

    async def next(self) -> AttackSeen:
        """The next attack, with its mend. No worker may run. Raises CannotMend."""
        name = self._order[len(self.seen) % len(self._order)]
        refused, after_s, missed, self._instead = list[str](), 0.0, "", ""
        self._hands.mends.clear()
        async with aclosing(ATTACKS[name](self._hands)) as refusals:
            async for refusal in refusals:
                took_s = await self._refused(refusal)
                if took_s is None:
                    missed = refusal.name
                else:
                    refused.append(refusal.name)
                    after_s += took_s
        mends = tuple(self._hands.mends)
        self.seen.append(AttackSeen(name, tuple(refused), round(after_s, 1), mends, missed, self._instead))
        return self.seen[-1]

    async def _refused(self, refusal: MustRefuse) -> float | None:
        """Start a worker; the seconds until it refused, or None if it did not."""
        began_s = loop_s()
        worker = await self._ground.start_worker()
        try:
            while loop_s() - began_s < REFUSED_S_MAX:
                if await _has_refused(worker, refusal):
                    return loop_s() - began_s
                if not worker.alive:
                    break
                await asyncio.sleep(LOOK_S)
            ended = "it still ran" if worker.alive else f"it ended with {worker.process.returncode}"
            self._instead = f"after {loop_s() - began_s:.1f} s {ended}:\n{worker.last_lines()}"
            return None
        finally:
            self._ground.workers.remove(worker)
            await worker.stop()


async def _has_refused(worker: Worker, refusal: MustRefuse) -> bool:
    if refusal.ends and (worker.alive or await worker.process.wait() != 1):
        return False
    log = worker.log_file.read_text(encoding="utf-8", errors="replace")
    return any(text in log for text in refusal.says)
