"""Every topic and every lane, as data: provisioning, rights, docs and tests derive from here.

Rules kept:
- No topic that an evaluator or a Faust agent reads is ever written in a transaction.
- Evaluators read `metrics` and `releases` and nothing else.
- `for ever` is written out as retention −1, because Kafka's default is seven days.
- A record of a monthly topic has the first instant of its month, UTC, as its time: a finer one
  would keep the day of each contact for ever. (Kafka refuses the month's end, a time to come.)
- An inbox is kept for ever, so that a lost vault can be made again from it; the bound of bytes
  is for floods.
"""

import re
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final

from exchange.core.errors import ExchangeError
from exchange.core.model.epochs import month_begins_ms

AGENCY_CODE: Final = re.compile(r"[a-z][a-z0-9-]{1,31}")
DAY_MS: Final = 86_400_000
LONG_MAX: Final = (1 << 63) - 1
INBOX_BATCH_BYTES_MAX: Final = 1 << 20
"""A record batch in an inbox; twice what an edge sends."""
INBOX_BYTES_MAX: Final = 1 << 30
"""Of an inbox; beyond it, its oldest records go. About ten million events: what all agencies of the
nation send in fourteen years."""
INBOX_SEGMENT_BYTES: Final = 1 << 26
"""Kafka deletes whole segments, and by default they are as large as the bound."""
DRAW_BYTES_MAX: Final = 1 << 25
"""A record batch of `draws`; about a hundred times the largest one with 300 agencies."""


class AgencyCodeInvalid(ExchangeError):
    """An agency's code is 2 to 32 characters: a letter a–z, then letters, digits or hyphens."""

    hint = "Choose a code such as harbor-light; it never changes."


class Retention(Enum):
    """Which records Kafka may delete."""

    FOR_EVER = "for ever"
    COMPACTED = "compacted"
    INBOX = f"for ever, up to {INBOX_BYTES_MAX >> 20:,} MiB"
    DAY = "1 day"


class Party(Enum):
    """Who reads or writes a topic."""

    OPERATOR = "operator"
    AGENCY = "that agency"
    GATE = "gate"
    FOLD = "fold"
    RELEASE = "release"
    PUBLISHER = "publisher"
    DERIVE = "derive"
    AUDIT = "audit"
    CALENDAR = "calendar"
    WORKERS = "workers"
    WATCH = "watch"
    EVALUATORS = "evaluators"


class LaneName(StrEnum):
    """Every unit of work that a worker runs.

    What the pulse, alerts and transactional ids call it follows from here.
    """

    GATE = "gate"
    FOLD = "fold"
    RELEASE = "release"
    PUBLISHER = "publisher"
    CALENDAR = "calendar"
    DERIVE = "derive"
    WATCH = "watch"

    def at(self, partition: int) -> str:
        """The name of the lane of one partition, such as `gate-3`.

        Its transactional id where it has one.
        """
        return f"{self}-{partition}"


PARTITION_LANES: Final = (LaneName.GATE, LaneName.FOLD)
"""Lanes of which each partition of `events` has one."""
SINGLE_LANES: Final = (LaneName.RELEASE, LaneName.PUBLISHER, LaneName.CALENDAR)
"""Lanes that exist once, whatever the number of partitions: at partition 0."""
TRANSACTIONAL_LANES: Final = (LaneName.GATE, LaneName.FOLD, LaneName.RELEASE)
"""Lanes that write in transactions."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One row.

    `per`: each of these has a topic of its own. `partitioned`: P partitions; others have one.
    `monthly`: the time of a record is the first instant of its month.
    """

    name: str
    holds: str
    kept: Retention
    writers: tuple[Party, ...]
    readers: tuple[Party, ...]
    partitioned: bool = False
    per: str = ""
    transactional: bool = True
    monthly: bool = False

    def configs(self, replication: int) -> dict[str, str]:
        """Kafka's settings of the topic. None is left to a default that loses data."""
        configs = {"min.insync.replicas": str(min(2, replication)), "unclean.leader.election.enable": "false"}
        configs["compression.type"] = "producer"
        if self.kept is Retention.INBOX:  # else a small batch may unpack to a huge one at the gate
            configs |= {"compression.type": "uncompressed", "max.message.bytes": str(INBOX_BATCH_BYTES_MAX)}
        if Party.EVALUATORS in self.readers or self.monthly:  # the writer gives the time, whatever clocks say
            configs |= {"message.timestamp.type": "CreateTime", "message.timestamp.after.max.ms": str(LONG_MAX)}
        if self.name == "epochs":  # when brokers wrote a command down bounds the lane's own clock
            configs["message.timestamp.type"] = "LogAppendTime"
        if self.name == "draws":  # a ledger part lists the agencies behind every figure
            configs["max.message.bytes"] = str(DRAW_BYTES_MAX)
        if self.kept is Retention.COMPACTED:
            lag = {"min.compaction.lag.ms": str(3_600_000)} if self.name == "aggregates" else {}
            return {**configs, "cleanup.policy": "compact", **lag}
        bound = "-1"
        if self.kept is Retention.INBOX:
            configs["segment.bytes"], bound = str(INBOX_SEGMENT_BYTES), str(INBOX_BYTES_MAX)
        retention = str(DAY_MS) if self.kept is Retention.DAY else "-1"
        return {**configs, "cleanup.policy": "delete", "retention.ms": retention, "retention.bytes": bound}


P = Party
EVER = Retention.FOR_EVER
TOPICS: Final[tuple[Topic, ...]] = (
    Topic("agencies", "agency → registration", EVER, (P.OPERATOR,), (P.GATE, P.WATCH), transactional=False),
    Topic(
        "inbox",
        "agency → Event",
        Retention.INBOX,
        (P.AGENCY,),
        (P.GATE, P.AGENCY),
        per="agency",
        transactional=False,
        monthly=True,
    ),
    Topic("receipts", "agency → Receipt", Retention.COMPACTED, (P.GATE,), (P.AGENCY,), per="agency"),
    Topic(
        "events",
        "agency → Event",
        EVER,
        (P.GATE,),
        (P.FOLD, P.RELEASE, P.OPERATOR, P.AUDIT),
        partitioned=True,
        monthly=True,
    ),
    Topic("gate-state", "the gate's state", Retention.COMPACTED, (P.GATE,), (P.GATE,), partitioned=True),
    Topic("quarantine", "agency → Refusal", EVER, (P.GATE,), (P.OPERATOR,), partitioned=True),
    Topic(
        "aggregates",
        "cell → count; position last",
        Retention.COMPACTED,
        (P.FOLD,),
        (P.OPERATOR, P.AUDIT),
        partitioned=True,
        per="generation",
    ),
    Topic("epochs", "– → close command", EVER, (P.CALENDAR, P.OPERATOR), (P.RELEASE, P.OPERATOR), transactional=False),
    Topic("draws", "(table, epoch, part) → draw", EVER, (P.RELEASE,), (P.PUBLISHER, P.OPERATOR, P.AUDIT)),
    Topic(
        "releases",
        "(table, epoch) → Release",
        EVER,
        (P.PUBLISHER,),
        (P.DERIVE, P.EVALUATORS),
        transactional=False,
    ),
    Topic(
        "metrics",
        "(metric, dimensions, period, epoch) → MetricPoint",
        Retention.COMPACTED,
        (P.DERIVE,),
        (P.EVALUATORS,),
        transactional=False,
    ),
    Topic("pulse", "lane → Pulse", Retention.DAY, (P.WORKERS,), (P.WATCH, P.OPERATOR), transactional=False),
    Topic("alerts", "subject → Alert", Retention.COMPACTED, (P.WATCH,), (P.OPERATOR,), transactional=False),
)
BY_NAME: Final = {topic.name: topic for topic in TOPICS}

AGENCIES: Final = "agencies"
EVENTS: Final = "events"
GATE_STATE: Final = "gate-state"
QUARANTINE: Final = "quarantine"
EPOCHS: Final = "epochs"
DRAWS: Final = "draws"
RELEASES: Final = "releases"
METRICS: Final = "metrics"
PULSE: Final = "pulse"
ALERTS: Final = "alerts"
POSITION_KEY: Final = b"!position"
"""The reserved key of `aggregates` and `gate-state`; no other begins with an exclamation mark."""


def record_time_ms(topic: str, at_ms: int) -> int:
    """The time that a record written to a topic at this time has; milliseconds since 1970."""
    row = BY_NAME.get(topic.partition(".")[0])
    return month_begins_ms(at_ms) if row is not None and row.monthly else at_ms


def check_agency(agency: str) -> str:
    """The code itself; raises AgencyCodeInvalid."""
    if not AGENCY_CODE.fullmatch(agency):
        raise AgencyCodeInvalid
    return agency


def inbox_of(agency: str) -> str:
    """The topic that the agency writes its events to."""
    return f"inbox.{check_agency(agency)}"


def receipts_of(agency: str) -> str:
    """The topic from which the agency learns how far its events were accepted."""
    return f"receipts.{check_agency(agency)}"


def agency_of(topic: str) -> str:
    """The agency whose inbox or receipts a topic is."""
    return topic.partition(".")[2]


def aggregates_of(generation: str) -> str:
    """The topic of one generation of counts."""
    return f"aggregates.{generation}"


def partition_of(agency: str, partitions: int) -> int:
    """Kafka's own choice for a key: toPositive(murmur2(agency)) mod partitions.

    Computed once and registered.
    """
    return (_murmur2(agency.encode("ascii")) & 0x7FFFFFFF) % partitions


def _murmur2(data: bytes) -> int:
    """Austin Appleby's MurmurHash2, 32 bit, with Kafka's seed.

    Source: org.apache.kafka.common.utils.Utils.murmur2.
    """
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = 0x9747B28C ^ len(data)
    whole = len(data) & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = (h * m & mask) ^ k
    tail = data[whole:]
    if tail:
        h = (h ^ int.from_bytes(tail, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15
