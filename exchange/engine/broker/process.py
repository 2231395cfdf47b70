"""A broker as a child of this process. Blocking; for asyncio use `embedded_broker`.

Rules kept: the broker never outlives this process, however this process ends (a small supervisor
makes sure, see `supervise.py`). A data directory that we made ourselves is removed with it. The
port stays the same over restarts.

Not promised: a broker that dies by itself is not started again; `alive` is then false.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exchange.engine import own_brokers
from exchange.engine.broker import directory, supervise
from exchange.engine.broker.announce import Announcer, Silent
from exchange.engine.broker.errors import (
    BrokerAbandoned,
    BrokerDataUnusable,
    BrokerDidNotStop,
    BrokerNotStarted,
)
from exchange.engine.broker.jars import cache_directory
from exchange.engine.broker.jvm import child_of, supervised
from exchange.engine.broker.server import Launch
from exchange.engine.broker.starting import Start

STOP_WAIT_S = supervise.GRACE_S + 10


class BrokerProcess:
    """One broker of one node, started once. `stop` may interrupt a `start` in another thread."""

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        announcer: Announcer | None = None,
        cache: Path | None = None,
        repository: str | None = None,
    ) -> None:
        """Starts nothing yet.

        Without `data_dir`, the data is temporary and removed with the broker.
        """
        self._temporary = data_dir is None
        self._data_dir = data_dir
        self._abandoned = threading.Event()
        self._start = Start(announcer or Silent(), cache or cache_directory(), repository, self._abandoned)
        self._starting = threading.Lock()
        self._lock: int | None = None
        self._launch: Launch | None = None
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None

    @property
    def bootstrap_servers(self) -> str:
        """The address for clients; the same after a restart."""
        return self._started().bootstrap_servers

    @property
    def data_dir(self) -> Path:
        """The directory of the records and of the broker's log."""
        return self._started().data_dir

    @property
    def pid(self) -> int:
        """The process number of the JVM; it changes with a restart."""
        if self._pid is None:
            raise BrokerNotStarted
        return self._pid

    @property
    def alive(self) -> bool:
        """Whether the JVM runs."""
        return self._supervisor is not None and self._supervisor.poll() is None

    def start(self) -> None:
        """Return once the broker answers.

        Raises any `BrokerError`; then nothing is left running.
        """
        with self._starting:
            if self._abandoned.is_set():
                raise BrokerAbandoned
            try:
                self._hold_directory()
                self._launch = self._start.run(self._start.plan(self._held()), self._run)
            except BaseException:
                self._leave()
                raise

    def restart(self, *, kill: bool = False) -> None:
        """Start the broker again on its data and port; `kill` ends it with SIGKILL first."""
        self.halt(kill=kill)
        self._run(self._started())

    def halt(self, *, kill: bool = False) -> None:
        """End the broker but keep its data and its port, for `restart`. No effect if it is down."""
        self._end(supervise.AT_ONCE if kill else supervise.GENTLY)

    def stop(self) -> None:
        """End the broker for good, unlock the data directory.

        May be called twice or during `start`.
        """
        self._abandoned.set()
        with self._starting:
            self._leave()

    def _hold_directory(self) -> None:
        if self._data_dir is None:
            try:
                self._data_dir = Path(tempfile.mkdtemp(prefix="exchange-kafka-"))
            except OSError as error:
                raise BrokerDataUnusable(f"No temporary directory can be made: {error.strerror}.") from error
        self._data_dir = self._data_dir.resolve()
        self._lock = directory.take(self._data_dir)

    def _run(self, launch: Launch) -> None:
        assert self._lock is not None
        self._supervisor = supervised(launch, self._lock, delete=self._temporary)
        try:
            self._pid = child_of(self._supervisor)
            directory.record(launch.data_dir, self._pid, launch.ports)
            self._start.wait_until_it_answers(launch, lambda: self.alive)
        except BaseException:
            self._end(supervise.AT_ONCE)
            raise

    def _end(self, wish: bytes) -> None:
        """Pass the wish on (`supervise` defines them) and wait until the JVM is gone."""
        supervisor, pid = self._supervisor, self._pid
        self._supervisor = self._pid = None
        if supervisor is None:
            return
        assert supervisor.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended by itself
            supervisor.stdin.write(wish)
            supervisor.stdin.close()
        try:
            supervisor.wait(STOP_WAIT_S)
        except subprocess.TimeoutExpired:
            if pid is not None and directory.process_began(pid) is None:
                return  # the data of a thousand topics take longer to remove than a broker to end
            supervisor.kill()  # on Linux, the broker goes with it
            raise BrokerDidNotStop from None

    def _leave(self) -> None:
        try:
            self._end(supervise.DONE)
        finally:
            if self._lock is not None:
                os.close(self._lock)
            if self._temporary and self._data_dir is not None:
                if self._launch is not None:
                    own_brokers.unlink_port(self._launch.ports.client, self._data_dir)
                shutil.rmtree(self._data_dir, ignore_errors=True)
                self._data_dir = None
            self._lock = self._launch = None

    def _held(self) -> Path:
        assert self._data_dir is not None
        return self._data_dir

    def _started(self) -> Launch:
        if self._launch is None:
            raise BrokerNotStarted
        return self._launch


@contextmanager
def broker_process(
    data_dir: Path | None = None,
    *,
    announcer: Announcer | None = None,
    cache: Path | None = None,
    repository: str | None = None,
) -> Iterator[BrokerProcess]:
    """A broker for the length of a `with` block, for code without an event loop.

    See `embedded_broker`.
    """
    process = BrokerProcess(data_dir, announcer=announcer, cache=cache, repository=repository)
    process.start()
    try:
        yield process
    finally:
        process.stop()
