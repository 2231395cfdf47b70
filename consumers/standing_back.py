"""Processes that help whoever answers readers: they stand back, and get no setting."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

AUTOGROUP: Final = Path("/proc/self/autogroup")
_KEPT: Final = ("PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LANG", "LC_ALL", "HOME", "TMPDIR", "SYSTEMROOT")


def stand_back(niceness: int) -> None:
    """Give up priority, before threads are started: each has that of the one that started it.

    Where Linux groups processes by session, niceness counts within one only. Such a process has a
    session of its own, so that one stands back too.
    """
    with suppress(OSError):
        os.nice(niceness)
    with suppress(OSError):
        AUTOGROUP.write_text(f"{niceness}\n")


def bare_environment() -> dict[str, str]:
    """What a helper needs to find its modules; no address and no secret of the exchange."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ}
