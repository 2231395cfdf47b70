"""State that was cut off, emptied in place or replaced by other records, on a real Kafka."""

import pytest

from exchange.core.counting.generation import GENERATION
from exchange.engine.log import Partition
from exchange.settings import Settings
from exchange.trial.commands import command
from exchange.trial.empty_cluster import TrialExchange
from exchange.trial.state_damage import StateDamage
from exchange.wire.topics import EVENTS, GATE_STATE, aggregates_of
from tests.kafka.conftest import PARTITIONS
from tests.kafka.operations.state_kit import Happens, at_work, exact, happen, rebuilt, refused

pytestmark = pytest.mark.timeout(540)
REBUILD = "`exchange gate rebuild`"
COUNTS = aggregates_of(GENERATION)
MARKER = 1


async def all_but_the_last(damage: StateDamage, topic: str) -> None:
    """Cut a topic that is written in transactions off before its last record."""
    await damage.keep_last(topic, MARKER + 1)


@pytest.mark.slow
async def test_a_gate_state_cut_off_in_place_is_refused_and_rebuilt(
    ground: TrialExchange, damage: StateDamage, impatient: Settings
) -> None:
    agencies = await at_work(ground, 60)
    written = agencies.written
    await all_but_the_last(damage, GATE_STATE)
    await agencies.write(10)
    await refused(ground, "GateStateBehind", "gate-state-", REBUILD)
    await rebuilt(impatient, written)
    await exact(ground, impatient, agencies)


@pytest.mark.slow
async def test_a_gate_state_emptied_or_replaced_in_place_is_refused_and_rebuilt(
    ground: TrialExchange, damage: StateDamage, impatient: Settings
) -> None:
    agencies = await at_work(ground, 60)
    written = agencies.written
    await damage.empty(GATE_STATE)
    await refused(ground, "GateStateBehind", REBUILD)
    await rebuilt(impatient, written)
    own = await damage.copied(GATE_STATE)
    swapped = {Partition(GATE_STATE, PARTITIONS - 1 - number): own[GATE_STATE, number] for number in range(PARTITIONS)}
    await damage.put_back(GATE_STATE, swapped)
    await refused(ground, "GateStateBehind", REBUILD)
    await happen(damage, Happens.OTHERS, GATE_STATE, own)
    await refused(ground, "GateStateDamaged", "gate-state-", REBUILD)
    await rebuilt(impatient, written)
    await exact(ground, impatient, agencies)


@pytest.mark.slow
async def test_events_cut_off_in_place_are_refused(ground: TrialExchange, damage: StateDamage) -> None:
    agencies = await at_work(ground, 60)
    ends = await damage.ends(EVENTS)
    await damage.cut_off({partition: end // 2 for partition, end in ends.items()})
    await agencies.write(10)
    by_the_gate, by_the_fold = "EventsCutOff", "CountedOtherEvents"
    await refused(ground, "what was before is gone", either=[by_the_gate, by_the_fold])
    await damage.empty(EVENTS)
    await refused(ground, "what was before is gone", either=[by_the_gate, by_the_fold])


@pytest.mark.slow
async def test_counts_cut_off_emptied_or_replaced_in_place_are_counted_again_or_refused(
    ground: TrialExchange, damage: StateDamage, impatient: Settings
) -> None:
    agencies = await at_work(ground, 60)
    await damage.empty(COUNTS)
    await exact(ground, impatient, agencies)
    own = await damage.copied(COUNTS)
    for what in (Happens.CUT_OFF, Happens.OTHERS):
        if what is Happens.CUT_OFF:
            await all_but_the_last(damage, COUNTS)
        else:
            await happen(damage, what, COUNTS, own)
        await refused(ground, COUNTS, "CountsDamaged", "delete this topic of counts", admits=True)
        await damage.lose(COUNTS)
        code, _, said = await command(impatient, "topics", "apply")
        assert code == 0, said
        await exact(ground, impatient, agencies)
