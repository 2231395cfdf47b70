"""The derived parts of `docs/TOPICS.md`; `tools.derive.docs` puts them in place."""

from collections.abc import Iterable, Iterator

from exchange.wire.topics import TOPICS, Party, Topic
from tools.derive.markdown import table


def topics() -> Iterator[str]:
    """Every topic: what it holds, how long, who writes and reads it."""
    yield from table(
        ("topic", "key → value", "partitions", "kept", "written by", "read by", "in transactions"),
        (
            (
                f"`{topic_name(topic)}`",
                topic.holds,
                "P" if topic.partitioned else "1",
                topic.kept.value,
                _parties(topic.writers),
                _parties(topic.readers),
                "yes" if topic.transactional else "no",
            )
            for topic in TOPICS
        ),
    )


def topic_settings() -> Iterator[str]:
    """Kafka's settings of every topic on a cluster of three replicas."""
    yield from table(
        ("topic", "settings"),
        ((f"`{topic_name(topic)}`", ", ".join(f"`{k}={v}`" for k, v in topic.configs(3).items())) for topic in TOPICS),
    )


def topic_name(topic: Topic) -> str:
    """`inbox.<agency>` for a family of topics, else its name."""
    return f"{topic.name}.<{topic.per}>" if topic.per else topic.name


def _parties(parties: Iterable[Party]) -> str:
    return ", ".join(party.value for party in parties)
