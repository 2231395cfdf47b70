"""The secret of an embedded broker, and how its owner's commands find it by the address alone.

A broker on the loopback can be reached by every account of the machine, so it asks for a secret
(ADR 32). The secret is in its data directory. `brokers/PORT`, in this account's folder, is a link
to the data directory of the broker that has the port; so a command that knows only the address
finds the secret.

Rules kept: a secret is read only from a file that belongs to this account and that no other may
read. Links hold no secret. The link of a port stays after its broker was stopped: whoever takes the
port meanwhile is still asked to prove that it knows the secret. A port that a broker left leads to
an error that names the new one, because a program there could pass the proof on to the broker.
A link whose directory is gone says nothing.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from exchange.engine.errors import BrokerMoved, SecretUnusable
from exchange.engine.private_file import OWNER_ONLY_FOLDER, is_private, write_private

OWNER: Final = "exchange-owner"
"""The only user of an embedded broker."""
MECHANISM: Final = "SCRAM-SHA-512"
"""Both sides prove that they know the secret, and neither shows it. PLAIN would hand it to any
program that took the port while the broker was down."""
SECRET_FILE: Final = "secret"  # noqa: S105 - its name
SECRET_BYTES: Final = 32
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost"})


def account_home() -> Path:
    """The folder of this account: under `$XDG_DATA_HOME`, else `~/.local/share`."""
    root = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(root) / "service-events-exchange"


def links() -> Path:
    """The folder of the links."""
    return account_home() / "brokers"


def new_secret(data_dir: Path) -> str:
    """Make the secret of a broker that has none, and keep it. Raises OSError."""
    secret = secrets.token_hex(SECRET_BYTES)
    write_private(data_dir / SECRET_FILE, secret.encode("ascii"))
    return secret


def secret_in(data_dir: Path) -> str:
    """The secret of the broker with these data; raises SecretUnusable."""
    try:
        with (data_dir / SECRET_FILE).open("rb") as file:
            private, content = is_private(os.fstat(file.fileno())), file.read()
    except OSError as error:
        raise SecretUnusable(f"The secret of the Kafka in {data_dir} cannot be read: {error.strerror}.") from None
    if not private:
        raise SecretUnusable(f"The secret of the Kafka in {data_dir} can be read by another account.")
    if len(content) != 2 * SECRET_BYTES or not content.isalnum():
        raise SecretUnusable(f"The secret of the Kafka in {data_dir} is damaged.")
    return content.decode("ascii")


def secret_for(bootstrap_servers: str) -> str | None:
    """The secret of this account's broker at an address; None if none of its brokers is there.

    Raises SecretUnusable, BrokerMoved.
    """
    target = _target(bootstrap_servers)
    if target is None:
        return None
    if not target.is_absolute():
        host, _, port = bootstrap_servers.strip().rpartition(":")
        raise BrokerMoved(f"The Kafka of this account that was at {host}:{port} is at {host}:{target} now.")
    return secret_in(target)


def data_dir_at(bootstrap_servers: str) -> Path | None:
    """The data directory of this account's broker at an address; None if none of its is there."""
    target = _target(bootstrap_servers)
    return target if target is not None and target.is_absolute() else None


def _target(bootstrap_servers: str) -> Path | None:
    """Where the link of the port leads: to a data directory, or as a number to another port."""
    host, _, port = bootstrap_servers.strip().rpartition(":")
    if host not in LOOPBACK or not port.isdecimal():
        return None
    link = links() / port
    try:
        target = link.readlink()
    except OSError:
        return None
    return target if link.exists() else None


def is_linked(port: int) -> bool:
    """Whether a broker of this account has the port, or had it."""
    with contextlib.suppress(OSError):  # a home that may not be entered
        return (links() / str(port)).exists()
    return False


def link_port(port: int, data_dir: Path) -> None:
    """Note the broker of a port, and where the ports lead that it had before. Raises OSError."""
    folder = links()
    folder.mkdir(parents=True, exist_ok=True, mode=OWNER_ONLY_FOLDER)
    _point(folder / str(port), str(data_dir))
    for other in _others(folder, port):
        if not other.exists():
            other.unlink(missing_ok=True)  # its data are gone
        elif other.resolve() == data_dir:
            _point(other, str(port))


def unlink_port(port: int, data_dir: Path) -> None:
    """Forget the broker of a port, unless another has it by now."""
    link = links() / str(port)
    with contextlib.suppress(OSError):
        if link.readlink() == data_dir:
            link.unlink()


def _others(folder: Path, port: int) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.name.isdecimal() and path.name != str(port))


def _point(link: Path, target: str) -> None:
    fresh = link.with_name(f".{link.name}.{secrets.token_hex(4)}")
    fresh.symlink_to(target)
    fresh.replace(link)
