"""The runs of an agency that were refused, found again for a state that is made anew.

The gate remembers the runs of which it admitted not all: a late copy of one is no fork (ADR 23).
`events` knows nothing of them. `quarantine` does: it holds the place of every refused record in its
inbox. The record there is on the walk of every copy of its run, so its digest serves as that of the
run's heartbeat does.

Not promised: a run whose records the inbox no longer holds, or that `quarantine` does not name. Its
copies would have to come from somewhere else.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from exchange.core.admission.gate import AgencyState
from exchange.core.admission.reasons import Reason
from exchange.core.admission.runs import remember_refused
from exchange.core.model.chain import digest_of
from exchange.core.model.event_layout import sequence_of
from exchange.engine.log import Partition, Reader, Record
from exchange.engine.reading import read_whole
from exchange.wire.records import decode_refusal
from exchange.wire.topics import QUARANTINE

OF_NO_RUN: Final = frozenset((Reason.GAP, Reason.FORKED, Reason.UNKNOWN_KEY, Reason.BAD_SIGNATURE, Reason.NOT_SIGNED))
"""Refusals that name no record of a run that was signed, judged and refused."""
Places = Mapping[int, int]
"""Offset in an inbox → sequence of the record that was refused there."""


async def refused_places(reader: Reader, partition: int) -> Mapping[str, Places]:
    """Agency → where its inbox held a record at which a run was refused."""
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for source in await reader.present([Partition(QUARANTINE, partition)]):
        async for records in read_whole(reader, source):
            for record in records:
                refusal = decode_refusal(record.value or b"")
                if refusal.reason not in OF_NO_RUN:
                    found[(record.key or b"").decode("ascii", "replace")][refusal.offset] = refusal.sequence
    return found


def recall(state: AgencyState, records: Sequence[Record], places: Places) -> None:
    """Remember the runs that were refused at these records of the agency's inbox.

    Not what was accepted in the end, nor another record that stands in that place now.
    """
    for record in records:
        value = record.value or b""
        if record.offset not in places or sequence_of(value) != places[record.offset]:
            continue
        digest = digest_of(value)
        if not state.digests.holds(places[record.offset], digest):
            remember_refused(state, digest)
