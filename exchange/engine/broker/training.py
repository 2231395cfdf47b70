"""A broker without records, started once so that Java writes the classes it loads to a file.

It happens at the first start after a fetch, before the broker that was asked for, and takes about
two starts. It is a process of its own because a broker that has to write the file needs seconds
more to stop: on a busy machine longer than a stop may take.

Rules kept: the broker's data are in a directory of the cache, which goes with it. It is under the
same supervisor as any broker, so it never outlives this process. A failure costs time only. Of
several processes that start at once, one prepares the classes and the others wait for them.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from exchange.engine.broker import directory, supervise
from exchange.engine.broker.errors import BrokerAbandoned, BrokerError
from exchange.engine.broker.jvm import child_of, supervised
from exchange.engine.broker.prepared_classes import PreparedClasses
from exchange.engine.broker.ready import answers
from exchange.engine.broker.server import Launch, prepare
from exchange.engine.broker.storage import cluster_id

STAGING = ".preparing-"
LOCK_FILE = ".preparing.lock"
WAIT_S = supervise.PATIENCE_S
LOOK_S = 0.05
ATTEMPTS = 3


def train(prepared: PreparedClasses, abandoned: Event) -> Path | None:
    """The file of prepared classes, made anew; None if that failed. Raises `BrokerAbandoned`."""
    try:
        with _alone(prepared.cache, abandoned) as waited:
            found = prepared.found() if waited else None
            if found is not None or (waited and not prepared.may_be_made()):
                return found
            return _trained(prepared, abandoned)
    except OSError:  # a cache that may only be read
        return None


@contextmanager
def _alone(cache: Path, abandoned: Event) -> Iterator[bool]:
    """Wait while another process prepares the classes of this cache, for as long as that may take.

    Gives whether there was one. Raises OSError, and BrokerAbandoned.
    """
    lock = os.open(cache / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline, waited = time.monotonic() + 2 * WAIT_S, False
        while not _locked(lock) and time.monotonic() < deadline:
            if abandoned.is_set():
                raise BrokerAbandoned
            waited = True
            time.sleep(LOOK_S)
        yield waited
    finally:
        os.close(lock)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _trained(prepared: PreparedClasses, abandoned: Event) -> Path | None:
    try:
        staging = Path(tempfile.mkdtemp(prefix=STAGING, dir=prepared.cache))
    except OSError:  # a cache that may only be read
        return None
    try:
        for attempt in range(ATTEMPTS):
            data_dir = staging / str(attempt)
            if _answered(prepared, data_dir, abandoned):
                return prepared.keep(Launch.written_classes(data_dir))
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return None


def _answered(prepared: PreparedClasses, data_dir: Path, abandoned: Event) -> bool:
    """Run a broker, which may write its classes if it answered. Raises BrokerAbandoned."""
    answered, ports = False, directory.choose_ports()
    with contextlib.suppress(BrokerError, OSError):
        answered = _run(Launch(prepared.java, prepared.class_path, data_dir, ports, trains=True), abandoned)
    if abandoned.is_set():
        raise BrokerAbandoned
    return answered


def _run(launch: Launch, abandoned: Event) -> bool:
    """Start it, wait for its answer, and let it write while it stops; whether it answered."""
    lock = directory.take(launch.data_dir)
    try:
        prepare(launch)
        supervisor = supervised(launch, lock, delete=True)
        assert supervisor.stdin is not None
        try:
            child_of(supervisor)
            answered = _until(lambda: answers(launch.client(), cluster_id(launch.data_dir)), supervisor, abandoned)
            with contextlib.suppress(BrokenPipeError):
                os.write(supervisor.stdin.fileno(), supervise.PATIENTLY)
            _until(lambda: False, supervisor, abandoned)
            return answered
        finally:
            supervisor.stdin.close()
            supervisor.kill()  # on Linux, the broker goes with it
            supervisor.wait()
    finally:
        os.close(lock)


def _until(holds: Callable[[], bool], supervisor: subprocess.Popen[bytes], abandoned: Event) -> bool:
    """Wait until it holds, the broker has ended, nobody wants it any more, or time is up.

    Returns whether it held.
    """
    deadline = time.monotonic() + WAIT_S
    while supervisor.poll() is None and not abandoned.is_set() and time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(LOOK_S)
    return False
