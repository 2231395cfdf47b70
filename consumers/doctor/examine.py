"""Every check of `exchange doctor`, in the order in which it prints them."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from consumers.admission.wanted_topics import wanted_topics
from consumers.doctor import cluster_checks as of_cluster
from consumers.doctor import exchange_checks as of_exchange
from consumers.doctor.machine_checks import disk_found, machine_found
from consumers.doctor.settings_checks import SETTINGS, settings_found
from exchange.core.errors import ExchangeError
from exchange.core.findings import CheckResult, fault, not_known, ok
from exchange.engine.broker.directory import data_home, living_holder
from exchange.engine.errors import EngineError
from exchange.engine.kafka.admin import Admin, TopicSpec
from exchange.engine.kafka.cluster.brokers import Cluster, look_at_cluster
from exchange.engine.log import Log
from exchange.engine.wall_clock import Clock
from exchange.settings import Settings

CONNECTION: Final = "connection"
OF_BROKERS: Final = (of_cluster.BROKERS, of_cluster.VERSION, of_cluster.HOLES, SETTINGS, of_cluster.REPLICAS)
OF_EXCHANGE: Final = (of_exchange.TOPICS, of_exchange.STATE, of_exchange.CLOCK, of_exchange.RIGHTS)


@dataclass(frozen=True, slots=True)
class Examination:
    """The checks on a cluster that was reached. `report`: called with each check that begins."""

    log: Log
    admin: Admin
    settings: Settings
    clock: Clock
    report: Callable[[str], None]

    async def findings(self) -> list[CheckResult]:
        """Every finding; no check is left out, whatever the others meet."""
        wanted = await self._wanted()
        found = [connected(self.settings), *await self._of_brokers(wanted)]
        client = self.settings.client("exchange-doctor")
        checks: dict[str, Callable[[], Awaitable[CheckResult]]] = {
            of_exchange.TOPICS: lambda: of_exchange.topics_found(self.admin, known(wanted)),
            of_exchange.STATE: lambda: of_exchange.state_found(self.log, self.admin, known(wanted)),
            of_exchange.CLOCK: lambda: of_exchange.clock_found(self.log, self.admin, self.clock),
            of_exchange.RIGHTS: lambda: of_exchange.rights_found(client),
        }
        for check, work in checks.items():
            self.report(check)
            found.append(await _guarded(check, work))
        return found

    async def _wanted(self) -> list[TopicSpec] | EngineError:
        """The topics of this exchange, or the reason why the agencies are not known."""
        self.report(of_exchange.TOPICS)
        try:
            return await wanted_topics(self.log, self.admin, self.settings)
        except EngineError as error:
            return error

    async def _of_brokers(self, wanted: list[TopicSpec] | EngineError) -> list[CheckResult]:
        self.report(of_cluster.BROKERS)
        names = [spec.name for spec in wanted] if isinstance(wanted, list) else []
        try:
            cluster = await look_at_cluster(self.settings.client("exchange-doctor"), names)
        except EngineError as error:
            return [unmade(check, error) for check in OF_BROKERS]
        return [*self._judged(cluster), self._replicas(cluster, wanted)]

    def _judged(self, cluster: Cluster) -> Iterator[CheckResult]:
        yield of_cluster.brokers_found(cluster.brokers, self.settings.replication)
        yield of_cluster.version_found(cluster.brokers)
        yield from of_cluster.holes_found(cluster.brokers)
        yield from settings_found(cluster.brokers, self.settings.replication)

    def _replicas(self, cluster: Cluster, wanted: list[TopicSpec] | EngineError) -> CheckResult:
        if isinstance(wanted, EngineError):
            return unmade(of_cluster.REPLICAS, wanted)
        return of_cluster.replicas_found(cluster.replicas, self.settings.replication)


def connected(settings: Settings) -> CheckResult:
    """How the cluster was reached; that nobody can listen is seen to where clients are made."""
    client = settings.client("exchange-doctor")
    user = f"as {client.sasl_username}" if client.security_protocol.startswith("SASL") else "without a user name"
    shown = f"{settings.bootstrap_servers}, {user}, {client.security_protocol}"
    return ok(CONNECTION, shown)


def of_this_machine(settings: Settings, today: date) -> Iterator[CheckResult]:
    """The checks that ask no cluster: the disk of the Kafka that runs here, Python, libraries."""
    holder = living_holder(data_home())
    if holder is not None and settings.bootstrap_servers in ("", holder.bootstrap_servers):
        yield disk_found(data_home())
    yield from machine_found(today)


def unreached(error: ExchangeError) -> list[CheckResult]:
    """The findings on a cluster that was not reached: all but the connection are not known."""
    others = (*OF_BROKERS, *OF_EXCHANGE)
    return [
        fault(CONNECTION, _happened(error), error.hint),
        *(not_known(check, "the cluster was not reached", "Mend the connection first.") for check in others),
    ]


def unmade(check: str, error: ExchangeError) -> CheckResult:
    """A check that this error hindered."""
    return not_known(check, _happened(error), error.hint)


def known(wanted: list[TopicSpec] | EngineError) -> list[TopicSpec]:
    """The topics themselves. Raises the error for which they are not known."""
    if isinstance(wanted, EngineError):
        raise wanted
    return wanted


async def _guarded(check: str, work: Callable[[], Awaitable[CheckResult]]) -> CheckResult:
    try:
        return await work()
    except EngineError as error:
        return unmade(check, error)


def _happened(error: ExchangeError) -> str:
    return str(error).removesuffix(error.hint).strip()
