"""Tests are divided among processes: those with Kafka begin, and long ones come first.

Any test may run in any process. Those of `tests/kafka` use a whole cluster and its real topic
names, so no two of them may use one cluster at a time. Where each process starts a broker of its
own, each file of them goes to one process. Where there is one cluster for all, they go to one
process together. The rest is taken one test at a time, long ones first, so that no process has a
long one left at the end. `make test-fast` leaves both out.

There is one process more than processors: tests with Kafka wait half of their time.
"""

import os

import pytest
from xdist.scheduler import LoadScopeScheduling

FOLDER = "tests/kafka/"
LONG = (
    "tests/unit/tree/test_to_add.py",
    "tests/unit/trial/",
    "tests/simulation/test_derive.py",
    "tests/simulation/test_simulation.py",
    "tests/simulation/test_mutants.py",
    "tests/simulation/test_release_kills.py",
    "tests/adversary/test_edge_histories.py",
    "tests/adversary/test_exact_attacks.py",
    "tests/adversary/test_noised_attacks.py",
    "tests/adversary/test_running.py",
    "tests/properties/test_edge_scripts.py",
    "tests/unit/release/test_draw_process.py",
    "tests/unit/replay/test_replay_processes.py",
    "tests/unit/metrics/test_metrics_coverage.py",
    "tests/unit/metrics/test_metrics_mutants.py",
    "tests/unit/tree/test_pinned_schemas.py",
)
"""Files and folders whose tests together take over five seconds of CPU; the longest first."""


class KafkaFirst(LoadScopeScheduling):
    """A group is a test, but for the tests that need a Kafka. The largest group begins first."""

    one_cluster = False

    def _split_scope(self, nodeid: str) -> str:
        if not nodeid.startswith(FOLDER):
            return nodeid
        return FOLDER if self.one_cluster else nodeid.partition("::")[0]


def processes() -> int:
    """How many processes `-n auto` and `-n logical` start."""
    return (os.cpu_count() or 1) + 1


def is_long(nodeid: str) -> bool:
    return nodeid.startswith(LONG)


def turn(item: pytest.Item) -> int:
    """A test's rank in the order: tests that need a Kafka, long tests, the rest."""
    if item.nodeid.startswith(FOLDER):
        return -1
    return next((number for number, path in enumerate(LONG) if item.nodeid.startswith(path)), len(LONG))
