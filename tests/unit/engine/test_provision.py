"""Provisioning a cluster that shows its topics slowly, on virtual time; a worker's requirements."""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.engine.errors import LogUnavailable, PartitionUnknown
from exchange.engine.kafka.admin import TOPICS_AT_ONCE, TopicSpec, pages
from exchange.engine.kafka.provision import (
    SHOWN_S_MAX,
    PartitionsDiffer,
    check,
    exchange_topics,
    provision,
    require_topics,
)
from exchange.engine.loop_time import loop_s
from tests.simulation.world.exchange_world import World

AGENCIES = [f"agency-{number}" for number in range(1_000)]


class SlowCluster:
    """Creates topics at once and shows them in turn: so many a second, up to `shown_max`."""

    def __init__(self, shown_a_second: float = 1e9, shown_max: int = 1_000_000) -> None:
        self.created: dict[str, TopicSpec] = {}
        self.looks = self.config_requests = 0
        self._shown_a_second, self._shown_max = shown_a_second, shown_max
        self._created_at = 0.0

    def _shown(self) -> dict[str, TopicSpec]:
        count = min(int((loop_s() - self._created_at) * self._shown_a_second), self._shown_max)
        return dict(list(self.created.items())[:count])

    async def create(self, topics: Sequence[TopicSpec]) -> frozenset[str]:
        self._created_at = loop_s()
        self.created |= {spec.name: spec for spec in topics}
        return frozenset(spec.name for spec in topics)

    async def partitions(self) -> dict[str, int]:
        self.looks += 1
        await asyncio.sleep(0.1)
        return {name: spec.partitions for name, spec in self._shown().items()}

    async def refuse_hidden(self, topics: Collection[str]) -> None:
        """This principal may see everything."""

    async def configs(self, topics: Collection[str]) -> dict[str, dict[str, str]]:
        self.config_requests += 1
        await asyncio.sleep(0.001 * len(topics))
        return {name: dict(self.created[name].configs) for name in topics}

    async def set_configs(self, configs: Mapping[str, Mapping[str, str]]) -> None:
        raise AssertionError(f"nothing differs: {sorted(configs)}")


@pytest.fixture
def world() -> Iterator[World]:
    world = World(0)
    yield world
    world.end()


def run(world: World, coroutine):
    task = world.process("operator").spawn(coroutine)
    world.run_until(world.now + 3600)
    return task.result()


def wanted(agencies: Sequence[str] = ()) -> list[TopicSpec]:
    return exchange_topics(partitions=4, replication=1, agencies=agencies)


def test_a_cluster_has_time_for_each_page_of_topics(world: World) -> None:
    """A thousand agencies take a busy broker two minutes, and it has stopped at no moment."""
    topics = wanted(AGENCIES)
    cluster = SlowCluster(shown_a_second=TOPICS_AT_ONCE / (SHOWN_S_MAX - 5))
    assert len(run(world, provision(cluster, topics)).created) == len(topics) > 2_000
    assert len(topics) / TOPICS_AT_ONCE * (SHOWN_S_MAX - 5) > 5 * SHOWN_S_MAX


def test_a_cluster_that_shows_no_more_topics_is_given_up(world: World) -> None:
    cluster = SlowCluster(shown_max=500)
    with pytest.raises(LogUnavailable, match=f"did not show {TOPICS_AT_ONCE} topics as set within 30 s"):
        run(world, provision(cluster, wanted(AGENCIES)))


def test_a_repeat_looks_once_and_waits_for_nothing(world: World) -> None:
    topics, cluster = wanted(AGENCIES), SlowCluster()
    run(world, provision(cluster, topics))
    cluster.looks = 0
    assert run(world, provision(cluster, topics)).created == ()
    assert cluster.looks == 1


@given(st.lists(st.integers(), max_size=3 * TOPICS_AT_ONCE))
def test_pages_are_the_whole_in_its_order_in_portions(topics: list[int]) -> None:
    found = list(pages(topics))
    assert [topic for page in found for topic in page] == topics
    assert all(0 < len(page) <= TOPICS_AT_ONCE for page in found)


# What a worker requires


def test_a_worker_is_content_with_what_provisioning_made_and_reads_no_settings(world: World) -> None:
    cluster = SlowCluster()
    run(world, provision(cluster, wanted()))
    cluster.config_requests = 0
    run(world, require_topics(cluster, wanted()))
    assert cluster.config_requests == 0


def test_a_worker_names_the_topics_that_are_missing(world: World) -> None:
    cluster = SlowCluster()
    run(world, provision(cluster, [spec for spec in wanted() if spec.name not in {"pulse", "draws"}]))
    with pytest.raises(PartitionUnknown, match=r"These topics are missing: draws, pulse\. "):
        run(world, require_topics(cluster, wanted()))


def test_a_worker_and_an_operator_hear_the_same_of_another_partition_count(world: World) -> None:
    cluster = SlowCluster()
    run(world, provision(cluster, wanted()))
    more = exchange_topics(partitions=5, replication=1)
    with pytest.raises(PartitionsDiffer, match="events: partitions is 4, not 5") as worker:
        run(world, require_topics(cluster, more))
    with pytest.raises(PartitionsDiffer) as operator:
        run(world, provision(cluster, more))
    assert str(worker.value) == str(operator.value)
    assert {str(d) for d in run(world, check(cluster, more))} >= {"events: partitions is 4, not 5"}
