"""What happens to `epochs`, `draws` and `releases`: no second draw, nothing false in public.

On a real Kafka with real workers. Older copies of `draws` have a test of their own.
"""

import asyncio

import pytest

from consumers.release.draws_state import DrawsState
from exchange.engine.log import Partition
from exchange.engine.reading import read_whole
from exchange.settings import Settings
from exchange.trial.commands import command
from exchange.trial.empty_cluster import TrialExchange
from exchange.trial.state_damage import Copy, StateDamage
from exchange.wire.topics import DRAWS, EPOCHS, RELEASES
from tests.kafka.operations.state_kit import WAIT_S, Happens, happen, logged, refused, stopped
from tests.kafka.release.closing_kit import START, ask, handled

pytestmark = pytest.mark.timeout(540)
IN_PLACE = (Happens.EMPTIED, Happens.CUT_OFF)


async def closed(ground: TrialExchange, *epochs: int) -> DrawsState:
    """Months closed by a worker of its own."""
    worker = await ground.start_worker()
    await ask(ground.log, *epochs)
    state = await handled(ground.log, len(epochs))
    await stopped(ground, worker)
    return state


async def public(ground: TrialExchange) -> list[tuple[bytes | None, bytes | None, int]]:
    """Each record of `releases` once, in its order, with its time."""
    reader = await ground.log.reader()
    try:
        records = [r async for some in read_whole(reader, Partition(RELEASES, 0)) for r in some]
    finally:
        await reader.close()
    return list(dict.fromkeys((record.key, record.value, record.timestamp) for record in records))


async def halted(ground: TrialExchange, *says: str) -> None:
    """A worker runs on, and its closing or publishing stops by name."""
    worker = await ground.start_worker()
    await logged(worker, "closing or publishing stopped", *says)
    await stopped(ground, worker)


async def published_again(ground: TrialExchange, wanted: list[tuple[bytes | None, bytes | None, int]]) -> None:
    worker = await ground.start_worker()
    async with asyncio.timeout(WAIT_S):
        while sorted(await public(ground)) != sorted(wanted):  # noqa: ASYNC110 - brokers do not tell
            await asyncio.sleep(0.2)
    assert worker.alive
    await stopped(ground, worker)


@pytest.mark.slow
@pytest.mark.parametrize("what", list(Happens))
async def test_releases_are_published_again_byte_for_byte_or_the_publisher_stops(
    ground: TrialExchange, damage: StateDamage, impatient: Settings, what: Happens
) -> None:
    state = await closed(ground, START, START + 1)
    before = await public(ground)
    assert {key for key, _, _ in before} == {part.key for part in state.parts}
    half = {Partition(RELEASES, 0): (await damage.copied(RELEASES))[Partition(RELEASES, 0)][: len(before) // 2]}
    await happen(damage, what, RELEASES, half)
    if what is Happens.LOST:
        await refused(ground, "lacks topics of the exchange", "`exchange topics apply`")
        assert (await command(impatient, "topics", "apply")).status == 0
    if what is Happens.OTHERS:
        await halted(ground, "releases-0 offset 0 was not drawn", '"lane": "publisher-0"')
        await damage.lose(RELEASES)
        assert (await command(impatient, "topics", "apply")).status == 0
    await published_again(ground, before)


@pytest.mark.slow
async def test_draws_that_are_emptied_cut_off_or_replaced_close_nothing(
    ground: TrialExchange, damage: StateDamage
) -> None:
    state = await closed(ground, START)
    copy = await damage.copied(DRAWS)
    before = await public(ground)
    for what in (*IN_PLACE, Happens.OTHERS):
        await happen(damage, what, DRAWS, copy)
        await ask(ground.log, START + 1)
        await halted(ground, "draws", '"lane": "release-0"')
        await halted(ground, "draws", '"lane": "publisher-0"')
        assert await public(ground) == before
        await damage.put_back(DRAWS, copy)
    assert state.parts


@pytest.mark.slow
async def test_epochs_that_are_emptied_or_cut_off_are_closed_on_and_older_ones_close_nothing(
    ground: TrialExchange, damage: StateDamage, impatient: Settings
) -> None:
    await closed(ground, START, START + 1)
    copy = await damage.copied(EPOCHS)
    await damage.empty(EPOCHS)
    await closed_next(ground, START + 2, commands=3)
    older: Copy = {Partition(EPOCHS, 0): copy[Partition(EPOCHS, 0)][:1]}
    for what in (Happens.OLDER, Happens.OTHERS):
        await happen(damage, what, EPOCHS, older)
        await halted(ground, "PositionOutOfRange" if what is Happens.OTHERS else "epochs", '"lane": "release-0"')
        status, _, said = await command(impatient, "release", "close", "2020-04")
        assert status == 1
        assert "epochs ends at offset 1, and commands up to 3 were handled" in said
    await damage.lose(EPOCHS)
    await refused(ground, "`epochs` is missing")
    status, _, said = await command(impatient, "topics", "apply")
    assert (status, "`epochs` is missing" in said) == (1, True)


async def closed_next(ground: TrialExchange, epoch: int, commands: int) -> None:
    worker = await ground.start_worker()
    await ask(ground.log, epoch)
    state = await handled(ground.log, commands)
    assert state.closed.last_epoch == epoch
    assert len({part.key for part in state.parts}) == len(state.parts)
    await stopped(ground, worker)
