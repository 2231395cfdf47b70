"""The embedded broker with the oldest Kafka that is supported, for tests only.

`EXCHANGE_TEST_KAFKA=oldest` runs every test that uses the Kafka that is found on it; `make
test-oldest` does so. `jars.csv` beside this file pins its archives, as the embedded broker's own
list does: `python -m tools.derive.broker_jars` writes both.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from exchange.engine.broker import BrokerProcess, Silent
from exchange.engine.broker.jars import Jar, cache_directory, class_path, jars_of
from exchange.engine.broker.server import Launch, prepare
from exchange.engine.broker.starting import Start
from tests.kits.storage_tool import format_as_owner

VERSION = "4.0.2"
"""The last patch of the oldest minor release that is supported."""
ROOTS = (f"org.apache.kafka:kafka_2.13:{VERSION}", "org.slf4j:slf4j-simple:1.7.36")
LIST = Path(__file__).with_name("jars.csv")


def oldest_jars() -> tuple[Jar, ...]:
    """Every archive of that broker, the roots first."""
    return jars_of(LIST.read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class OldestStart(Start):
    """A start with those archives, of storage that Kafka's own tool formats.

    Its classes are not prepared: few runs would use them.
    """

    def plan(self, data_dir: Path) -> Launch:
        cache = cache_directory().with_name(f"kafka-{VERSION}")
        jars = class_path(cache, self.announcer, self.abandoned, self.repository, oldest_jars())
        return replace(Start.plan(self, data_dir), class_path=jars, classes=None)

    def prepare(self, launch: Launch) -> None:
        prepare(launch, format_as_owner)


@contextmanager
def oldest_kafka() -> Iterator[BrokerProcess]:
    """A broker for the length of the block."""
    process = BrokerProcess()
    process._start = OldestStart(Silent(), cache_directory(), None, process._abandoned)
    try:
        process.start()
        yield process
    finally:
        process.stop()
