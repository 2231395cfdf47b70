"""A broker's data directory: its holder, the holder's ports, and whether the holder still runs.

Rules kept: no other account may enter it. Exclusion is a file lock that the JVM itself inherits, so
it lasts exactly as long as the broker, whatever happens to the process that started it.
`broker.json` records the holder. A process is identified by its number *and* its start time, so a
number that now belongs to another process is never mistaken for ours.

Not promised: locks over a network file system; Windows.
"""

import fcntl
import json
import os
import secrets
import socket
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from exchange.engine import own_brokers
from exchange.engine.broker.errors import BrokerDataInUse, BrokerDataUnusable
from exchange.engine.broker.server import HOST, Ports
from exchange.engine.own_brokers import account_home
from exchange.engine.private_file import OWNER_ONLY_FOLDER, is_private, write_private

LOCK_FILE = "exchange.lock"
STATE_FILE = "broker.json"
# Below the range that systems give to outgoing connections. Otherwise, while a broker is down, a
# client that keeps trying could be given the same port, connect to itself, and keep the broker from
# coming back.
PORTS = range(16_000, 32_000)
LOCK_WAIT_S = 0.5  # a killed broker lets go of the lock a moment later


@dataclass(frozen=True, slots=True)
class Holder:
    """The broker that last ran on a data directory. `began`: its process's `process_began`."""

    pid: int
    began: str
    client_port: int
    controller_port: int

    @property
    def bootstrap_servers(self) -> str:
        """The address for clients."""
        return f"{HOST}:{self.client_port}"

    @property
    def ports(self) -> Ports:
        """The ports on which it listened."""
        return Ports(self.client_port, self.controller_port)

    def lives(self) -> bool:
        """Whether the same process still runs."""
        return process_began(self.pid) == self.began


def data_home() -> Path:
    """Default directory of a kept broker's data, in this account's folder."""
    return account_home() / "kafka"


def take(data_dir: Path) -> int:
    """Make the directory if need be and lock it; the open file descriptor is the lock.

    Raises `BrokerDataInUse` while a broker runs on it, `BrokerDataUnusable` if it cannot be made or
    written, or is not this account's alone.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=OWNER_ONLY_FOLDER)  # its records are restricted
        _refuse_open(data_dir)
        lock = os.open(data_dir / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise BrokerDataUnusable(f"The data directory {data_dir} cannot be used: {error.strerror}.") from error
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            os.close(lock)
            raise BrokerDataInUse(_in_use(data_dir)) from None
        except OSError as error:
            os.close(lock)
            raise BrokerDataUnusable(f"The data directory {data_dir} cannot be locked: {error.strerror}.") from error
        else:
            return lock


def record(data_dir: Path, pid: int, ports: Ports) -> Holder:
    """Record the holder of the directory, and link its port. Call it while holding the lock.

    Raises `BrokerDataUnusable` where this account's folder cannot be written.
    """
    holder = Holder(pid, process_began(pid) or "", ports.client, ports.controller)
    write_private(data_dir / STATE_FILE, json.dumps(asdict(holder)).encode())
    _link(data_dir, ports)
    return holder


def last_holder(data_dir: Path) -> Holder | None:
    """The last broker recorded there, running or not; None if there is no readable record."""
    try:
        return Holder(**json.loads((data_dir / STATE_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def living_holder(data_dir: Path) -> Holder | None:
    """The broker that runs there now, or None."""
    holder = last_holder(data_dir)
    return holder if holder is not None and holder.lives() else None


def choose_ports(last: Holder | None = None) -> Ports:
    """The last ports if both are free, so that clients find them again; else two free ones."""
    if last is not None and _is_free(last.client_port) and _is_free(last.controller_port):
        return last.ports
    client = _free_port()
    controller = client
    while controller == client:
        controller = _free_port()
    return Ports(client, controller)


def process_began(pid: int) -> str | None:
    """A text of this process's start time and the boot; None if the process is gone or a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return None if Path("/proc/self/stat").exists() else _process_began_by_ps(pid)
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in "ZX" else f"{boot.strip()} {fields[18]}"


def _process_began_by_ps(pid: int) -> str | None:
    """Where there is no /proc (macOS)."""
    ran = subprocess.run(  # noqa: S603
        ["/bin/ps", "-o", "state=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    state, _, began = ran.stdout.strip().partition(" ")
    return began.strip() if ran.returncode == 0 and not state.startswith("Z") else None


def _refuse_open(data_dir: Path) -> None:
    """Raise BrokerDataUnusable if another account has rights to it; an empty one is closed instead.

    Only an empty one: what else is in a directory that somebody named may be meant for others.
    """
    status = data_dir.stat()
    if is_private(status):
        return
    if status.st_uid != os.geteuid():
        raise BrokerDataUnusable(f"The data directory {data_dir} belongs to another account.")
    if any(data_dir.iterdir()):
        raise BrokerDataUnusable(f"Other accounts may enter the data directory {data_dir}: `chmod 700` it.")
    data_dir.chmod(OWNER_ONLY_FOLDER)


def _link(data_dir: Path, ports: Ports) -> None:
    try:
        own_brokers.link_port(ports.client, data_dir)
    except OSError as error:
        raise BrokerDataUnusable(
            f"{own_brokers.links()}, by which commands find the secret of this Kafka, cannot be written:"
            f" {error.strerror}. Set XDG_DATA_HOME to a directory of yours."
        ) from error


def _free_port() -> int:
    while True:
        port = secrets.choice(PORTS)
        if _is_free(port) and not own_brokers.is_linked(port):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Kafka does
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _in_use(data_dir: Path) -> str:
    holder = living_holder(data_dir)
    who = f" (process {holder.pid}, at {holder.bootstrap_servers})" if holder else ""
    return f"A broker runs on the data directory {data_dir} already{who}."
