"""A worker process for the lane tests: owns `gate-p` and `fold-p` through a group until it ends.

    python -m tests.kafka.engine.lane_worker BOOTSTRAP PREFIX

Writes on standard output what its lanes do, a line each. Ends with status 0 when asked to (SIGTERM,
or the end of its standard input, as when orphaned) and with 3 and the error when a lane failed.
"""

import asyncio
import contextlib
import signal
import sys

from exchange.core.errors import ExchangeError
from exchange.engine.kafka.clients import client_at
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.kafka.membership import KafkaMembership
from exchange.engine.lanes.lane import Lane
from exchange.engine.lanes.ownership import Ownership
from exchange.engine.lanes.progress import LaneProgress, LaneState
from exchange.engine.log import Partition
from tests.simulation.world.steps import Count, Forward

FAILED = 3


def say(progress: LaneProgress) -> None:
    doing = f"committed {progress.transactions}" if progress.state is LaneState.RUNNING else progress.state
    print(f"{progress.lane} {doing}, restored {progress.restored} {progress.error}".rstrip(), flush=True)


async def work(bootstrap_servers: str, prefix: str) -> None:
    settings = client_at(bootstrap_servers)
    log = KafkaLog(settings)

    def gate(p: int) -> Lane:
        state, events = Partition(prefix + "gate-state", p), Partition(prefix + "events", p)
        return Lane(log, prefix + "gate", p, lambda: Forward(p, events, state, prefix), state, hook=say)

    def fold(p: int) -> Lane:
        state, events = Partition(prefix + "aggregates", p), Partition(prefix + "events", p)
        return Lane(log, prefix + "fold", p, lambda: Count(events, state), state, hook=say)

    ownership = Ownership(KafkaMembership(settings, prefix + "workers", prefix + "events"), [gate, fold])
    running = asyncio.create_task(ownership.run())
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, running.cancel)
    loop.add_reader(sys.stdin, running.cancel)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await running
    finally:
        await log.close()


def main() -> int:
    try:
        asyncio.run(work(*sys.argv[1:]))
    except ExchangeError as error:
        print("ended:", type(error).__name__, error, flush=True)
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
