"""Rights follow from the table of topics: readers, writers; evaluators read nothing exact."""

import shlex
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from exchange.engine.kafka.provision import exchange_topics, required_topics
from exchange.engine.kafka.rights import (
    PRINCIPALS,
    THE_CLUSTER,
    Operation,
    Resource,
    Right,
    acl_lines,
    readers,
    rights,
    rights_of_an_operator,
    writers,
)
from exchange.wire.topics import AGENCY_CODE, TOPICS, TRANSACTIONAL_LANES, LaneName, Party, Retention, record_time_ms

GROUP = "exchange-workers"
codes = st.from_regex(AGENCY_CODE, fullmatch=True)


def held_by(principal: str, granted: list[Right]) -> set[tuple[str, str, str, bool]]:
    return {(r.operation.value, r.resource.value, r.name, r.prefixed) for r in granted if r.principal == principal}


def test_who_reads_and_writes_each_topic() -> None:
    assert {topic.name: (writers(topic), readers(topic)) for topic in TOPICS} == {
        "agencies": (["exchange-operator"], ["exchange-operator", "exchange-worker"]),
        "inbox": (["agency-CODE", "exchange-operator"], ["agency-CODE", "exchange-operator", "exchange-worker"]),
        "receipts": (["exchange-worker"], ["agency-CODE"]),
        "events": (["exchange-worker"], ["exchange-audit", "exchange-operator", "exchange-worker"]),
        "gate-state": (["exchange-worker"], ["exchange-operator", "exchange-worker"]),
        "quarantine": (["exchange-worker"], ["exchange-operator"]),
        "aggregates": (["exchange-worker"], ["exchange-audit", "exchange-operator", "exchange-worker"]),
        "epochs": (["exchange-operator", "exchange-worker"], ["exchange-operator", "exchange-worker"]),
        "draws": (["exchange-worker"], ["exchange-audit", "exchange-operator", "exchange-worker"]),
        "releases": (["exchange-worker"], ["exchange-evaluators", "exchange-operator", "exchange-worker"]),
        "metrics": (["exchange-worker"], ["exchange-evaluators", "exchange-worker"]),
        "pulse": (["exchange-worker"], ["exchange-operator", "exchange-worker"]),
        "alerts": (["exchange-worker"], ["exchange-operator", "exchange-worker"]),
    }


def test_an_evaluator_reads_releases_and_metrics_and_can_do_nothing_else() -> None:
    granted = rights(["harbor-light"], group=GROUP)
    assert held_by(PRINCIPALS[Party.EVALUATORS], granted) == {
        ("Read", "topic", "releases", False),
        ("Read", "topic", "metrics", False),
    }
    assert not {right.principal for right in granted} & {"*", "ANONYMOUS"}


@given(st.sets(codes, min_size=1, max_size=4))
def test_an_agency_writes_its_inbox_reads_its_receipts_and_nothing_else(agencies: set[str]) -> None:
    granted = rights(agencies, group=GROUP)
    for code in agencies:
        assert held_by(f"agency-{code}", granted) == {
            ("Write", "topic", f"inbox.{code}", False),
            ("Read", "topic", f"inbox.{code}", False),
            ("Read", "topic", f"receipts.{code}", False),
        }


def test_only_the_operator_creates_and_configures() -> None:
    changing = {Operation.CREATE, Operation.ALTER_CONFIGS}
    assert {r.principal for r in rights(group=GROUP) if r.operation in changing} == {"exchange-operator"}


def test_whoever_creates_a_topic_may_see_it() -> None:
    granted = rights(group=GROUP)
    for right in granted:
        if right.operation is Operation.CREATE:
            assert replace(right, operation=Operation.DESCRIBE) in granted


def test_only_the_worker_writes_in_transactions_and_joins_groups() -> None:
    others = (Resource.GROUP, Resource.TRANSACTIONAL_ID)
    granted = [r for r in rights(group=GROUP) if r.resource in others]
    looks = [r for r in granted if r.principal == "exchange-operator"]
    assert [(r.operation, r.resource, r.name) for r in looks] == [(Operation.DESCRIBE, Resource.GROUP, GROUP)]
    assert {r.principal for r in granted if r not in looks} == {"exchange-worker"}


def test_a_lane_has_the_name_of_the_party_that_it_works_for() -> None:
    assert {lane.value for lane in LaneName} < {party.value for party in Party}


def test_the_worker_may_write_under_the_names_of_its_transactional_lanes_and_no_others() -> None:
    names = {right.name for right in rights(group=GROUP) if right.resource is Resource.TRANSACTIONAL_ID}
    assert names == {lane.at(7).removesuffix("7") for lane in TRANSACTIONAL_LANES}


@given(st.sets(codes, max_size=3))
def test_the_acl_lines_say_the_same_as_the_rights(agencies: set[str]) -> None:
    granted = rights(agencies, group=GROUP)
    said = set()
    for line in acl_lines(granted):
        words = shlex.split(line)
        assert words[:5] == ["kafka-acls.sh", "--bootstrap-server", "$BOOTSTRAP", "--command-config", "$ADMIN_CONFIG"]
        assert words[5:7] == ["--add", "--allow-principal"]
        operations = [words[i + 1] for i, word in enumerate(words) if word == "--operation"]
        *_, resource, name, _, pattern = words if "--cluster" not in words else [*words[:-2], THE_CLUSTER, *words[-2:]]
        said |= {(words[7], o, resource, name, pattern) for o in operations}
    assert said == {
        (f"User:{r.principal}", r.operation, f"--{r.resource}", r.name, "prefixed" if r.prefixed else "literal")
        for r in granted
    }


def test_only_the_operator_reads_the_settings_of_the_cluster_and_nobody_changes_them() -> None:
    of_cluster = [r for r in rights(group=GROUP) if r.resource is Resource.CLUSTER]
    assert [(r.principal, r.operation) for r in of_cluster] == [("exchange-operator", Operation.DESCRIBE_CONFIGS)]
    assert not [r for r in rights_of_an_operator("generation") if r.prefixed or r.resource is not Resource.TOPIC]


def test_every_topic_of_the_table_is_wanted_and_covered_by_rights() -> None:
    wanted = exchange_topics(partitions=12, replication=3, agencies=["harbor-light"])
    written = [r for r in rights(["harbor-light"], group=GROUP) if r.operation is Operation.WRITE]
    for spec in wanted:
        assert any(spec.name == r.name or (r.prefixed and spec.name.startswith(r.name)) for r in written), spec.name
    assert {spec.name.partition(".")[0] for spec in wanted} == {topic.name for topic in TOPICS}
    assert required_topics() == {s.name for s in wanted if not s.name.endswith(".harbor-light")}


def test_what_is_kept_for_ever_is_never_thrown_away() -> None:
    configs = {spec.name.partition(".")[0]: spec.configs for spec in exchange_topics(partitions=12, replication=3)}
    for topic in TOPICS:
        if topic.kept is Retention.FOR_EVER:
            kept = configs[topic.name]
            assert kept["cleanup.policy"] == "delete"
            assert kept["retention.ms"] == kept["retention.bytes"] == "-1"


def test_partitioned_topics_have_the_same_partitions_and_others_one() -> None:
    counts = {s.name.partition(".")[0]: s.partitions for s in exchange_topics(partitions=12, replication=3)}
    assert {name for name, count in counts.items() if count == 12} == {
        "events",
        "gate-state",
        "quarantine",
        "aggregates",
    }
    assert set(counts.values()) == {1, 12}


def test_records_of_events_and_inboxes_are_written_with_their_month_whatever_clocks_say() -> None:
    """A broker neither replaces that time nor refuses it; other topics keep the time of writing."""
    at_ms = 1_774_888_123_456  # 2026-03-30
    for topic in TOPICS:
        name = f"{topic.name}.harbor-light" if topic.per else topic.name
        configs = topic.configs(3)
        if topic.name in {"events", "inbox"}:
            assert record_time_ms(name, at_ms) == 1_772_323_200_000  # 2026-03-01
            assert configs["message.timestamp.type"] == "CreateTime"
            assert configs["message.timestamp.after.max.ms"] == str(2**63 - 1)
        else:
            assert record_time_ms(name, at_ms) == at_ms


def test_an_inbox_expires_by_no_clock_and_is_bounded_in_segments_that_kafka_can_delete() -> None:
    (configs,) = [topic.configs(3) for topic in TOPICS if topic.kept is Retention.INBOX]
    assert configs["retention.ms"] == "-1"
    assert 10 * int(configs["segment.bytes"]) <= int(configs["retention.bytes"])
