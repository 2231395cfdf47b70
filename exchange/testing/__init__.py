"""An exchange in memory, so that programs of agencies and evaluators can be tested without Kafka.

    from exchange.testing import InMemoryExchange

`docs/TESTING.md` shows how. Only tests and the adversary of `exchange.trial` import it.
"""

from exchange.testing.in_memory_exchange import SECRET, InMemoryExchange, WorkerExtraMissing
from exchange.testing.memory_broker import MemoryBroker
from exchange.testing.memory_gate import MemoryGate, MemoryLink
from exchange.testing.memory_log import MemoryLog

__all__ = ["SECRET", "InMemoryExchange", "MemoryBroker", "MemoryGate", "MemoryLink", "MemoryLog", "WorkerExtraMissing"]
