"""Tests are divided among processes so that none waits for the last.

Any test may run in any process. Those of `tests/kafka` use a whole cluster and its real topic
names, so no two of them may use one cluster at a time. Where each process starts a broker of its
own, any process may take one. Where there is one cluster for all, they all go to one process.
Files in `WHOLE` stay together.

Tests with Kafka wait more than they compute. So all processes but one begin with them, the longest
first; that one, and the others later, take the rest one test at a time, long ones first. There are
two processes more than processors. `make test-fast` leaves both out.
"""

import os

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

FOLDER = "tests/kafka/"
WHOLE = (
    "tests/browser/",
    "tests/kafka/engine/test_broker_lock.py",
    "tests/kafka/secure/",
    "tests/kafka/serve/test_serve_kafka.py",
    "tests/adversary/test_noised_attacks.py",
    "tests/simulation/test_derive.py",
    "tests/unit/charts/",
    "tests/unit/deploy/test_certificates.py",
    "tests/unit/files/",
    "tests/unit/metrics/test_metrics_points.py",
    "tests/unit/pages/",
    "tests/unit/release/test_composition.py",
    "tests/unit/sources/test_hmis_real.py",
    "tests/unit/tree/test_mutants_listed.py",
    "tests/unit/tree/test_packaging.py",
    "tests/unit/trial/test_answered.py",
    "tests/unit/trial/test_sample_calibration.py",
)
"""Files and folders whose tests share what is dear to make: a broker, a nation, a wheel."""
WAITING = (
    "tests/kafka/secure/",
    "tests/kafka/operations/test_trials.py",
    "tests/kafka/operations/test_put_back_whole.py",
    "tests/kafka/operations/test_state_put_back.py",
    "tests/kafka/operations/test_open_transactions.py",
    "tests/kafka/edge/test_new_agency.py",
    "tests/kafka/release/test_release.py",
    "tests/kafka/operations/test_archive_kafka.py",
    "tests/kafka/operations/test_worker_ends.py",
    "tests/kafka/release/test_public_topics.py",
    "tests/kafka/operations/test_alerts_kafka.py",
    "tests/kafka/operations/test_replay_kafka.py",
    "tests/kafka/engine/test_broker_lock.py",
    "tests/kafka/engine/test_lane.py",
    "tests/kafka/edge/",
    "tests/kafka/engine/",
    "tests/kafka/",
)
"""Files and folders of tests with Kafka; those with the longest tests first."""
LONG = (
    "tests/browser/",
    "tests/unit/tree/test_to_add.py",
    "tests/unit/trial/",
    "tests/unit/files/",
    "tests/unit/charts/",
    "tests/simulation/test_derive.py",
    "tests/simulation/test_simulation.py",
    "tests/simulation/test_mutants.py",
    "tests/simulation/test_release_kills.py",
    "tests/simulation/test_witness.py",
    "tests/unit/release/test_witness_mutants.py",
    "tests/adversary/test_edge_histories.py",
    "tests/adversary/test_exact_attacks.py",
    "tests/adversary/test_noised_attacks.py",
    "tests/adversary/test_planted_identifiers.py",
    "tests/adversary/test_running.py",
    "tests/properties/test_edge_scripts.py",
    "tests/unit/release/test_draw_process.py",
    "tests/unit/replay/test_replay_processes.py",
    "tests/unit/metrics/test_metrics_coverage.py",
    "tests/unit/metrics/test_metrics_mutants.py",
    "tests/unit/tree/test_pinned_schemas.py",
)
"""Files and folders whose tests together take over five seconds of CPU; the longest first."""
RANKED = (*WAITING, *LONG)


class KafkaFirst(LoadScopeScheduling):
    """A group is a test, or the tests that share a cluster. They begin in the order of `turn`."""

    one_cluster = False

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        config.option.loadscopereorder = False  # the largest group is not the longest
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        if self.one_cluster and nodeid.startswith(FOLDER):
            return FOLDER
        return nodeid.partition("::")[0] if nodeid.startswith(WHOLE) else nodeid

    def _assign_work_unit(self, node: WorkerController) -> None:
        kafka = node is not self.nodes[-1]
        fitting = (group for group in self.workqueue if group.startswith(FOLDER) is kafka)
        self.workqueue.move_to_end(next(fitting, next(iter(self.workqueue))), last=False)
        super()._assign_work_unit(node)


def processes() -> int:
    """How many processes `-n auto` and `-n logical` start."""
    return (os.cpu_count() or 1) + 2


def is_long(nodeid: str) -> bool:
    return nodeid.startswith(LONG)


def turn(item: pytest.Item) -> int:
    """A test's rank in the order: tests that need a Kafka, long tests, the rest."""
    test = item.nodeid  # a property, put together each time
    if not test.startswith(RANKED):
        return len(RANKED)
    return next(rank for rank, path in enumerate(RANKED) if test.startswith(path))
