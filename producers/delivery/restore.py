"""How a vault that was restored from an older copy catches up: through its own inbox.

The receipt names the digest of the last accepted event. Each event carries the digest of the one
before. So the accepted events are the path from that digest back to an event that this vault knows.
The inbox may hold other events: repetitions, refused ones, those of a fork that lost. They are not
on the path. An event that was read back belongs to no fact at first. A fact of the vault, or of the
source when it is read again, claims it if both state the same.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from exchange.core.admission.runs import may_close
from exchange.core.model.chain import Head, digest_of
from exchange.core.model.event_layout import HEAD, PREVIOUS, sequence_of
from exchange.wire.codec import decode, schema_id_of
from producers.errors import RestoreImpossible
from producers.vault.chain_row import ChainRow, chain_row


def by_digest(values: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """(digest, value) of each event in an inbox."""
    return ((digest_of(value), value) for value in values if len(value) > HEAD)


def path_back(
    head: Head, known: Mapping[bytes, bytes], own_digest: Callable[[int], bytes | None]
) -> Iterator[tuple[bytes, ChainRow]]:
    """The accepted events from the head back to the last one that the vault knows, newest first.

    `known`: value by digest. Raises RestoreImpossible where the inbox does not reach back that far.
    """
    sequence, digest = head.sequence, head.digest
    while sequence and own_digest(sequence) != digest:
        value = known.get(digest)
        if value is None or sequence_of(value) != sequence:
            raise RestoreImpossible(
                f"The exchange accepted events up to {head.sequence}; the inbox no longer holds event {sequence}, "
                "and the vault does not know it."
            )
        yield value, chain_row(decode(value), schema_id_of(value), value[HEAD:])
        digest = value[PREVIOUS]
        sequence -= 1


def unknown_runs(
    first: int, values: Sequence[bytes], signed: Callable[[bytes], bool], own_digest: Callable[[int], bytes | None]
) -> Iterator[tuple[int, bytes]]:
    """(sequence, digest) of the inbox's heartbeats from `first` on that are not in this chain.

    `signed`: whether this vault's key signed them. Anybody may have put in all others.
    """
    for value in values:
        if may_close(value) and (sequence := sequence_of(value)) >= first:
            digest = digest_of(value)
            if digest != own_digest(sequence) and signed(value):
                yield sequence, digest
