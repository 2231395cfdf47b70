"""Checks of the brokers: how many answer, which versions they run, which known holes those have."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from exchange.core.findings import CheckResult, State, fault, listed, not_known, ok, warning
from exchange.engine.kafka.cluster.brokers import BrokerState, Replicas
from exchange.engine.kafka.cluster.holes import KAFKA, REVIEWED, SAFE, Affected, Harm, Hole
from exchange.engine.kafka.cluster.versions import OLDEST_SUPPORTED, VersionRange

BROKERS: Final = "brokers"
VERSION: Final = "Kafka's version"
HOLES: Final = "known holes"
REPLICAS: Final = "replicas"
OLDEST: Final = f"{OLDEST_SUPPORTED.major}.{OLDEST_SUPPORTED.minor}"


def brokers_found(brokers: Sequence[BrokerState], replication: int) -> CheckResult:
    """Whether every broker answers, and there are as many as a topic has replicas."""
    away = [f"{broker.node} at {broker.address}" for broker in brokers if not broker.answers]
    if away:
        return fault(BROKERS, f"of {len(brokers)}, no answer from {listed(away)}", "Start them, or mend their address.")
    if len(brokers) < replication:
        return fault(
            BROKERS,
            f"{len(brokers)}, and topics are to have {replication} replicas",
            "Start the other brokers, or set EXCHANGE_REPLICATION to their number.",
        )
    return ok(BROKERS, f"{len(brokers)} of {len(brokers)} answer")


def version_found(brokers: Sequence[BrokerState]) -> CheckResult:
    """Which versions the brokers run, and whether the exchange supports them."""
    spans = _spans(brokers)
    if not spans:
        return not_known(
            VERSION,
            "no broker names the features of its software",
            f"Find it out with `kafka-topics.sh --version` on a broker. The exchange supports {OLDEST} and newer.",
        )
    shown = listed([str(span) for span in spans])
    if any(span.first < OLDEST_SUPPORTED for span in spans):
        return fault(VERSION, f"{shown}; the exchange supports {OLDEST} and newer", f"Update Kafka to {SAFE}.")
    if len(spans) > 1:
        return warning(VERSION, f"brokers differ: {shown}", "End the update: bring every broker to one version.")
    return ok(VERSION, f"{shown}; brokers do not tell the patch")


def holes_found(brokers: Sequence[BrokerState], holes: Sequence[Hole] = KAFKA) -> Iterator[CheckResult]:
    """A line for each known hole that is, or may be, in a version that a broker runs."""
    spans = _spans(brokers)
    if not spans:
        yield not_known(HOLES, "Kafka's version is not known", f"Update Kafka to {SAFE}.")
        return
    found = [finding for hole in holes if (finding := _hole(hole, spans)) is not None]
    yield from found
    if not found:
        yield ok(HOLES, f"none in {listed([str(span) for span in spans])}, by the table of {REVIEWED}")


def _hole(hole: Hole, spans: Sequence[VersionRange]) -> CheckResult | None:
    affected = {hole.affects(span) for span in spans}
    if Affected.YES in affected:
        state = State.FAULT if hole.harm is Harm.OPENS else State.WARNING
        return CheckResult(hole.name, state, f"open: {hole.means}", f"Update Kafka to {SAFE}.")
    if Affected.POSSIBLY in affected:
        fixed = ", ".join(str(version) for _, version in hole.ranges)
        do = f"Brokers do not tell the patch. If `kafka-topics.sh --version` is before {fixed}, update to {SAFE}."
        return warning(hole.name, f"may be open: {hole.means}", do)
    return None


def replicas_found(replicas: Mapping[str, Replicas], replication: int) -> CheckResult:
    """Whether the topics have their replicas, and all of those are in step."""
    few = [topic for topic, found in replicas.items() if found.wanted < replication]
    lagging = [topic for topic, found in replicas.items() if found.lagging]
    if not replicas:
        return not_known(REPLICAS, "no topic of the exchange may be seen", "Create them: `exchange topics apply`.")
    if lagging:
        do = "Look for a broker that is away, or a disk that is full."
        return warning(REPLICAS, f"not in step: {listed(lagging)}", do)
    if few:
        do = "Kafka's own `kafka-reassign-partitions.sh` adds replicas to a topic that exists."
        return warning(REPLICAS, f"fewer than {replication}: {listed(few)}", do)
    return ok(REPLICAS, f"{replication} of each of {len(replicas)} topics, all in step")


def _spans(brokers: Sequence[BrokerState]) -> list[VersionRange]:
    """The versions that the brokers may run, oldest first, each once."""
    return sorted({broker.version for broker in brokers if broker.version is not None}, key=lambda span: span.first)
