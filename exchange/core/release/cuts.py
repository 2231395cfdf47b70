"""A cut: how much of `events` was read when an epoch was closed.

A cut is, in truth, the heads: the last sequence of each agency that is inside. It also holds how
many events of each partition are inside. Offsets are only its address on one cluster: transactions,
mirrors and restores move them. A restore records a `Relocation`, which gives every cut its address
on the new cluster.

Rules kept:
- The events of an agency are numbered 1, 2, 3 … once each. So heads say exactly which events are
  inside, on any cluster, and the sum of the heads is the number of events.
- `Grown` follows that numbering event by event. A log in which events are missing or written twice
  gives no cut.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from exchange.core.errors import SequenceBroken

Offsets: TypeAlias = tuple[int, ...]
"""For each partition of `events`, in order: the first offset that is left out."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One cut.

    `heads`: the last sequence of each agency, by code. `events`: the number of events of each
    partition. `cluster`: the cluster id on which `offsets` hold; empty for no address.
    """

    heads: tuple[tuple[str, int], ...] = ()
    events: tuple[int, ...] = ()
    cluster: str = ""
    offsets: Offsets = ()

    @property
    def total(self) -> int:
        """The number of events inside."""
        return sum(sequence for _, sequence in self.heads)

    def by_key(self) -> dict[bytes, int]:
        """The heads by the key that an agency's records have."""
        return {agency.encode("ascii"): sequence for agency, sequence in self.heads}

    def holds(self, other: "Cut") -> bool:
        """Whether every event inside another cut is inside this one."""
        mine = self.by_key()
        return all(sequence <= mine.get(key, 0) for key, sequence in other.by_key().items())

    def is_at(self, cluster: str) -> bool:
        """Whether the offsets hold on this cluster. The beginning of a log is the same anywhere."""
        return self.cluster == cluster or not self.heads


BEGINNING = Cut()
"""The cut before the first event."""


@dataclass(frozen=True, slots=True)
class Address:
    """The address of one epoch's cut on a new cluster, with its number of events there."""

    epoch: int
    events: tuple[int, ...]
    offsets: Offsets


@dataclass(frozen=True, slots=True)
class Relocation:
    """The exchange was restored from an archive to a new cluster.

    `origin`, `cluster`: the ids of the archived and of the new cluster. `archive`: the archive's
    digest, hexadecimal. `finished`: false in the record that the restore writes first.
    `addresses`: of every closed epoch's cut; empty until it is finished.

    Without a `cluster` it says that the origin was archived for the last time.
    """

    origin: str
    cluster: str
    archive: str
    at_ms: int
    finished: bool
    addresses: tuple[Address, ...] = ()


def moved(cuts: Mapping[int, Cut], relocation: Relocation) -> dict[int, Cut]:
    """The cuts by epoch, with their addresses on the new cluster.

    A cut whose address the relocation does not give has none there: it is found by its heads.
    """
    found = {epoch: replace(cut, cluster="", events=(), offsets=()) for epoch, cut in cuts.items()}
    for one in relocation.addresses:
        if one.epoch in found:
            found[one.epoch] = replace(
                found[one.epoch], events=one.events, cluster=relocation.cluster, offsets=one.offsets
            )
    return found


class Grown:
    """Heads and numbers of events that grow from one cut to the next, event by event."""

    def __init__(self, start: Cut, partitions: int) -> None:
        self._heads = start.by_key()
        self._events = list(start.events or (0,) * partitions)

    def take(self, partition: int, arrived: Iterable[tuple[bytes, int]]) -> None:
        """Take (key, sequence) of the next events of a partition, in order.

        Raises SequenceBroken at the first that does not follow its agency's last.
        """
        heads = self._heads
        for key, sequence in arrived:
            if sequence != heads.get(key, 0) + 1:
                raise SequenceBroken(_broken(partition, key, sequence, heads.get(key, 0)))
            heads[key] = sequence
            self._events[partition] += 1

    def cut(self, cluster: str, offsets: Offsets) -> Cut:
        """The cut that was reached, at this address."""
        heads = sorted((key.decode("ascii"), sequence) for key, sequence in self._heads.items())
        return Cut(tuple(heads), tuple(self._events), cluster, offsets)


def _broken(partition: int, key: bytes, sequence: int, head: int) -> str:
    agency = key.decode("ascii", "replace")
    return f"events-{partition}: event {sequence} of {agency} follows event {head}."
