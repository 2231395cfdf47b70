"""State that was lost or put back from an older copy, on a real Kafka: refused, mended, exact.

Workers and commands are real processes. What mends is what the error names. One exchange is asked
several questions, one after the other, because each start of a worker costs seconds.
"""

import pytest

from exchange.core.counting.generation import GENERATION
from exchange.engine.kafka.admin import Admin
from exchange.settings import Settings
from exchange.trial.commands import command
from exchange.trial.empty_cluster import TrialExchange
from exchange.trial.state_damage import StateDamage
from exchange.wire.topics import AGENCIES, DRAWS, EVENTS, GATE_STATE, aggregates_of
from tests.kafka.operations.state_kit import Agencies, at_work, exact, published, rebuilt, refused, stopped
from tests.kafka.release.closing_kit import START, ask, handled

pytestmark = pytest.mark.timeout(540)
REBUILD = "`exchange gate rebuild`"
COUNTS = aggregates_of(GENERATION)


@pytest.mark.slow
async def test_a_gate_state_put_back_older_or_lost_is_refused_and_rebuilt(
    ground: TrialExchange, damage: StateDamage, impatient: Settings
) -> None:
    agencies = await at_work(ground, 60)
    backup = await damage.copied(GATE_STATE)
    await published(ground, agencies, 40)
    written = agencies.written
    await damage.put_back(GATE_STATE, backup)
    await agencies.write(10)
    await refused(ground, "GateStateBehind", "gate-state-", "events-", REBUILD)
    await rebuilt(impatient, written)
    await damage.lose(GATE_STATE)
    await refused(ground, f"`{GATE_STATE}` is missing", REBUILD)
    await rebuilt(impatient, written)
    await exact(ground, impatient, agencies)


@pytest.mark.slow
async def test_a_lost_gate_state_is_made_empty_by_no_command_and_made_so_is_refused(
    ground: TrialExchange, damage: StateDamage, impatient: Settings, admin: Admin
) -> None:
    agencies = await at_work(ground, 100)
    written = agencies.written
    await damage.lose(GATE_STATE)
    code, out, said = await command(impatient, "topics", "apply")
    assert (code, out) == (1, "")
    assert f"`{GATE_STATE}` is missing" in said
    assert REBUILD in said
    assert GATE_STATE not in await admin.partitions()
    code, _, said = await command(impatient, "topics", "apply", "--anew", GATE_STATE)
    assert code == 0, said
    await refused(ground, "GateStateBehind", REBUILD)
    await rebuilt(impatient, written)
    await exact(ground, impatient, agencies)


async def test_a_rebuild_is_refused_while_a_worker_runs(ground: TrialExchange, impatient: Settings) -> None:
    agencies = Agencies(ground)
    await agencies.register()
    await agencies.write(20)
    worker = await ground.start_worker()
    await agencies.counted()
    code, out, said = await command(impatient, "gate", "rebuild")
    assert (code, out) == (1, "")
    assert "Stop every worker first" in said
    assert worker.alive
    await agencies.write(20)
    await agencies.counted()
    await agencies.check()


@pytest.mark.slow
async def test_lost_counts_are_counted_again_and_counts_of_another_log_are_refused(
    ground: TrialExchange, damage: StateDamage, impatient: Settings
) -> None:
    agencies = await at_work(ground, 60)
    older = await damage.copied(COUNTS)
    await published(ground, agencies, 60)
    await damage.put_back(COUNTS, older)
    await exact(ground, impatient, agencies)
    await damage.lose(COUNTS)
    code, out, _ = await command(impatient, "topics", "apply")
    assert (code, out.strip()) == (0, f"{COUNTS}: created")
    await exact(ground, impatient, agencies)
    await damage.lose(EVENTS, GATE_STATE)
    code, _, said = await command(impatient, "topics", "apply")
    assert code == 1
    assert f"`{EVENTS}` is missing" in said
    await command(impatient, "topics", "apply", "--anew", EVENTS, "--anew", GATE_STATE)
    await refused(ground, "CountedOtherEvents", COUNTS, f"{EVENTS}-", admits=True)


@pytest.mark.slow
async def test_lost_events_beside_a_state_that_knows_them_are_refused(
    ground: TrialExchange, damage: StateDamage, impatient: Settings
) -> None:
    agencies = await at_work(ground, 60)
    backup = await damage.copied(EVENTS)
    await published(ground, agencies, 60)
    await damage.put_back(EVENTS, backup)
    by_the_gate, by_the_fold = "Restore it from a replica or a backup", "restore the one that is wrong"
    await refused(ground, f"{EVENTS}-", either=[by_the_gate, by_the_fold])
    await damage.lose(EVENTS)
    await refused(ground, f"`{EVENTS}` is missing")
    code, _, said = await command(impatient, "topics", "apply")
    assert code == 1
    assert f"`{EVENTS}` is missing" in said


@pytest.mark.slow
async def test_a_lost_registry_or_ledger_is_never_made_empty_by_itself(
    ground: TrialExchange, damage: StateDamage, impatient: Settings
) -> None:
    agencies = Agencies(ground)
    await agencies.register()
    await agencies.write(20)
    worker = await ground.start_worker()
    await agencies.counted()
    await ask(ground.log, START)
    await handled(ground.log, 1)
    await stopped(ground, worker)
    await damage.lose(AGENCIES, DRAWS)
    await refused(ground, f"`{AGENCIES}` is missing", f"`{DRAWS}` is missing")
    code, out, said = await command(impatient, "topics", "apply")
    assert (code, out) == (1, "")
    assert f"`{AGENCIES}` is missing" in said
    assert f"`{DRAWS}` is missing" in said
    code, _, said = await command(impatient, "topics", "apply", "--anew", AGENCIES, "--anew", DRAWS)
    assert code == 0, said
    await agencies.register()
    await agencies.write(20)
    worker = await ground.start_worker()
    await agencies.counted()
    await agencies.check()
    assert "draws is empty, and releases is not" in worker.log_file.read_text(encoding="utf-8")
