"""What happens to `agencies`: nobody is judged by a registry that forgot something.

On a real Kafka with real workers.
"""

import json

import pytest

from consumers.admission.registry import read_registry
from exchange.core.admission.gate import Status
from exchange.engine.log import Partition
from exchange.settings import Settings
from exchange.trial.commands import command
from exchange.trial.empty_cluster import TrialExchange
from exchange.trial.state_damage import Copy, StateDamage
from exchange.wire.topics import AGENCIES
from tests.kafka.operations.state_kit import Agencies, Happens, at_work, exact, happen, published, rebuilt, refused

pytestmark = pytest.mark.timeout(540)
BEHIND = ("`agencies` holds", "Stop the workers and restore it", "`exchange gate rebuild`")


async def suspended(impatient: Settings, code: str) -> None:
    done = await command(impatient, "agencies", "add", code, "--suspend")
    assert done.status == 0, done.errors


@pytest.mark.slow
async def test_a_registry_that_forgot_a_suspension_is_refused_and_exact_after_the_mend(
    ground: TrialExchange, damage: StateDamage, impatient: Settings
) -> None:
    agencies = Agencies(ground)
    await agencies.register()
    older = await damage.copied(AGENCIES)
    await published(ground, agencies, 30)
    one = agencies.chains.pop()
    written = agencies.written + one.sequence
    await suspended(impatient, one.code)
    await published(ground, agencies, 30)
    written += agencies.written - (written - one.sequence)
    await happen(damage, Happens.OLDER, AGENCIES, older)
    await refused(ground, *BEHIND)
    await suspended(impatient, one.code)
    await rebuilt(impatient, written)
    assert (await read_registry(ground.log)).agencies[one.code].status is Status.SUSPENDED
    await published(ground, agencies, 30)
    code, out, _ = await command(impatient, "replay", "--json")
    assert (code, json.loads(out)["verdict"], json.loads(out)["complete"]) == (0, "match", True)


@pytest.mark.slow
@pytest.mark.parametrize("what", [Happens.EMPTIED, Happens.CUT_OFF, Happens.OTHERS])
async def test_a_registry_emptied_cut_off_or_replaced_is_refused_and_registered_again(
    ground: TrialExchange, damage: StateDamage, impatient: Settings, what: Happens
) -> None:
    agencies = await at_work(ground, 30)
    copy: Copy = {Partition(AGENCIES, 0): ()}
    await happen(damage, what, AGENCIES, copy)
    if what is Happens.OTHERS:
        await refused(ground, "agencies-0 offset 0 is no registration", "`exchange topics apply --anew agencies`")
        await damage.lose(AGENCIES)
        assert (await command(impatient, "topics", "apply", "--anew", AGENCIES)).status == 0
    else:
        await refused(ground, *BEHIND)
    await agencies.register()
    await rebuilt(impatient, agencies.written)
    await exact(ground, impatient, agencies)
