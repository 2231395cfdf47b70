"""Records that nobody signed, in a real inbox, before and after a real edge's runs."""

import asyncio
from datetime import date
from pathlib import Path

import pytest

from consumers.admission.enrolment import Enrolment, register
from exchange.core.model.chain import digest_of
from exchange.core.model.event_layout import sequence_of
from exchange.core.model.events import ALL_CAPS, Event, Heartbeat, NeedIdentified
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import LegalClass, Service, UsState
from exchange.engine.log import Partition
from exchange.settings import Settings
from exchange.trial.empty_cluster import TrialExchange, trial_exchange
from exchange.wire.codec import decode, encode
from exchange.wire.topics import inbox_of
from producers.delivery.run_options import RunOptions
from producers.delivery.waiting import WaitLimits
from producers.edge import Edge
from producers.facts import Fact, Where
from producers.profile import Profile
from producers.secret_files import Secret
from producers.setup import make_vault

pytestmark = pytest.mark.timeout(240)
SECRET = Secret(raw_key=bytes(range(32)))
Q1 = parse_period("2026Q1")
CODE = "harbor-light"


def forged(sequence: int, previous: bytes, count: int) -> list[bytes]:
    """A well-formed chain behind an honest event; nobody signed it."""
    values = list[bytes]()
    for number in range(sequence, sequence + count):
        event = Event(number, previous, Q1, UsState.ca, ALL_CAPS, NeedIdentified(Service.food))
        values.append(encode(event))
        previous = digest_of(values[-1])
    return values


async def put(ground: TrialExchange, values: list[bytes]) -> None:
    producer = await ground.log.producer()
    try:
        await producer.send(Partition(inbox_of(CODE), 0), [(CODE.encode(), value) for value in values])
    finally:
        await producer.close()


async def publish(profile: Profile, *keys: str) -> None:
    options = RunOptions(patience=WaitLimits(poll_s=0.2))
    async with Edge.open(profile, secret=SECRET, today=date(2026, 10, 5), options=options) as edge:
        for key in keys:
            fact = Fact(key, Q1, UsState.ca, NeedIdentified(Service.emergency_shelter), key, Where("f", 1))
            await edge.publish(fact)


async def events_of(ground: TrialExchange) -> list[bytes]:
    return [record.value or b"" async for record in ground.all_events()]


async def test_a_forged_tail_is_not_counted_and_the_next_honest_run_is(settings: Settings, tmp_path: Path) -> None:
    async with trial_exchange(settings, tmp_path) as ground:
        profile = Profile.model_validate(
            {
                "agency": CODE,
                "state": "ca",
                "legal_class": "individual",
                "vault": tmp_path / "harbor.vault",
                "kafka": {"bootstrap_servers": ground.settings.bootstrap_servers},
            }
        )
        number, key = make_vault(profile, SECRET)
        enrolment = Enrolment(CODE, LegalClass.individual, key, number)
        await register(ground.log, ground.admin, enrolment, replication=1)
        worker = await ground.start_worker()
        await publish(profile, "a", "b")
        first = await events_of(ground)
        assert len(first) == 3
        await put(ground, forged(sequence_of(first[-1]) + 1, digest_of(first[-1]), 5))
        await asyncio.sleep(2)
        assert await events_of(ground) == first
        await publish(profile, "c")
        after = await events_of(ground)
        assert worker.alive, worker.last_lines()
    assert [sequence_of(value) for value in after] == [1, 2, 3, 4, 5]
    bodies = [decode(value).body for value in after]
    assert sum(isinstance(body, Heartbeat) for body in bodies) == 2
    assert NeedIdentified(Service.food) not in bodies
