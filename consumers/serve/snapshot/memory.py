"""Memory that a service does without.

Allocators keep what was freed for the next use. A service reads for some seconds and then answers
for months, so once it has read everything it asks them to give free pages back.

At its first array, pyarrow imports pandas if that is installed, as it is with `web`: 50 MB, and
half a second, which nothing here uses. It looks once only.
"""

import ctypes
import gc
import sys
from importlib.abc import MetaPathFinder
from typing import Final

import pyarrow as pa

_PANDAS: Final = "pandas"


def give_back() -> None:
    """Give free memory back to the system, where its C library can."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class _NoPandas(MetaPathFinder):
    """Says that pandas is not installed."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        """Nothing, for all others."""
        del path, target
        if fullname == _PANDAS:
            raise ModuleNotFoundError(name=fullname)


def leave_pandas_out() -> None:
    """Let pyarrow find no pandas; whoever imports it later has it.

    Call it before the first array, in the only thread.
    """
    if _PANDAS in sys.modules:
        return
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([], pa.null())
    finally:
        sys.meta_path.remove(finder)
