"""Creates the topics of the table `exchange.wire.topics`, keeps their settings, and says where a cluster differs.

Rules kept: what is wanted comes from the table and from nowhere else; a partition count is never changed, because the
place of every agency hangs on it; nothing is ever deleted. `provision` looks at all partition counts before it changes
anything, so that a wrong cluster is left as it was. It returns only once the cluster shows what was done: brokers learn
of a new topic a moment after the controller made it.

Not promised: a topic's number of replicas once it exists (Kafka changes it by reassignment only), and settings that the
table does not name: correcting a topic puts those back to the broker's defaults, because Kafka replaces them together.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exchange.core.counting.generation import GENERATION
from exchange.engine.errors import EngineError, LogUnavailable, PartitionUnknown
from exchange.engine.kafka.clients import TopicSpec
from exchange.wire.topics import TOPICS, Topic, check_agency

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from exchange.engine.kafka.clients import Admin

PARTITIONS = "partitions"
MISSING = "missing"
SHOWN_S_MAX = 15.0
_LOOK_AGAIN_S = 0.05


class PartitionsDiffer(EngineError):
    """A topic has another number of partitions than the settings say."""

    hint = (
        "The number is fixed for the life of a cluster: set EXCHANGE_PARTITIONS to what `events` has,"
        " or use an empty cluster."
    )


class TopicsNotCreated(EngineError):
    """The cluster did not create the topics."""

    hint = "A cluster of fewer brokers than EXCHANGE_REPLICATION creates none: set it to 1 for a single broker."


@dataclass(frozen=True, slots=True)
class TopicDifference:
    """One point in which a cluster is not as the table says. `setting` is Kafka's name, or `partitions`."""

    topic: str
    setting: str
    wanted: str
    found: str

    def __str__(self) -> str:
        """One line for a person."""
        if self.found == MISSING and self.setting == PARTITIONS:
            return f"{self.topic}: missing"
        return f"{self.topic}: {self.setting} is {self.found}, not {self.wanted}"


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What `provision` did; both empty when there was nothing to do."""

    created: tuple[str, ...] = ()
    corrected: tuple[TopicDifference, ...] = ()


def exchange_topics(
    *, partitions: int, replication: int, agencies: Iterable[str] = (), generation: str = GENERATION
) -> list[TopicSpec]:
    """Every topic of an exchange with these agencies."""
    specs = [
        spec
        for topic in TOPICS
        if topic.per != "agency"
        for spec in _specs(topic, (generation,), partitions, replication)
    ]
    return specs + agency_topics(agencies, replication=replication)


def agency_topics(agencies: Iterable[str], *, replication: int) -> list[TopicSpec]:
    """The inbox and the receipts of each agency; raises AgencyCodeInvalid."""
    codes = [check_agency(agency) for agency in agencies]
    return [spec for topic in TOPICS if topic.per == "agency" for spec in _specs(topic, codes, 1, replication)]


def required_topics(generation: str = GENERATION) -> frozenset[str]:
    """Names of the topics that a worker cannot start without."""
    return frozenset(spec.name for spec in exchange_topics(partitions=1, replication=1, generation=generation))


async def provision(admin: Admin, wanted: Sequence[TopicSpec]) -> Provisioned:
    """Create what is missing and correct settings that differ; done again, it does nothing.

    Raises PartitionsDiffer before anything is changed; TopicsNotCreated when the cluster cannot; LogUnavailable when it
    does not show the topics in time.
    """
    differences = await check(admin, wanted)
    missing = {d.topic for d in differences if d.found == MISSING}
    fixed = [d for d in differences if d.setting == PARTITIONS and d.topic not in missing]
    if fixed:
        raise PartitionsDiffer(" ".join(f"{difference}." for difference in fixed))
    corrected = tuple(d for d in differences if d.topic not in missing)
    if missing:
        try:
            await admin.create([spec for spec in wanted if spec.name in missing])
        except LogUnavailable as error:
            raise TopicsNotCreated(str(error)) from None
    if corrected:
        configs = {spec.name: spec.configs for spec in wanted}
        await admin.set_configs({d.topic: configs[d.topic] for d in corrected})
    if differences:
        await _shown(admin, wanted)
    return Provisioned(tuple(spec.name for spec in wanted if spec.name in missing), corrected)


async def check(admin: Admin, wanted: Sequence[TopicSpec]) -> list[TopicDifference]:
    """Every point in which the cluster differs, in the order of `wanted`."""
    partitions = await admin.partitions()
    existing = [spec.name for spec in wanted if spec.name in partitions]
    configs = await admin.configs(existing) if existing else {}
    return [
        difference
        for spec in wanted
        for difference in _differences(spec, partitions.get(spec.name), configs.get(spec.name, {}))
    ]


async def _shown(admin: Admin, wanted: Sequence[TopicSpec]) -> None:
    """Wait until the cluster shows everything that is wanted."""
    try:
        async with asyncio.timeout(SHOWN_S_MAX):
            while True:
                if await _shows(admin, wanted):
                    return
                await asyncio.sleep(_LOOK_AGAIN_S)
    except TimeoutError:
        raise LogUnavailable(
            f"The cluster did not show its topics as set within {SHOWN_S_MAX:.0f} s:"
            " its brokers are behind, or this principal may not describe what it makes."
        ) from None


async def _shows(admin: Admin, wanted: Sequence[TopicSpec]) -> bool:
    try:
        return not await check(admin, wanted)
    except PartitionUnknown:  # the broker that was asked second had not heard of the topic
        return False


def _differences(spec: TopicSpec, partitions: int | None, configs: dict[str, str]) -> Iterator[TopicDifference]:
    if partitions is None:
        yield TopicDifference(spec.name, PARTITIONS, str(spec.partitions), MISSING)
        return
    if partitions != spec.partitions:
        yield TopicDifference(spec.name, PARTITIONS, str(spec.partitions), str(partitions))
    for setting, value in spec.configs.items():
        found = configs.get(setting, MISSING)
        if found != value:
            yield TopicDifference(spec.name, setting, value, found)


def _specs(topic: Topic, members: Iterable[str], partitions: int, replication: int) -> Iterator[TopicSpec]:
    names = [f"{topic.name}.{member}" for member in members] if topic.per else [topic.name]
    for name in names:
        yield TopicSpec(name, partitions if topic.partitioned else 1, replication, topic.configs(replication))
