"""How the tests are shared out among processes: all that need a Kafka to one of them, first of all, and in order.

Any test may run in any process. Those of `tests/kafka` use one cluster and its real topic names, so
they never run side by side. They are what takes longest, so they begin first; the other processes
take the rest one test at a time.
"""

from xdist.scheduler import LoadScopeScheduling

FOLDER = "tests/kafka/"


class KafkaInOneProcess(LoadScopeScheduling):
    """A group is a test, but for the tests that need a Kafka. The largest group begins first."""

    def _split_scope(self, nodeid: str) -> str:
        return FOLDER if nodeid.startswith(FOLDER) else nodeid
