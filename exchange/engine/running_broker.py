"""The embedded broker that runs on this machine, for whoever only wants its address.

Nothing of the broker is imported where it cannot run: it needs the file locks of Linux and macOS.
An agency's commands work without (on Windows, too).
"""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from exchange.engine.broker.directory import Holder

FILE_LOCKS: Final = "fcntl"
"""The module that Windows has not."""


def running_broker(data_dir: Path | None = None) -> "Holder | None":
    """The broker that runs on these data (default: those of `exchange up`); None if none runs."""
    if find_spec(FILE_LOCKS) is None:
        return None
    from exchange.engine.broker.detached import running

    return running(data_dir)
