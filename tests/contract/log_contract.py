"""The promises of every log, once for all implementations (`exchange/engine/log.py` in words).

A subclass gives the fixture `harness`; see `test_log_memory.py` and
`tests/kafka/engine/test_log_kafka.py`.
"""

from tests.contract.log_reading import ReadingContract
from tests.contract.log_transactions import TransactionContract


class LogContract(TransactionContract, ReadingContract):
    """All of it."""
