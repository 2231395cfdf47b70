"""Topics that others write again, or nobody decides by: whatever happens to them, counts are exact.

On a real Kafka, each question of every such topic at once, with real workers.
"""

import asyncio
import json
from collections.abc import Mapping

import pytest

from exchange.engine.log import Partition
from exchange.engine.reading import newest_by_key
from exchange.settings import Settings
from exchange.trial.commands import command
from exchange.trial.empty_cluster import TrialExchange
from exchange.trial.state_damage import Copy, StateDamage
from exchange.wire.topics import ALERTS, METRICS, PULSE, QUARANTINE, inbox_of, receipts_of
from tests.kafka.operations.state_kit import WAIT_S, Agencies, Happens, exact, happen, logged, refused, stopped
from tests.kafka.release.closing_kit import START, ask, handled

pytestmark = pytest.mark.timeout(540)
SHARED = (QUARANTINE, METRICS, PULSE, ALERTS)
REQUIRED = SHARED
"""Without these a worker does not start."""


async def points(ground: TrialExchange) -> Mapping[bytes, bytes]:
    found = await newest_by_key(ground.log, Partition(METRICS, 0))
    return {key: value for key, value in found.items() if key != b"foreign"}


async def derived(ground: TrialExchange, wanted: Mapping[bytes, bytes]) -> None:
    """Wait until `metrics` holds these points, and no others, again."""
    async with asyncio.timeout(WAIT_S):
        while await points(ground) != wanted:  # noqa: ASYNC110 - brokers do not tell
            await asyncio.sleep(0.2)


class Case:
    """An exchange that has counted and closed a month, with older copies of some topics."""

    def __init__(self, ground: TrialExchange, damage: StateDamage, settings: Settings) -> None:
        self.ground, self.damage, self.settings = ground, damage, settings
        self.agencies = Agencies(ground)
        self.older: dict[str, Copy] = {}
        self.points: Mapping[bytes, bytes] = {}

    @property
    def one(self) -> str:
        """The agency whose own topics are damaged."""
        return self.agencies.chains[0].code

    async def prepare(self) -> None:
        await self.agencies.register()
        await self.agencies.write(30)
        worker = await self.ground.start_worker()
        await self.agencies.counted()
        topics = (*SHARED, inbox_of(self.one), receipts_of(self.one))
        self.older = {topic: await self.damage.copied(topic) for topic in topics}
        await ask(self.ground.log, START)
        await handled(self.ground.log, 1)
        await self.agencies.write(30)
        await self.agencies.counted()
        await logged(worker, '"event": "derived"')
        self.points = await points(self.ground)
        assert self.points
        await stopped(self.ground, worker)

    async def goes_on(self) -> None:
        """The next worker writes what is missing, and counts exactly."""
        worker = await self.ground.start_worker()
        await self.agencies.write(20)
        await self.agencies.counted()
        await derived(self.ground, self.points)
        assert worker.alive, worker.last_lines()
        await stopped(self.ground, worker)
        await self.agencies.check()


@pytest.fixture
async def case(ground: TrialExchange, damage: StateDamage, impatient: Settings) -> Case:
    case = Case(ground, damage, impatient)
    await case.prepare()
    return case


@pytest.mark.parametrize("what", [pytest.param(one, marks=pytest.mark.slow) for one in Happens if one != "lost"])
async def test_whatever_happens_to_them_counts_and_points_stay_exact(case: Case, what: Happens) -> None:
    for topic in SHARED:
        await happen(case.damage, what, topic, case.older[topic])
    await case.goes_on()
    status, out, said = await command(case.settings, "status", "--json")
    assert json.loads(out), said
    assert status in (0, 1)


@pytest.mark.slow
async def test_when_they_are_lost_a_command_makes_them_and_all_is_written_again(case: Case) -> None:
    await case.damage.lose(*SHARED)
    await refused(case.ground, "lacks topics of the exchange", "`exchange topics apply`")
    code, out, said = await command(case.settings, "topics", "apply")
    assert code == 0, said
    assert all(f"{topic}: created" in out for topic in SHARED)
    await case.goes_on()


@pytest.mark.slow
@pytest.mark.parametrize("what", list(Happens))
async def test_an_agencys_own_topics_cost_nothing_and_nobody_else_anything(case: Case, what: Happens) -> None:
    """What the agency has in its vault it sends again; so what was in an inbox comes twice."""
    own = (inbox_of(case.one), receipts_of(case.one))
    for topic in own:
        await happen(case.damage, what, topic, case.older[topic])
    if what is Happens.LOST:
        code, _, said = await command(case.settings, "topics", "apply")
        assert code == 0, said
    await case.goes_on()
    receipts = await newest_by_key(case.ground.log, Partition(receipts_of(case.one), 0))
    assert receipts.keys() >= {case.one.encode()}
    await exact(case.ground, case.settings, case.agencies)
