"""The witness: what somebody outside of the brokers remembers of the ledger, and compares with it.

All topics of a broker that is put back whole agree with each other, so nothing in Kafka shows that
draws are missing. A witness is a small file of a worker's host, or the vault of an agency. It holds
the last closed epoch that it saw, and a digest of everything drawn up to then. It also holds the
clusters on which the exchange has been.

Rules kept:
- A witness only moves forward. A ledger that continues what it saw is taken over, however far it
  goes on.
- A ledger that lacks an epoch which the witness saw is refused (`LedgerBehind`), and so is one that
  has other figures for it (`LedgerDiffers`).
- A cluster that the exchange has left is refused (`ClusterLeft`). Only a relocation that `draws`
  records leads to another cluster.

The digest covers the records of `releases`, in the order of their draws, and nothing else: not the
ledger's own records, which name agencies. So whoever may read the figures may know it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from types import MappingProxyType

from exchange.core.errors import ClusterLeft, LedgerBehind, LedgerDiffers
from exchange.core.model.epochs import epoch_text
from exchange.core.model.ledger_head import NOTHING_DRAWN, LedgerHead


@dataclass(frozen=True, slots=True)
class Trail:
    """What a ledger shows to a witness, folded record by record.

    `digest`: of everything drawn so far. `heads`: the digest at the end of each closed epoch.
    `clusters`: those to which the exchange was restored, in order, with the first one's origin
    before them; empty while it was never restored.
    """

    digest: bytes = NOTHING_DRAWN
    heads: Mapping[int, bytes] = field(default_factory=lambda: MappingProxyType({}))
    clusters: tuple[str, ...] = ()

    @property
    def head(self) -> LedgerHead:
        """The last closed epoch with its digest."""
        epoch = max(self.heads, default=0)
        return LedgerHead(epoch, self.heads[epoch]) if epoch else LedgerHead()

    def drawn(self, key: bytes, value: bytes) -> "Trail":
        """After a draw: its key and its value in `releases`."""
        return replace(self, digest=sha256(self.digest + sha256(key).digest() + sha256(value).digest()).digest())

    def closed(self, epoch: int) -> "Trail":
        """After an epoch was closed, all of whose draws came before."""
        digest = sha256(self.digest + epoch.to_bytes(4, "big")).digest()
        return replace(self, digest=digest, heads=MappingProxyType({**self.heads, epoch: digest}))

    def moved(self, origin: str, cluster: str) -> "Trail":
        """After a restore from one cluster to another has ended."""
        return replace(self, clusters=(*(self.clusters or (origin,)), cluster))

    def at(self, cluster: str) -> tuple[str, ...]:
        """The clusters of the exchange, of which this one is the last."""
        return self.clusters or (cluster,)


@dataclass(frozen=True, slots=True)
class Witness:
    """What is remembered. `clusters`: the last one is where the exchange is.

    `leaves`: whether that cluster was archived for the last time.
    """

    clusters: tuple[str, ...]
    head: LedgerHead = field(default_factory=LedgerHead)
    leaves: bool = False


def witnessed(witness: Witness | None, trail: Trail, cluster: str, *, leaves: bool = False) -> Witness:
    """The witness after it has seen a ledger. None: there was no witness before.

    `cluster`: the id of the cluster on which the ledger is. Raises ClusterLeft, LedgerBehind,
    LedgerDiffers; a witness that refuses stays as it is.
    """
    seen = Witness(trail.at(cluster), trail.head, leaves)
    if witness is not None:
        check_place(witness, seen)
        check_head(witness.head, trail)
    return seen


def check_place(witness: Witness, seen: Witness) -> None:
    """Raise ClusterLeft unless the ledger is where the exchange was last, or moved on.

    Raises LedgerBehind if it is there, and lacks the restore to it.
    """
    known = witness.clusters
    if seen.clusters[-1] == known[-1] and len(seen.clusters) < len(known):
        raise LedgerBehind(f"The ledger in `draws` lacks the restore to cluster {known[-1]}, on which it is.")
    stayed = seen.clusters == known
    if seen.clusters[: len(known)] != known or (stayed and witness.leaves and not seen.leaves):
        raise ClusterLeft(f"The exchange has left cluster {seen.clusters[-1]}; it was last on cluster {known[-1]}.")


def check_head(known: LedgerHead, trail: Trail) -> None:
    """Raise LedgerBehind or LedgerDiffers unless the ledger continues what was seen."""
    if not known.epoch:
        return
    last = trail.head.epoch
    if last < known.epoch:
        ends = f"ends with {epoch_text(last)}" if last else "has no closed month"
        raise LedgerBehind(f"The ledger in `draws` {ends}, and {epoch_text(known.epoch)} was closed before.")
    if trail.heads.get(known.epoch) != known.digest:
        raise LedgerDiffers(f"The ledger in `draws` has other figures up to {epoch_text(known.epoch)} than before.")
