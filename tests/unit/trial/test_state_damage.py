"""A backup waits for a starved worker's transaction, for longer than a reader calls one its own."""

import asyncio
import time
from typing import TYPE_CHECKING, cast

import pytest

from exchange.engine.errors import TransactionOpen
from exchange.engine.log import Partition
from exchange.settings import Settings
from exchange.testing.memory_broker import MemoryBroker
from exchange.testing.memory_log import MemoryLog
from exchange.trial import state_damage
from exchange.trial.state_damage import StateDamage
from exchange.wire.topics import GATE_STATE
from tests.kits.archive_world import MemoryAdmin

if TYPE_CHECKING:
    from exchange.engine.kafka.admin import Admin
    from exchange.engine.kafka.log import KafkaLog

OWN_S, OPEN_S = 0.1, 0.6
"""A reader's own limit, and how long the transaction is open."""


async def copied_while_open(open_s: float) -> list[bytes | None]:
    broker = MemoryBroker(lambda delay_s, call: asyncio.get_running_loop().call_later(delay_s, call), time.monotonic)
    broker.create(GATE_STATE, 1)
    log = MemoryLog(broker)
    log.open_s_max = OWN_S
    writer = await log.writer("gate-0")
    await writer.begin()
    await (await writer.send(Partition(GATE_STATE, 0), [(b"key", b"state")]))
    copying = asyncio.create_task(
        StateDamage(Settings(bootstrap_servers=""), cast("KafkaLog", log), cast("Admin", MemoryAdmin(broker))).copied(
            GATE_STATE
        )
    )
    await asyncio.sleep(open_s)
    await writer.commit()
    await writer.close()
    return [pair[1] for records in (await copying).values() for pair, _ in records]


async def test_a_backup_waits_until_what_is_written_is_decided() -> None:
    assert await copied_while_open(OPEN_S) == [b"state"]


async def test_it_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_damage, "DECIDED_S_MAX", OWN_S)
    with pytest.raises(TransactionOpen):
        await copied_while_open(OPEN_S)
