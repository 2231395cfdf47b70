"""The event loop's time.

A simulated loop gives simulated time, and a stopped machine does not jump in it.
"""

import asyncio


def loop_s() -> float:
    """Seconds by the running loop's clock, from a start that means nothing."""
    return asyncio.get_running_loop().time()
