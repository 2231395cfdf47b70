"""A broker that stays when the command that started it ends: `exchange up` and `exchange down`.

Rules kept: the JVM itself holds the lock of its data directory; `down` ends only the process that
`up` recorded, identified by its number and its start time; the data stays.
"""

import os
import signal
import subprocess
import time
from pathlib import Path
from threading import Event

from exchange.engine.broker import directory
from exchange.engine.broker.announce import Announcer
from exchange.engine.broker.directory import Holder
from exchange.engine.broker.errors import BrokerDidNotStart, BrokerDidNotStop
from exchange.engine.broker.jars import cache_directory
from exchange.engine.broker.server import Launch, jvm_environment
from exchange.engine.broker.starting import Start
from exchange.engine.private_file import UMASK, write_private

GRACE_S = 30


def up(data_dir: Path, announcer: Announcer, *, cache: Path | None = None, repository: str | None = None) -> Holder:
    """Start a broker on this data directory, wait for its answer, and leave it running.

    Raises `BrokerDataInUse` while one runs there, or another `BrokerError`; in both cases nothing
    is left running.
    """
    start = Start(announcer, cache or cache_directory(), repository, Event())
    home = data_dir.resolve()
    lock = directory.take(home)
    try:
        launch = start.run(start.plan(home), lambda launch: _run(start, launch, lock))
    finally:
        os.close(lock)  # the JVM holds its own copy
    holder = directory.living_holder(home)
    if holder is None or holder.ports != launch.ports:
        raise BrokerDidNotStart("The broker answered once and then ended.")
    return holder


def running(data_dir: Path | None = None) -> Holder | None:
    """The broker that runs on this data directory (default: that of `up`), or None."""
    return directory.living_holder(data_dir or directory.data_home())


def down(data_dir: Path) -> Holder | None:
    """Stop the broker of this data directory and return it, or None if none runs.

    The data stays.
    """
    holder = directory.living_holder(data_dir)
    if holder is None:
        return None
    for number in (signal.SIGTERM, signal.SIGKILL):
        _signal(holder, number)
        if _gone(holder):
            return holder
    raise BrokerDidNotStop(f"The broker (process {holder.pid}) does not stop.")


def _run(start: Start, launch: Launch, lock: int) -> None:
    write_private(launch.log_path, b"")
    with launch.log_path.open("ab") as log:
        try:
            jvm = subprocess.Popen(  # noqa: S603 - our own command line
                launch.command(),
                cwd=launch.data_dir,
                env=jvm_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(lock,),
                umask=UMASK,
                start_new_session=True,
            )
        except OSError as error:
            raise BrokerDidNotStart(f"The broker did not start: {launch.java} cannot be run.") from error
    try:
        directory.record(launch.data_dir, jvm.pid, launch.ports)
        start.wait_until_it_answers(launch, lambda: jvm.poll() is None)
    except BaseException:
        jvm.kill()
        jvm.wait()
        raise
    jvm.returncode = 0  # it is meant to stay: no warning about a running process when this object goes


def _signal(holder: Holder, number: signal.Signals) -> None:
    try:
        os.kill(holder.pid, number)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise BrokerDidNotStop(f"The broker (process {holder.pid}) belongs to another user.") from error


def _gone(holder: Holder) -> bool:
    deadline = time.monotonic() + GRACE_S
    while holder.lives():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
