"""A topic with state that was lost is never made empty in an exchange that has worked."""

import asyncio
import time

import pytest

from exchange.engine.kafka.lost_state import MENDS, WITNESSES, StateMissing, refuse_lost_state
from exchange.engine.kafka.provision import exchange_topics
from exchange.engine.log import Partition
from exchange.testing.memory_broker import MemoryBroker
from exchange.testing.memory_log import MemoryLog
from exchange.wire.topics import EVENTS, TOPICS

WANTED = [spec.name for spec in exchange_topics(partitions=2, replication=1)]


class Cluster:
    """The topics of an exchange, but for some."""

    def __init__(self, *without: str) -> None:
        self.broker = MemoryBroker(
            lambda delay_s, call: asyncio.get_running_loop().call_later(delay_s, call), time.monotonic
        )
        self.log = MemoryLog(self.broker)
        self.topics = {
            spec.name: spec.partitions
            for spec in exchange_topics(partitions=2, replication=1)
            if spec.name not in without
        }
        for name, partitions in self.topics.items():
            self.broker.create(name, partitions)

    def holds(self, topic: str, partition: int = 0) -> "Cluster":
        self.broker.append(Partition(topic, partition), (b"key", b"value"))
        return self

    async def refuse(self, *anew: str) -> None:
        await refuse_lost_state(self.log, self.topics, WANTED, anew)


async def test_a_new_exchange_lacks_nothing() -> None:
    await Cluster(*WANTED).refuse()
    await Cluster(*MENDS).refuse()


@pytest.mark.parametrize(("lost", "witness"), [(lost, one) for lost in MENDS for one in WITNESSES if lost != one])
async def test_a_lost_topic_is_named_with_its_mend_wherever_a_record_shows_that_it_was_there(
    lost: str, witness: str
) -> None:
    partition = 1 if witness == EVENTS else 0
    with pytest.raises(StateMissing) as caught:
        await Cluster(lost).holds(witness, partition).refuse()
    assert str(caught.value) == f"`{lost}` is missing, and others are not empty: {MENDS[lost]}"


async def test_what_others_write_anew_is_not_refused_and_what_is_wanted_empty_neither() -> None:
    harmless = [spec for spec in WANTED if spec not in MENDS]
    for topic in harmless:
        await Cluster(topic).holds(EVENTS).refuse()
    await Cluster("agencies", "epochs").holds(EVENTS).refuse("agencies", "epochs")
    with pytest.raises(StateMissing, match="`epochs` is missing"):
        await Cluster("agencies", "epochs").holds(EVENTS).refuse("agencies")
    assert MENDS.keys() <= {topic.name for topic in TOPICS}
