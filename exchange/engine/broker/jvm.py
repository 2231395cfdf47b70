"""A broker's JVM under the supervisor that ends it with this process (see `supervise.py`)."""

import subprocess
import sys

from exchange.engine.broker import supervise
from exchange.engine.broker.errors import BrokerDidNotStart
from exchange.engine.broker.server import Launch, jvm_environment
from exchange.engine.private_file import UMASK, write_private


def supervised(launch: Launch, lock: int, *, delete: bool) -> subprocess.Popen[bytes]:
    """Start it under its supervisor; `delete` removes the data directory if this process dies."""
    write_private(launch.log_path, b"")  # a log holds one run: its last lines are never another run's
    told = [str(launch.log_path), str(lock), str(launch.data_dir) if delete else ""]
    return subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-I", "-S", supervise.__file__, *told, *launch.command()],
        cwd=launch.data_dir,
        env=jvm_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=(lock,),
        umask=UMASK,
        start_new_session=True,  # a Ctrl-C in the terminal is for us alone
    )


def child_of(supervisor: subprocess.Popen[bytes]) -> int:
    """The process number of the JVM. Raises `BrokerDidNotStart`."""
    assert supervisor.stdout is not None
    with supervisor.stdout as answer:
        line = answer.readline()
    if not line:
        raise BrokerDidNotStart("The broker did not start: its Java could not be run. Unset JAVA_HOME and try again.")
    return int(line)
