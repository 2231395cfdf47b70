"""Comparing a restored state with the logs that it speaks of, before any work.

A state topic and a log are two topics, and Kafka keeps no promise about the two together: one may
be lost, emptied or put back from an older copy while the other stays. The state alone cannot show
it. So a step names the newest record that it knows of, and here that record is looked up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.engine.lanes.step import Tail, Vouching, defects_named
from exchange.engine.reading import decided_ends, newest_before

if TYPE_CHECKING:
    from collections.abc import Callable

    from exchange.engine.lanes.step import Step
    from exchange.engine.log import Log, Reader


async def compare(lane: str, step: Step, log: Log, waits: Callable[[], None]) -> None:
    """Show a step the newest records that it vouches for, if it does.

    `waits`: called while a transaction is open. Raises what the step raises, TransactionOpen, or
    PartitionUnknown.
    """
    if not isinstance(step, Vouching):
        return
    reader = await log.reader()  # a new one: the one of the state still waits for more
    try:
        await _compare(lane, step, reader, waits)
    finally:
        await reader.close()


async def _compare(lane: str, step: Vouching, reader: Reader, waits: Callable[[], None]) -> None:
    with defects_named(lane):
        bounds = step.vouches_for()
    begins = await reader.beginning_offsets(bounds.keys())
    ends = dict(await reader.stable_offsets(bounds.keys()))
    if to_the_end := [partition for partition, bound in bounds.items() if bound is None]:
        ends |= await decided_ends(reader, to_the_end, waits=waits)
    ends |= {partition: min(bound, ends[partition]) for partition, bound in bounds.items() if bound is not None}
    reader.assign(bounds.keys())
    for partition in bounds:
        reader.seek(partition, ends[partition])
    for partition in bounds:
        newest = await newest_before(reader, partition, begins[partition], ends[partition])
        with defects_named(lane):
            step.compare(partition, Tail(begins[partition], newest))
