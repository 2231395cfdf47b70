"""Python's cyclic garbage collector, told what kind of work this is.

A lane makes hundreds of thousands of records and pairs a second, none of them in a cycle; by
default the collector walks over the living ones every 700 new objects and took a third of the time
of reading (docs/adr/0016). It stays on: what libraries leave in cycles is still found, only later.
"""

import gc

NEW_OBJECTS: int = 200_000
"""Looked through when so many more were made than freed: some 20 MB of records."""


def relax_collector() -> None:
    """Look for cycles rarely. A process that runs lanes, replays or publishes calls this first."""
    gc.set_threshold(NEW_OBJECTS, 20, 100)
