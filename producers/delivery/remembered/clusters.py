"""The clusters on which the exchange has been, in the order in which this vault published there.

A restore makes the exchange on a new cluster. If the old one comes back, an edge that reaches it
must not publish there: the same people would be counted, and released, on two clusters.

Rules kept: a cluster is noted once everything that was sent there is accepted. A new one may be
published to: the receipts decide what to send. An earlier one is refused, unless a person confirms.

Not promised: that an edge notices an old cluster before it has published to the new one.
"""

from typing import Final

from producers import errors
from producers.vault.store import Vault

NAME: Final = "clusters"


def clusters_of(vault: Vault) -> list[str]:
    """Their ids; the last one is where the exchange is now."""
    row = vault.one("SELECT value FROM meta WHERE name = ?", (NAME,))
    return bytes(row[0]).decode("ascii").split() if row else []


def check_cluster(vault: Vault, cluster: str, *, confirmed: bool) -> None:
    """Raise ExchangeReplaced for a cluster that the exchange has left. `confirmed`: by a person."""
    if cluster in clusters_of(vault)[:-1] and not confirmed:
        raise errors.ExchangeReplaced(
            f"The exchange has left cluster {cluster}; this agency publishes to another one since."
        )


def note_cluster(vault: Vault, cluster: str) -> None:
    """Note that everything is accepted on this cluster."""
    known = clusters_of(vault)
    if known[-1:] != [cluster]:
        left = [one for one in known if one != cluster]
        vault.set(NAME, " ".join([*left, cluster]).encode("ascii"))
        vault.commit()
