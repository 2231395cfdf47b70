"""A sample agency that writes its own chain, without an edge, for the kill test.

The kill test must know every byte that it sent. It applies no caps, so no event carries a bit.
"""

import random
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from exchange.core.admission.cap_rules import NONE
from exchange.core.counting.cells import increments
from exchange.core.model.events import Body, Correctable, Correction, Event, Heartbeat
from exchange.core.model.period import FIRST
from exchange.core.model.vocabulary import UsState
from exchange.trial.sample import SampleAgency
from exchange.trial.sample_key import SampleKey
from exchange.wire.codec import encode

AGAIN: Final = 200
"""Events that an agency writes a second time now and then."""
CORRECTED_SHARE: Final = 0.02
_RecordedBody = tuple[int, UsState, Correctable | Heartbeat]


class ChainWriter:
    """One agency that writes its chain to its inbox: its facts, and a few corrections."""

    def __init__(self, sample: SampleAgency, seed: int) -> None:
        self.code = sample.code
        self.key = SampleKey(sample.code)
        self.sequence = 0
        self.tail: list[bytes] = []
        self.recorded: Counter[_RecordedBody] = Counter()
        self._facts = sample.facts()
        self._random = random.Random(f"{seed}|{sample.code}")  # noqa: S311 - repeatable, hides nothing
        self._previous = sha256(sample.code.encode("ascii")).digest()
        self._correctable: list[Correction] = []

    def take(self, events: int) -> list[bytes]:
        """Its next events, with corrections, as a run: the last one is a heartbeat.

        Fewer once its facts are used up, none if there are none.
        """
        values = [value for _ in range(events - 1) if (value := self._next())]
        if values or events == 1:
            values.append(self._close())
        self.tail = [*self.tail, *values][-AGAIN:]
        return values

    def _next(self) -> bytes:
        if self._correctable and self._random.random() < CORRECTED_SHARE:
            retracted = self._correctable.pop(self._random.randrange(len(self._correctable)))
            self.recorded[retracted.period, retracted.state, retracted.body] -= 1
            return self._chain(retracted.period, retracted.state, retracted)
        fact = next(self._facts, None)
        if fact is None:
            return b""
        self.recorded[fact.period, fact.state, fact.body] += 1
        return self._chain(fact.period, fact.state, fact.body)

    def _close(self) -> bytes:
        """The heartbeat that ends a run."""
        beat = self.key.heartbeat(self.sequence + 1, self._previous)
        self.recorded[FIRST, UsState.al, beat] += 1
        return self._chain(FIRST, UsState.al, beat)

    def _chain(self, period: int, state: UsState, body: Body) -> bytes:
        self.sequence += 1
        previous = self._previous
        if not isinstance(body, Correction | Heartbeat) and self._random.random() < 2 * CORRECTED_SHARE:
            self._correctable.append(Correction(self.sequence, previous, period, state, NONE, body))
        value = encode(Event(self.sequence, previous, period, state, NONE, body))
        self._previous = sha256(value).digest()
        return value

    def truth(self) -> Iterator[tuple[bytes, int]]:
        """The batch count: every body sent and not retracted, by the tables' plain meaning."""
        for (period, state, body), times in self.recorded.items():
            for cell, n in increments(self.code, Event(0, b"", period, state, NONE, body)):
                yield cell, n * times
