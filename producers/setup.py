"""Making an agency's vault, and looking into it: small things around the edge that need no exchange."""

from dataclasses import asdict, dataclass
from typing import Final

from producers.caps import Caps
from producers.chain import Chain
from producers.ledger import Ledger
from producers.outbox import Outbox
from producers.profile import Profile, Secret
from producers.vault import FIRST_KEY, Vault

HEAD_DIGITS: Final = 8
"""As many as `exchange status` shows, so that a person compares them at a glance."""


@dataclass(frozen=True, slots=True)
class VaultStatus:
    """What a vault holds, in numbers."""

    agency: str
    legal_class: str
    key_number: int
    public_key: str
    last_event: int
    accepted_by_the_exchange: int
    head: str
    """The first digits of the digest of the last accepted event, as `exchange status` shows the agency's."""
    events_waiting: int
    """What the exchange has not accepted yet, whether it was sent or not."""
    facts_kept_for_tallies: int
    unclaimed_events: int
    refused_by_the_exchange: dict[str, int]

    def plain(self) -> dict[str, object]:
        """As JSON-able data."""
        return asdict(self)


def make_vault(profile: Profile, secret: Secret, key_number: int = FIRST_KEY) -> tuple[int, bytes]:
    """Make the vault of a profile; (number, 32 bytes) of its public key. Raises VaultExists.

    `key_number`: another one than before when an earlier vault of this agency was lost, key and all.
    """
    with Vault.create(profile, secret, key_number=key_number) as vault:
        return Chain(vault, Ledger(vault)).public_key


def look(profile: Profile, secret: Secret) -> VaultStatus:
    """What the vault holds; raises a VaultError."""
    with Vault.open(profile, secret) as vault:
        ledger = Ledger(vault)
        chain = Chain(vault, ledger)
        outbox = Outbox(vault, ledger, chain, Caps(vault, ledger))
        number, octets = chain.public_key
        accepted = int.from_bytes(vault.get("accepted"), "big")
        return VaultStatus(
            profile.agency,
            str(profile.legal_class),
            number,
            octets.hex(),
            chain.last,
            accepted,
            (chain.digest(accepted) or b"").hex()[:HEAD_DIGITS],
            outbox.unaccepted(),
            len(ledger.kept()),
            chain.unclaimed(),
            dict(outbox.refusals()),
        )
