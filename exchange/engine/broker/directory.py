"""A broker's data directory: its holder, the holder's ports, and whether the holder still runs.

Rules kept: exclusion is a file lock that the JVM itself inherits, so it lasts exactly as long as
the broker, whatever happens to the process that started it. `broker.json` records the holder. A
process is identified by its number *and* its start time, so a number that now belongs to another
process is never mistaken for ours.

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

from exchange.engine.broker.errors import BrokerDataInUse, BrokerDataUnusable
from exchange.engine.broker.server import HOST, Ports

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
    """Default directory of a kept broker's data: under `$XDG_DATA_HOME`, else `~/.local/share`."""
    root = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(root) / "service-events-exchange" / "kafka"


def take(data_dir: Path) -> int:
    """Make the directory if need be and lock it; the open file descriptor is the lock.

    Raises `BrokerDataInUse` while a broker runs on it, `BrokerDataUnusable` if it cannot be made or
    written.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)  # its records are restricted
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
    """Record the holder of the directory. Call it while holding the lock."""
    holder = Holder(pid, process_began(pid) or "", ports.client, ports.controller)
    fresh = data_dir / f"{STATE_FILE}.new"
    fresh.write_text(json.dumps(asdict(holder)), encoding="utf-8")
    fresh.replace(data_dir / STATE_FILE)
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


def _free_port() -> int:
    while True:
        port = secrets.choice(PORTS)
        if _is_free(port):
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
