"""Transactions that somebody leaves open: the partitions that they hold, and from which offset on.

No reader of committed records gets what is written behind an open transaction. Nothing is lost, and
nothing goes on: no count, no restore, no draw. Lanes wait for it, so somebody has to say so. Any
topic may be held, also one that we never write in transactions.

Rules kept: the log itself is asked, and no lane, so that no partition is left out. A transaction
counts as open for too long when it is none of ours (`Reader.open_s_max`). One that is open for
less says nothing yet: an open alert stays, and none begins.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from consumers.status.troubles import HELD_SAYS, TRANSACTION, Trouble
from exchange.engine.kafka.provision import exchange_topics
from exchange.engine.lag import undecided
from exchange.engine.log import Partition, Reader
from exchange.engine.loop_time import loop_s
from exchange.wire.pulse import AlertKind
from exchange.wire.topics import BY_NAME, Retention


@dataclass(frozen=True, slots=True)
class Held:
    """The partitions held at one look, with the first offset not decided.

    `too_long`: those that were held for too long.
    """

    now: dict[Partition, int] = field(default_factory=dict)
    too_long: frozenset[Partition] = frozenset()

    @property
    def troubles(self) -> dict[str, Trouble]:
        """The troubles, by subject."""
        return {
            f"{TRANSACTION}{topic}-{number}": Trouble(AlertKind.HELD, HELD_SAYS)
            for topic, number in sorted(self.too_long)
        }

    @property
    def is_sure(self) -> bool:
        """Whether every partition is judged. One that is held for a moment is not."""
        return self.too_long >= self.now.keys()


class OpenTransactions:
    """Remembers since when each partition is held."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._since: dict[Partition, tuple[int, float]] = {}

    async def look(self, reader: Reader, agencies: Iterable[str]) -> Held:
        """The partitions that are held now. Raises the engine's errors."""
        present = await reader.present(list(every_partition(self._partitions, agencies)))
        held, now_s, before = await undecided(reader, present), loop_s(), self._since
        self._since = {
            partition: before[partition] if before.get(partition, (-1,))[0] == offset else (offset, now_s)
            for partition, offset in held.items()
        }
        too_long = (p for p, (_, since_s) in self._since.items() if now_s - since_s > reader.open_s_max)
        return Held(held, frozenset(too_long))


def every_partition(partitions: int, agencies: Iterable[str]) -> Iterator[Partition]:
    """Every partition of the exchange with records that are kept for longer than a day."""
    for spec in exchange_topics(partitions=partitions, replication=1, agencies=agencies):
        if BY_NAME[spec.name.partition(".")[0]].kept is not Retention.DAY:
            yield from (Partition(spec.name, number) for number in range(spec.partitions))
