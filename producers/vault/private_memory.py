"""The memory of a process that opens a vault stays with the process.

While a vault is open, its secret and the clients' keys are in memory. A crash would write them to
the disk, where backups and crash reporters find them. So the process writes no core file, and on
Linux it is not dumpable either: other processes of the same account cannot read its memory.

Kept for as long as the process lives. Its children may dump themselves again, but write no core
files. Not promised: anything against the machine's administrator, swap, or hibernation.
"""

import contextlib
import ctypes
import sys
from functools import cache
from typing import Final

PR_SET_DUMPABLE: Final = 4


@cache
def keep_memory_private() -> None:
    """Write no core files from now on, and on Linux let no other process read along."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows has no such limits
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # a C library of another kind
            ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
