"""One agency's inbox at the gate: from records to verdicts, run by run.

Records wait, unjudged, until a heartbeat verifies. Then the records that it signs are judged in
the order of their chain (`exchange.core.admission.runs`), up to the first refusal, and the position
moves behind the heartbeat. All other records of the stretch are strays: counted, and put into
quarantine once for each reason. A run that is not closed is read again after a restart.

`serve` is a generator, so that no inbox keeps the others waiting: it stops after some records and
gives their cost, in judged records. A stretch may be dropped from memory (`shed`). The inbox then
only looks for the heartbeat, and the stretch is read a second time when that has come.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from consumers.admission.agency_lane import AgencyLane, Held, RuledOut, VerdictOf, Written, held_of, judge_by_rules
from exchange.core.admission.gate import Refused, Registration
from exchange.core.admission.reasons import RUN_EVENTS_MAX, Reason
from exchange.core.admission.runs import (
    Extends,
    Misses,
    PassedOver,
    Stretch,
    closing,
    is_repeated,
    remember_refused,
    walk_back,
)
from exchange.core.model.chain import digest_of
from exchange.core.model.event_layout import SEQUENCE, SEQUENCE_OCTETS
from exchange.engine.log import Record
from exchange.wire.codec import EventReader

RECORDS_AT_ONCE: Final = 500
"""Records that one inbox has judged before the next has its turn."""
COST_OF_A_SIGNATURE: Final = 15
"""Of verifying one, in judged records."""
COST_OF_READING: Final = 8
"""Records that are hashed and linked at the cost of judging one."""
OCTETS_A_RECORD: Final = 512
"""Of values, that weigh as much in memory as one record more."""
SCANNED_MARK: Final = 10_000
MARKS_MAX: Final = 15
"""A stretch that is only scanned reaches back over so many times `SCANNED_MARK` records: more than
the longest run, with room for strays and repeats. What lies before is given up."""
_OF_NO_RUN: Final = frozenset((Reason.GAP, Reason.FORKED, Reason.UNKNOWN_KEY, Reason.BAD_SIGNATURE))
"""Open refusals after which a run with a gap is no late copy of a refused one."""


class Inbox(AgencyLane):
    """One agency's inbox, as it is read.

    `position`: the stored one; None if the inbox was never read. `reading`: the next offset to
    read. `waiting`, `waiting_since_ms`: the number of records that no heartbeat has signed, and
    when the first one came, before a restart too. `arrived`: the weight of what is not looked at.
    """

    def __init__(self, agency: str, reader: EventReader, verdict: VerdictOf = judge_by_rules) -> None:
        super().__init__(agency, reader, verdict)
        self.position: int | None = None
        self.reading: int | None = None
        self.waiting = self.waiting_since_ms = 0
        self.began_to_wait = False
        """Whether the state lacks that time."""
        self.admitting = False
        self._arrived: deque[Sequence[Record]] = deque()
        self._weights: deque[int] = deque()
        self.arrived = 0
        self._stretch: Stretch[Held] | None = Stretch()
        self._octets = 0
        self._marks: list[int] = []
        self.read_on_at: int | None = None
        """Where to read on: records that arrive before that are not looked at."""
        self.closed_at: int | None = None
        """The heartbeat of a stretch that was not held and has to be read a second time."""

    # What others ask and order

    @property
    def held(self) -> int:
        """The weight of what is in memory: records, and one more for each `OCTETS_A_RECORD`."""
        return self.arrived + (0 if self._stretch is None else len(self._stretch) + self._octets // OCTETS_A_RECORD)

    @property
    def start(self) -> int | None:
        """The offset of the first record that is not decided; None if there is none."""
        if self._stretch is None:
            return self._marks[0]
        return self._stretch.records[0].offset if self._stretch.records else None

    def arrive(self, records: Sequence[Record]) -> None:
        """Take records as they are read."""
        if self.read_on_at is not None:
            return
        if self.reading is not None and records[0].offset < self.reading:
            self.forget()  # the log was made anew, or lost the position
        self._arrived.append(records)
        octets = sum([len(record.value) for record in records if record.value])
        self._weights.append(len(records) + octets // OCTETS_A_RECORD)
        self.arrived += self._weights[-1]
        self.reading = records[-1].offset + 1

    def forget(self) -> None:
        """Forget all that is not decided: it is read again."""
        self._drop_arrived()
        self._begin()
        self.closed_at = None

    def shed(self) -> None:
        """Hold no records: drop those that wait, and from now on only scan."""
        if self._arrived:
            self.read_on_at = self.reading = self._arrived[0][0].offset
            self._drop_arrived()
        stretch = self._stretch
        if stretch is not None and stretch.records and not self.admitting:
            self._marks = [record.offset for record in stretch.records[::SCANNED_MARK]]
            self._stretch = None

    def read_again(self) -> int | None:
        """Begin the second reading of a stretch; returns its first offset."""
        start = self.start
        self._begin()
        self.read_on_at, self.reading = None, start
        return start

    def read_on(self) -> int | None:
        """Go on where records were dropped; returns the offset."""
        start, self.read_on_at = self.read_on_at, None
        return start

    def register(self, registration: Registration) -> None:
        """Take the agency's registration. With other keys, what waits is read again."""
        before, self.state.registration = self.state.registration, registration
        start = self.start
        if before is not None and before.keys != registration.keys and start is not None:
            self.forget()
            self.read_on_at = self.reading = start

    def _drop_arrived(self) -> None:
        self._arrived.clear()
        self._weights.clear()
        self.arrived = 0

    def _begin(self) -> None:
        self._stretch, self._marks = Stretch(), []
        self.waiting = self._octets = 0

    # Reading

    def serve(self, written: Written) -> Iterator[int]:
        """Work on what has arrived, in parts; gives the cost of each."""
        while self._arrived:
            self.arrived -= self._weights.popleft()
            yield from self._take_in(self._arrived.popleft(), written)

    def _take_in(self, records: Sequence[Record], written: Written) -> Iterator[int]:
        held, values = held_of(records, self.key)
        begin = 0
        for place in closing(values):
            yield COST_OF_A_SIGNATURE
            if not self._signs(records[place], written):
                continue
            taken = self._take(held[begin : place + 1], values[begin : place + 1])
            yield (place + 1 - begin) // COST_OF_READING
            begin = place + 1
            if taken and self._stretch is None:
                self.closed_at, self.read_on_at = records[place].offset, self.start
                self._drop_arrived()
                return
            if taken:
                yield from self._close(written)
            self._settle(records[place], written)
        self._take(held[begin:], values[begin:])
        yield (len(records) - begin) // COST_OF_READING
        self._settle(records[-1], written)
        self._slide(written)

    def _take(self, records: Sequence[Held], values: Sequence[bytes]) -> bool:
        """Take records into the stretch, but for repeated ones.

        Returns whether the last one was taken.
        """
        records, values, last = self._new(records, values)
        if not records:
            return False
        if not self.waiting_since_ms:
            self.waiting_since_ms, self.began_to_wait = self.now_ms, True
        if self._stretch is not None:
            self._stretch.take(records, values)
            self._octets += sum(map(len, values))
        else:
            first = -self.waiting % SCANNED_MARK
            self._marks += [record.offset for record in records[first::SCANNED_MARK]]
        self.waiting += len(records)
        return last

    def _new(self, records: Sequence[Held], values: Sequence[bytes]) -> tuple[Sequence[Held], Sequence[bytes], bool]:
        """The records that were not accepted before; whether the last one is among them."""
        head = self.state.head.sequence.to_bytes(SEQUENCE_OCTETS, "big")
        if not records or min([value[SEQUENCE] for value in values]) > head:
            return records, values, bool(records)
        kept = [place for place, value in enumerate(values) if not self._is_repeated(value)]
        self.duplicates += len(values) - len(kept)
        last = bool(kept) and kept[-1] == len(values) - 1
        return [records[place] for place in kept], [values[place] for place in kept], last

    def _is_repeated(self, value: bytes) -> bool:
        return bool(value) and is_repeated(self.state, value, digest_of(value))

    def _slide(self, written: Written) -> None:
        """Give up the oldest records of a stretch that is longer than any run."""
        while self._stretch is None and len(self._marks) > MARKS_MAX:
            given_up = self._marks.pop(0)
            self.waiting -= SCANNED_MARK
            self.strays += SCANNED_MARK
            first = RuledOut(given_up, Reason.NOT_SIGNED, -1)
            self._quarantine(written, Refused(self.state.head.sequence, Reason.NOT_SIGNED), first)
            self._move_to(self._marks[0])

    def _settle(self, last: Record, written: Written) -> None:
        """Where nothing waits any more, or a second reading ends, all before is decided."""
        if self.closed_at is not None and last.offset >= self.closed_at:
            self.closed_at = None
            if self._stretch is not None and self._stretch.records:
                self._count_strays(written, range(len(self._stretch)), self._stretch)
                self._begin()
        if self._stretch is not None and not self._stretch.records:
            self.waiting_since_ms, self.began_to_wait = 0, False
            if self.position != last.offset + 1:
                self._begin()
                self._move_to(last.offset + 1)

    def _move_to(self, position: int) -> None:
        self.position, self.touched = position, True

    # Closing

    def _close(self, written: Written) -> Iterator[int]:
        """Decide about a stretch that ends with a heartbeat that verifies."""
        stretch = self._stretch
        assert stretch is not None
        walk, last = walk_back(self.state, stretch), stretch.records[-1]
        match walk:
            case Extends(path):
                self.admitting = True
                yield from self._admit(stretch, path, written)
                self.admitting = False
            case PassedOver(walked, refused):
                self.skipped += len(walked)
                if refused is not None:
                    self.forked_ms = self.now_ms
                    self._refuse_once(refused, last, written)
                else:
                    remember_refused(self.state, stretch.digests[-1])
                yield len(stretch) // COST_OF_READING
                stretch.drop(walked)
                self.waiting, self._octets = len(stretch), sum(map(len, stretch.values))
                self.touched = True
            case Misses(refused):
                yield len(stretch) // COST_OF_READING
                if self.state.refused is None:
                    self._refuse(refused, last, written)
                elif self.state.refused.reason not in _OF_NO_RUN:
                    remember_refused(self.state, stretch.digests[-1])

    def _admit(self, stretch: Stretch[Held], path: Sequence[int], written: Written) -> Iterator[int]:
        """Judge a run in the order of its chain, up to the first refusal."""
        before = self.accepted
        if len(path) > RUN_EVENTS_MAX:
            too_long = Refused(self.state.head.sequence + 1, Reason.RUN_TOO_LONG)
            self._refuse_once(too_long, stretch.records[path[0]], written)
        else:
            places = iter(path)
            while part := list(islice(places, RECORDS_AT_ONCE)):
                whole = self._judge(stretch, part, written)
                self.touched = True
                yield len(part)
                if not whole:
                    break
        admitted = self.accepted - before
        if admitted < len(path):
            self.skipped += len(path) - admitted - 1
            remember_refused(self.state, stretch.digests[-1])
        if len(path) < len(stretch):
            walked = set(path)
            strays = [place for place in range(len(stretch)) if place not in walked]
            yield len(stretch) // COST_OF_READING
            self._count_strays(written, strays, stretch)
        self._begin()
        self._move_to(stretch.records[-1].offset + 1)
