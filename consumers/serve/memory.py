"""Memory that was needed once, given back: reading history leaves a process larger than it must be.

Allocators keep what was freed for the next use. A service reads for some seconds and then answers
for months, so once it has read everything it asks them to give free pages back.
"""

import ctypes
import gc

import pyarrow as pa


def give_back() -> None:
    """Give free memory back to the system, where its C library can."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
