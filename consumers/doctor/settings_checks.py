"""Settings of the brokers that an exchange relies on, as a table with a reason for each."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from exchange.core.findings import CheckResult, State, listed, not_known, ok
from exchange.engine.encryption import host_of, is_loopback
from exchange.engine.kafka.clients import SESSION_TIMEOUT_MS, TRANSACTION_TIMEOUT_MS
from exchange.engine.kafka.cluster.brokers import BrokerState

SETTINGS: Final = "broker settings"
TRANSACTION_MS_MAX: Final = 60_000
"""A foreign producer can hold back readers for as long as this."""


@dataclass(frozen=True, slots=True)
class Needed:
    """One row. `fits`: whether a value will do; `wanted`: the same in words."""

    name: str
    fits: Callable[[str], bool]
    wanted: str
    why: str
    state: State = State.FAULT


def _is(word: str) -> Callable[[str], bool]:
    return lambda value: value == word


def _at_least(least: int) -> Callable[[str], bool]:
    return lambda value: value.lstrip("-").isdigit() and int(value) >= least


def _at_most(most: int) -> Callable[[str], bool]:
    return lambda value: value.lstrip("-").isdigit() and int(value) <= most


ALWAYS: Final[tuple[Needed, ...]] = (
    Needed("auto.create.topics.enable", _is("false"), "false", "an inbox that Kafka makes by itself keeps 7 days"),
    Needed(
        "unclean.leader.election.enable", _is("false"), "false", "a broker that lacks records could become the leader"
    ),
    Needed(
        "transaction.max.timeout.ms",
        _at_least(TRANSACTION_TIMEOUT_MS),
        f"at least {TRANSACTION_TIMEOUT_MS}",
        "no lane can start",
    ),
    Needed(
        "transaction.max.timeout.ms",
        _at_most(TRANSACTION_MS_MAX),
        f"at most {TRANSACTION_MS_MAX}",
        "a foreign producer can hold back every reader for longer",
        State.WARNING,
    ),
    Needed(
        "group.min.session.timeout.ms",
        _at_most(SESSION_TIMEOUT_MS),
        f"at most {SESSION_TIMEOUT_MS}",
        "no worker can join its group",
    ),
    Needed(
        "transaction.partition.verification.enable",
        _is("true"),
        "true",
        "a late record can leave a transaction open for ever",
    ),
)
OF_A_CLUSTER: Final[tuple[Needed, ...]] = (
    Needed("authorizer.class.name", bool, "an authorizer", "whoever reaches a listener can read and write everything"),
)
"""Beside those, where brokers can be reached from other machines."""


def _replicated(replication: int) -> tuple[Needed, ...]:
    """Of the topics that Kafka keeps for itself: without them, nobody can commit."""
    topics = ("offsets.topic.replication.factor", "transaction.state.log.replication.factor")
    why = "the loss of one broker can stop every lane"
    return (
        *(Needed(name, _at_least(replication), f"at least {replication}", why, State.WARNING) for name in topics),
        Needed(
            "transaction.state.log.min.isr",
            _at_least(min(2, replication)),
            f"at least {min(2, replication)}",
            "a commit can be lost with one broker",
            State.WARNING,
        ),
    )


def settings_found(brokers: Sequence[BrokerState], replication: int) -> Iterator[CheckResult]:
    """A line for each setting that does not fit, or one that all do."""
    hidden = [str(broker.node) for broker in brokers if broker.settings is None]
    if hidden or not brokers:
        yield not_known(
            SETTINGS,
            f"this user may not read those of broker {listed(hidden)}" if brokers else "no broker answers",
            "Give it the right DescribeConfigs on the cluster: `exchange topics rights --format acl` prints the line.",
        )
        return
    rows = (*ALWAYS, *(() if _is_local(brokers) else OF_A_CLUSTER), *_replicated(replication))
    found = [finding for row in rows if (finding := _judged(row, brokers)) is not None]
    yield from found
    if not found:
        yield ok(
            SETTINGS, f"{len({row.name for row in rows})} are as they should be, on {len(brokers)} of {len(brokers)}"
        )


def _judged(row: Needed, brokers: Sequence[BrokerState]) -> CheckResult | None:
    values = {str(broker.node): (broker.settings or {}).get(row.name) for broker in brokers}
    unknown = [node for node, value in values.items() if value is None]
    if unknown:
        return not_known(row.name, f"broker {listed(unknown)} does not tell it", f"Make sure that it is {row.wanted}.")
    wrong = sorted({value or "not set" for value in values.values() if value is not None and not row.fits(value)})
    if not wrong:
        return None
    return CheckResult(row.name, row.state, f"{listed(wrong)}: {row.why}", f"Set it to {row.wanted}, on every broker.")


def _is_local(brokers: Sequence[BrokerState]) -> bool:
    return all(is_loopback(host_of(broker.address)) for broker in brokers)
