"""Who may read and write which topic, derived from the table of topics.

And the same as ACLs of Kafka.

Rules kept:
- A right follows from the table's `writers` and `readers`, or is listed in `BESIDES` with its
  reason.
- Parties that run in one process are one principal. Nothing is granted to everybody.
- Evaluators get the rights of the table, and never one of `BESIDES`: names, sizes and offsets of
  the other topics are exact counts.

The broker must deny everything that is not granted (`allow.everyone.if.no.acl.found=false`). ACLs
alone refuse nothing.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from exchange.wire.topics import BY_NAME, TOPICS, TRANSACTIONAL_LANES, Party, Topic, check_agency

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

WATCH_GROUP: Final = "exchange-watch"
"""The consumer group of the watch agent."""
ANY_AGENCY: Final = "CODE"

THE_CLUSTER: Final = "kafka-cluster"
"""Kafka's name for the one resource of that kind."""

PRINCIPALS: Final[Mapping[Party, str]] = {
    Party.OPERATOR: "exchange-operator",
    Party.GATE: "exchange-worker",
    Party.FOLD: "exchange-worker",
    Party.WATCH: "exchange-worker",
    Party.DERIVE: "exchange-worker",
    Party.WORKERS: "exchange-worker",
    Party.RELEASE: "exchange-worker",
    Party.PUBLISHER: "exchange-worker",
    Party.CALENDAR: "exchange-worker",
    Party.AUDIT: "exchange-audit",
    Party.EVALUATORS: "exchange-evaluators",
}
"""User names in Kafka. An agency's is `agency-` and its code."""


class Operation(StrEnum):
    """Operations, in the words of Kafka's ACLs.

    Read and Write include Describe; Create does not.
    """

    READ = "Read"
    WRITE = "Write"
    DESCRIBE = "Describe"
    CREATE = "Create"
    DESCRIBE_CONFIGS = "DescribeConfigs"
    ALTER_CONFIGS = "AlterConfigs"


class Resource(StrEnum):
    """Kinds of resources, in the words of `kafka-acls.sh`."""

    TOPIC = "topic"
    GROUP = "group"
    TRANSACTIONAL_ID = "transactional-id"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Right:
    """One principal may do one operation on one resource, or on all whose names begin so."""

    principal: str
    operation: Operation
    resource: Resource
    name: str
    prefixed: bool = False
    why: str = ""


BESIDES: Final[tuple[tuple[Party, Operation, str, str], ...]] = (
    (Party.FOLD, Operation.READ, "aggregates", "restores its own state"),
    (Party.RELEASE, Operation.READ, "agencies", "who is registered, for reporting coverage"),
    (Party.PUBLISHER, Operation.READ, "releases", "publishes nothing twice"),
    (Party.DERIVE, Operation.READ, "metrics", "writes no point twice"),
    (Party.WATCH, Operation.READ, "alerts", "goes on with the open alerts"),
    (Party.OPERATOR, Operation.READ, "agencies", "lists the registered agencies"),
    (Party.OPERATOR, Operation.READ, "inbox", "`exchange agencies refill` looks what an inbox lacks"),
    (Party.OPERATOR, Operation.WRITE, "inbox", "`exchange agencies refill`"),
    (Party.OPERATOR, Operation.READ, "gate-state", "`exchange status` shows heads and refusals"),
    (Party.OPERATOR, Operation.READ, "releases", "`exchange release` waits until they are public"),
)
"""Rights that do not follow from the table's writers and readers."""
PROVISIONING: Final = (Operation.DESCRIBE, Operation.CREATE, Operation.DESCRIBE_CONFIGS, Operation.ALTER_CONFIGS)


def rights(agencies: Iterable[str] = (), *, group: str) -> list[Right]:
    """Every right that an exchange with these agencies needs.

    `group`: the group in which workers share lanes.
    """
    codes = [check_agency(agency) for agency in agencies]
    found = [right for topic in TOPICS for right in _of_topic(topic, codes)]
    worker, operator = PRINCIPALS[Party.WORKERS], PRINCIPALS[Party.OPERATOR]
    found += [Right(worker, Operation.READ, Resource.GROUP, name) for name in (group, WATCH_GROUP)]
    found.append(
        Right(operator, Operation.DESCRIBE, Resource.GROUP, group, why="`exchange status` names strangers in it")
    )
    found.append(Right(operator, Operation.DESCRIBE_CONFIGS, Resource.CLUSTER, THE_CLUSTER, why="`exchange doctor`"))
    for lane in TRANSACTIONAL_LANES:
        for operation in (Operation.WRITE, Operation.DESCRIBE):
            found.append(Right(worker, operation, Resource.TRANSACTIONAL_ID, f"{lane}-", prefixed=True))
    for topic in TOPICS:
        found += [_right(operator, operation, topic, "`exchange topics`") for operation in PROVISIONING]
    return list(dict.fromkeys(found))


def rights_of_a_worker(group: str, generation: str) -> list[Right]:
    """The rights without which a worker cannot start, each for a name that exists.

    Those to inboxes and receipts are not among them: each is asked for when its agency is read.
    """
    worker = PRINCIPALS[Party.WORKERS]
    return _with_names([right for right in rights(group=group) if right.principal == worker], generation)


def rights_of_an_operator(generation: str) -> list[Right]:
    """The rights of an operator to topics, each for a name that exists.

    Those to the cluster and to the group are not among them: nobody can be asked for them.
    """
    operator = PRINCIPALS[Party.OPERATOR]
    found = [right for right in rights(group="") if right.principal == operator]
    return _with_names([right for right in found if right.resource is Resource.TOPIC], generation)


def _with_names(found: Iterable[Right], generation: str) -> list[Right]:
    names = {f"{topic.name}.": f"{topic.name}.{generation}" for topic in TOPICS if topic.per == "generation"}
    names |= {f"{lane}-": lane.at(0) for lane in TRANSACTIONAL_LANES}
    return [
        replace(right, name=names.get(right.name, right.name), prefixed=False)
        for right in found
        if not right.prefixed or right.name in names
    ]


def readers(topic: Topic) -> list[str]:
    """Principals that may read a topic, for people to read; `agency-CODE` for an agency."""
    return _names(right for right in _of_topic(topic, None) if right.operation is Operation.READ)


def writers(topic: Topic) -> list[str]:
    """Principals that may write a topic, as in `readers`."""
    return _names(right for right in _of_topic(topic, None) if right.operation is Operation.WRITE)


def acl_lines(granted: Sequence[Right]) -> Iterator[str]:
    """The rights as commands for a shell in which BOOTSTRAP and ADMIN_CONFIG are set."""
    grouped: dict[tuple[str, Resource, str, bool], list[Operation]] = {}
    for right in granted:
        grouped.setdefault((right.principal, right.resource, right.name, right.prefixed), []).append(right.operation)
    for (principal, resource, name, prefixed), operations in grouped.items():
        words = ["--add", "--allow-principal", f"User:{principal}"]
        for operation in dict.fromkeys(operations):
            words += ["--operation", operation]
        words += [
            f"--{resource}",
            *([] if resource is Resource.CLUSTER else [name]),
            "--resource-pattern-type",
            "prefixed" if prefixed else "literal",
        ]
        yield f'kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN_CONFIG" {shlex.join(words)}'


def _of_topic(topic: Topic, agencies: Sequence[str] | None) -> Iterator[Right]:
    """The rights of one row. `agencies`: None for one code that stands for any."""
    for parties, operation in ((topic.writers, Operation.WRITE), (topic.readers, Operation.READ)):
        for party in parties:
            if party is Party.AGENCY:
                yield from (
                    _agencys(code, operation, topic) for code in ([ANY_AGENCY] if agencies is None else agencies)
                )
            else:
                yield _right(PRINCIPALS[party], operation, topic)
    for party, operation, name, why in BESIDES:
        if BY_NAME[name] == topic:
            yield _right(PRINCIPALS[party], operation, topic, why)


def _right(principal: str, operation: Operation, topic: Topic, why: str = "") -> Right:
    name = f"{topic.name}." if topic.per else topic.name
    return Right(principal, operation, Resource.TOPIC, name, prefixed=bool(topic.per), why=why)


def _agencys(code: str, operation: Operation, topic: Topic) -> Right:
    return Right(f"agency-{code}", operation, Resource.TOPIC, f"{topic.name}.{code}")


def _names(found: Iterable[Right]) -> list[str]:
    return sorted({right.principal for right in found})
