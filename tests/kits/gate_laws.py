"""Whatever somebody without a key does to an inbox: the laws that the gate keeps, and its mutants.

`play` writes the runs of an honest agency to its inbox, lets an adversary change what stands there,
and has a gate read it in batches, with commits and kills anywhere. A bystander's inbox is read by
the same gate. All choices come from one generator, so that a failing script can be played again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random

import pytest

from consumers.admission import gate_step, inbox
from exchange.core.admission import runs
from exchange.core.admission.reasons import Reason
from exchange.core.model import vocabulary as v
from exchange.core.model.chain import digest_of
from exchange.core.model.event_layout import sequence_of
from exchange.core.model.events import ALL_CAPS, Body, Event, Heartbeat
from exchange.wire.codec import encode
from tests.kits.step_world import FOOD, HARBOR, NEED, NORTH, Q1, Agency, Rec, World

HELD_MAX, SCANNED_MARK, RECORDS_MAX = 12, 4, 7
ROUNDS_MAX = 2_000
OF_NOBODYS_RECORDS = {
    Reason.NOT_SIGNED,
    Reason.UNREADABLE,
    Reason.HAS_HEADERS,
    Reason.WRONG_KEY,
    Reason.BAD_SIGNATURE,
    Reason.GAP,
}
"""The reasons that others can bring about; an event of the agency is refused for none of them."""


@dataclass
class Script:
    """What the honest agency signed, and what stands in its inbox."""

    harbor: Agency
    north: Agency
    signed: list[bytes]
    inbox: list[Rec]
    bystander: list[Rec]
    dropped: bool = False
    """Whether records are missing, or come after the heartbeat that signs them."""


@dataclass
class Played:
    """What the gate made of a script."""

    events: list[bytes]
    bystander: list[bytes]
    reasons: set[Reason]
    held_max: int
    world: World = field(repr=False)


def written(rng: Random, *, harmless: bool) -> Script:
    """An inbox after an adversary.

    `harmless`: nothing honest is dropped or moved, and nothing is repeated before it was sent.
    """
    harbor, north = Agency(HARBOR), Agency(NORTH)
    honest: list[Rec] = []
    for _ in range(rng.randrange(1, 5)):
        honest += [harbor.say(rng.choice([NEED, FOOD])) for _ in range(rng.randrange(9))]
        honest.append(harbor.beat())
    script = Script(harbor, north, [one.value or b"" for one in honest], list(honest), [])
    script.bystander = [one for _ in range(3) for _, one in north.run(north.say(NEED), north.say(FOOD))]
    for _ in range(rng.randrange(8)):
        place = rng.randrange(len(script.inbox) + 1)
        known = [one for one in honest if one in script.inbox[:place]] if harmless else honest
        if known:
            script.inbox[place:place] = rng.choice(FORGERIES)(rng, script, known)
    if not harmless:
        _spoil(rng, script)
    script.inbox = [replace(record, offset=offset) for offset, record in enumerate(script.inbox)]
    return script


def _spoil(rng: Random, script: Script) -> None:
    for _ in range(rng.randrange(4)):
        if script.inbox:
            moved = script.inbox.pop(rng.randrange(len(script.inbox)))
            if rng.random() < 0.5:
                script.inbox.insert(rng.randrange(len(script.inbox) + 1), moved)


def _repeats(rng: Random, script: Script, honest: list[Rec]) -> list[Rec]:
    begin = rng.randrange(len(honest))
    return honest[begin : begin + rng.randrange(1, 6)]


def _old_heartbeat(rng: Random, script: Script, honest: list[Rec]) -> list[Rec]:
    """A heartbeat that the agency signed; it may stand before its run."""
    place = rng.randrange(len(honest))
    return [honest[place]] if runs.may_close(honest[place].value or b"") else []


def _tail(rng: Random, script: Script, honest: list[Rec]) -> list[Rec]:
    """A well-formed chain behind any honest record, closed by a heartbeat that nobody signed."""
    sequence, previous = 0, bytes(32)
    if rng.random() < 0.8:
        value = rng.choice(honest).value or b""
        sequence, previous = sequence_of(value), digest_of(value)
    values = list[bytes]()
    beat = Heartbeat(v.Scheduled.yes, v.ReportingMinutes.minutes_0_5, 0, bytes(64))
    for body in list[Body]([*[FOOD] * rng.randrange(1, 5), beat]):
        sequence += 1
        values.append(encode(Event(sequence, previous, Q1, v.UsState.ca, ALL_CAPS, body)))
        previous = digest_of(values[-1])
    return [Rec(HARBOR.encode(), value, 0) for value in values]


def _of_another(rng: Random, script: Script, honest: list[Rec]) -> list[Rec]:
    """Another agency's run, under this agency's key or its own."""
    key = rng.choice([HARBOR, NORTH]).encode()
    return [replace(record, key=key) for record in script.bystander[:3]]


def _noise(rng: Random, script: Script, honest: list[Rec]) -> list[Rec]:
    value = rng.choice(honest).value or b""
    spoilt = bytes([value[0], *rng.randbytes(rng.randrange(60)), *value[60:]])
    headers = rng.choice([(), (("note", b""),)])
    return [Rec(HARBOR.encode(), rng.choice([None, b"", value[:-1], spoilt, value]), 0, headers)]


FORGERIES = (_repeats, _old_heartbeat, _tail, _of_another, _noise)


def play(rng: Random, script: Script, *, kills: bool = True) -> Played:
    """Have a gate read the script to its end, twice: the agency sends all again where it must."""
    world = World([script.harbor, script.north])
    held_max = 0
    world.arrive(*((script.harbor, record) for record in script.inbox))
    world.arrive(*((script.north, record) for record in script.bystander))
    quiet = 0
    for _ in range(ROUNDS_MAX):
        if quiet == 3:
            break
        world.step.apply(world.batch(rng.randrange(1, 9)))
        world.seek()
        held_max = max(held_max, _held(world.step))
        chance = rng.random()
        if kills and chance < 0.1:
            world.restart()
        elif chance < 0.5:
            world.commit()
        quiet = 0 if world.unread or world.step.busy else quiet + 1
    else:
        raise AssertionError("the gate does not come to the end of the inboxes")
    world.commit()
    by_key = {HARBOR.encode(): list[bytes](), NORTH.encode(): list[bytes]()}
    for key, value in world.events:
        by_key[key or b""].append(value or b"")
    reasons = {refusal.reason for refusal in world.refusals}
    return Played(by_key[HARBOR.encode()], by_key[NORTH.encode()], reasons, held_max, world)


def _held(step: gate_step.GateStep) -> int:
    """The records in memory, but for the one stretch that is read again and runs under way."""
    others = (one for one in step.agencies.values() if one is not step._reading_again and not one.admitting)
    return sum(one.held for one in others)


def broken_law(rng: Random, *, harmless: bool, kills: bool = True) -> str:
    """The first law that a script breaks, in words; empty if it breaks none."""
    script = written(rng, harmless=harmless)
    played = play(rng, script, kills=kills)
    if played.events != script.signed[: len(played.events)]:
        return "events hold what the agency did not sign, or not in order, or twice"
    if played.bystander != [record.value for record in script.bystander]:
        return "another agency's events are missing"
    if played.reasons - OF_NOBODYS_RECORDS:
        return f"an honest agency is refused: {sorted(played.reasons - OF_NOBODYS_RECORDS)}"
    if harmless and played.events != script.signed:
        return "something signed is not admitted, though nothing was dropped"
    if played.held_max > HELD_MAX:
        return "too many records are held"
    return _sent_again(rng, script, played)


def _sent_again(rng: Random, script: Script, played: Played) -> str:
    """The agency learns from the receipt and sends again from the head on."""
    world, accepted = played.world, len(played.events)
    receipt = world.receipts.get(HARBOR)
    if receipt is not None and receipt.head.sequence != accepted:
        return "the receipt does not name the head"
    if harmed := accepted < len(script.signed):
        again = [Rec(HARBOR.encode(), value, 0) for value in script.signed[accepted:]]
        begin = len(script.inbox)
        world.take(*((script.harbor, replace(one, offset=begin + at)) for at, one in enumerate(again)))
    events = [value for key, value in world.events if key == HARBOR.encode()]
    if events != script.signed:
        return "something signed is not admitted, though it was sent again" if harmed else "twice"
    return ""


@contextmanager
def small_limits() -> Iterator[None]:
    """Few records are held, so that every path is taken by short scripts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate_step, "HELD_MAX", HELD_MAX)
        patch.setattr(gate_step, "RECORDS_MAX", RECORDS_MAX)
        patch.setattr(inbox, "SCANNED_MARK", SCANNED_MARK)
        patch.setattr(inbox, "RECORDS_AT_ONCE", 3)
        yield
