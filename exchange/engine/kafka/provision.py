"""Creates the topics of the table `exchange.wire.topics`, keeps their settings, compares a cluster.

Rules kept:
- The table alone says which topics and settings are wanted.
- A partition count is never changed, because it decides the place of every agency. Nothing is
  deleted.
- `provision` compares all partition counts before it changes anything, so that it leaves a wrong
  cluster as it was. It returns only once the cluster shows the change: brokers learn of a new topic
  a moment after the controller made it.
- It waits for one page of topics after the other, and the cluster has time for each. So patience
  grows with the number of topics.

Not promised: a topic's number of replicas once it exists (Kafka changes it by reassignment only).
Nor settings that the table does not name: correcting a topic puts those back to the broker's
defaults, because Kafka replaces them together.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from exchange.core.counting.generation import GENERATION
from exchange.engine.errors import EngineError, LogUnavailable, PartitionUnknown
from exchange.engine.kafka.admin import TopicSpec, pages
from exchange.wire.topics import TOPICS, Topic, check_agency

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

PARTITIONS = "partitions"
MISSING = "missing"
SHOWN_S_MAX = 30.0
"""How long a cluster may take to show the next page of topics."""
_LOOK_AGAIN_S, _LOOK_S_MAX = 0.05, 0.4


class PartitionsDiffer(EngineError):
    """A topic has another number of partitions than the settings say."""

    hint = (
        "The number is fixed for the life of a cluster: set EXCHANGE_PARTITIONS to what `events` has,"
        " or use an empty cluster."
    )


@dataclass(frozen=True, slots=True)
class TopicDifference:
    """One point in which a cluster is not as the table says.

    `setting` is Kafka's name, or `partitions`.
    """

    topic: str
    setting: str
    wanted: str
    found: str

    @property
    def is_missing_topic(self) -> bool:
        """Whether the topic does not exist at all."""
        return self.setting == PARTITIONS and self.found == MISSING

    def __str__(self) -> str:
        """One line for a person."""
        if self.is_missing_topic:
            return f"{self.topic}: missing"
        return f"{self.topic}: {self.setting} is {self.found}, not {self.wanted}"


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What `provision` did; both empty when there was nothing to do."""

    created: tuple[str, ...] = ()
    corrected: tuple[TopicDifference, ...] = ()


class TopicAdmin(Protocol):
    """The administrative calls that this module needs; `kafka.admin.Admin` has them."""

    async def create(self, topics: Sequence[TopicSpec]) -> frozenset[str]:
        """Create the topics that do not exist yet; the names of those that were created."""

    async def partitions(self) -> dict[str, int]:
        """Every topic that this principal may see, with its number of partitions."""

    async def refuse_hidden(self, topics: Collection[str]) -> None:
        """Raise NotAuthorized for a topic that this principal may not see."""

    async def configs(self, topics: Collection[str]) -> dict[str, dict[str, str]]:
        """Every setting of these topics."""

    async def set_configs(self, configs: Mapping[str, Mapping[str, str]]) -> None:
        """Replace all settings of these topics that differ from the broker's defaults."""


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


async def provision(admin: TopicAdmin, wanted: Sequence[TopicSpec]) -> Provisioned:
    """Create missing topics and correct settings that differ; a repeat changes nothing.

    Raises PartitionsDiffer before anything is changed; TooFewBrokers or SettingRefused when the
    cluster cannot create them; LogUnavailable when it does not show the topics in time.
    """
    differences = await check(admin, wanted)
    missing = {difference.topic for difference in differences if difference.is_missing_topic}
    _refuse_other_counts(differences)
    corrected = tuple(difference for difference in differences if difference.topic not in missing)
    created = [spec for spec in wanted if spec.name in missing]
    if created:
        await admin.create(created)
    if corrected:
        configs = {spec.name: spec.configs for spec in wanted}
        await admin.set_configs({difference.topic: configs[difference.topic] for difference in corrected})
    changed = {difference.topic for difference in differences}
    for page in pages([spec for spec in wanted if spec.name in changed]):
        await _shown(admin, page)
    return Provisioned(tuple(spec.name for spec in created), corrected)


async def check(admin: TopicAdmin, wanted: Sequence[TopicSpec]) -> list[TopicDifference]:
    """Every point in which the cluster differs, in the order of `wanted`.

    Raises NotAuthorized for a topic that may not be seen: it is not missing.
    """
    partitions = await _visible(admin, wanted)
    configs = await admin.configs([spec.name for spec in wanted if spec.name in partitions])
    return [
        difference
        for spec in wanted
        for difference in (
            *_partition_differences(spec, partitions),
            *_setting_differences(spec, configs.get(spec.name)),
        )
    ]


async def refuse_other_counts(admin: TopicAdmin, wanted: Sequence[TopicSpec]) -> None:
    """Raise PartitionsDiffer where a topic exists with another number of partitions."""
    partitions = await _visible(admin, wanted)
    _refuse_other_counts([difference for spec in wanted for difference in _partition_differences(spec, partitions)])


async def require_topics(admin: TopicAdmin, wanted: Sequence[TopicSpec]) -> None:
    """Raise PartitionUnknown or PartitionsDiffer unless each topic exists with its partition count.

    For whoever may not read settings, such as a worker.
    """
    partitions = await _visible(admin, wanted)
    differences = [difference for spec in wanted for difference in _partition_differences(spec, partitions)]
    missing = sorted(difference.topic for difference in differences if difference.is_missing_topic)
    if missing:
        raise PartitionUnknown(f"These topics are missing: {', '.join(missing)}.")
    _refuse_other_counts(differences)


async def _visible(admin: TopicAdmin, wanted: Sequence[TopicSpec]) -> Mapping[str, int]:
    partitions = await admin.partitions()
    await admin.refuse_hidden([spec.name for spec in wanted if spec.name not in partitions])
    return partitions


def _refuse_other_counts(differences: Sequence[TopicDifference]) -> None:
    other = [d for d in differences if d.setting == PARTITIONS and not d.is_missing_topic]
    if other:
        raise PartitionsDiffer(" ".join(f"{difference}." for difference in other))


async def _shown(admin: TopicAdmin, page: Sequence[TopicSpec]) -> None:
    """Wait until the cluster shows these topics as they are wanted.

    Each look costs the brokers something, so the pauses grow.
    """
    pause_s = _LOOK_AGAIN_S
    try:
        async with asyncio.timeout(SHOWN_S_MAX):
            while True:
                if await _shows(admin, page):
                    return
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LOOK_S_MAX)
    except TimeoutError:
        raise LogUnavailable(
            f"The cluster did not show {len(page)} topics as set within {SHOWN_S_MAX:.0f} s:"
            " its brokers are behind, or this principal may not describe the topics that it makes."
        ) from None


async def _shows(admin: TopicAdmin, page: Sequence[TopicSpec]) -> bool:
    try:
        return not await check(admin, page)
    except PartitionUnknown:  # the broker that was asked second had not heard of the topic
        return False


def _partition_differences(spec: TopicSpec, partitions: Mapping[str, int]) -> Iterator[TopicDifference]:
    found = partitions.get(spec.name)
    if found != spec.partitions:
        yield TopicDifference(spec.name, PARTITIONS, str(spec.partitions), MISSING if found is None else str(found))


def _setting_differences(spec: TopicSpec, configs: Mapping[str, str] | None) -> Iterator[TopicDifference]:
    """Nothing for a topic that is missing: its partitions say so."""
    if configs is None:
        return
    for setting, value in spec.configs.items():
        found = configs.get(setting, MISSING)
        if found != value:
            yield TopicDifference(spec.name, setting, value, found)


def _specs(topic: Topic, members: Iterable[str], partitions: int, replication: int) -> Iterator[TopicSpec]:
    names = [f"{topic.name}.{member}" for member in members] if topic.per else [topic.name]
    for name in names:
        yield TopicSpec(name, partitions if topic.partitioned else 1, replication, topic.configs(replication))
