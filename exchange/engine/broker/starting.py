"""From a locked data directory to a broker that answers: for child and detached brokers."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from exchange.engine.broker import directory
from exchange.engine.broker.announce import Announcer
from exchange.engine.broker.errors import BrokerAbandoned, BrokerDidNotStart
from exchange.engine.broker.jars import KAFKA_VERSION, cached_class_path, class_path
from exchange.engine.broker.java import choose_java
from exchange.engine.broker.prepared_classes import PreparedClasses
from exchange.engine.broker.ready import answers
from exchange.engine.broker.server import Launch, did_not_start, prepare
from exchange.engine.broker.storage import cluster_id
from exchange.engine.broker.training import train

START_WAIT_S = 90
LOOK_S = 0.01  # a refused connection costs a tenth of a millisecond
PORT_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Start:
    """A start's announcer, its source of archives, and the event that cancels it."""

    announcer: Announcer
    cache: Path
    repository: str | None
    abandoned: Event

    def plan(self, data_dir: Path) -> Launch:
        """Choose the Java and the ports, and fetch what the cache lacks.

        The caller holds the directory's lock.
        """
        with ThreadPoolExecutor(1) as other_thread:
            checked = other_thread.submit(cached_class_path, self.cache)
            java = choose_java()  # asks each Java for its version
        self.announcer.say(f"Apache Kafka {KAFKA_VERSION} on {java}")
        jars = checked.result() or class_path(self.cache, self.announcer, self.abandoned, self.repository)
        ports = directory.choose_ports(directory.last_holder(data_dir))
        return Launch(java, jars, data_dir, ports, self._classes(PreparedClasses(java, jars, self.cache)))

    def _classes(self, prepared: PreparedClasses) -> Path | None:
        found = prepared.found()
        if found is not None or not prepared.may_be_made():
            return found
        self.announcer.say("preparing Kafka's classes, so that it starts in half the time (once, some seconds)")
        return train(prepared, self.abandoned)

    def prepare(self, launch: Launch) -> None:
        """Make the data directory ready for Kafka."""
        prepare(launch)

    def run(self, launch: Launch, attempt: Callable[[Launch], None]) -> Launch:
        """Prepare the storage, then attempt; on other ports if ours are taken."""
        for left in reversed(range(PORT_ATTEMPTS)):
            self.prepare(launch)
            try:
                attempt(launch)
            except BrokerDidNotStart as error:
                if "Address already in use" not in str(error) or not left:
                    raise
                launch = replace(launch, ports=directory.choose_ports())
            else:
                break
        return launch

    def wait_until_it_answers(self, launch: Launch, alive: Callable[[], bool]) -> None:
        """Return once the broker answers. Raises `BrokerDidNotStart` or `BrokerAbandoned`."""
        began = time.monotonic()
        client, cluster = launch.client(), cluster_id(launch.data_dir)
        while not answers(client, cluster):
            if not alive():
                raise BrokerDidNotStart(did_not_start(launch, "its process ended"))
            if self.abandoned.is_set():
                raise BrokerAbandoned
            if time.monotonic() - began > START_WAIT_S:
                raise BrokerDidNotStart(did_not_start(launch, f"no answer within {START_WAIT_S} s"))
            time.sleep(LOOK_S)
        self.announcer.say(f"broker ready at {launch.bootstrap_servers} after {time.monotonic() - began:.1f} s")
