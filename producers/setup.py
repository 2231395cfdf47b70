"""Making an agency's vault, looking into it, keeping a client's refusal: small things around the edge, without an exchange."""

from dataclasses import asdict, dataclass
from typing import Final

from producers.caps.marking import Caps, RuleCount, count_rules, said_and_standing
from producers.caps.tally import marked_facts
from producers.delivery.outbox import Outbox
from producers.profile import Profile, Secret
from producers.vault.fact_store import FactStore
from producers.vault.sent_chain import Chain
from producers.vault.store import FIRST_KEY, Vault

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
    clients_held: int
    """Who refused: nothing more of them is sent."""
    caps: tuple[RuleCount, ...]
    """By rule, what stands within the caps and past them; of an agency of totals, of the facts kept for them."""

    def plain(self) -> dict[str, object]:
        """As JSON-able data."""
        return asdict(self)


def make_vault(profile: Profile, secret: Secret, key_number: int = FIRST_KEY) -> tuple[int, bytes]:
    """Make the vault of a profile; (number, 32 bytes) of its public key. Raises VaultExists.

    `key_number`: another one than before when an earlier vault of this agency was lost, key and all.
    """
    with Vault.create(profile, secret, key_number=key_number) as vault:
        return Chain(vault, FactStore(vault)).public_key


def look(profile: Profile, secret: Secret) -> VaultStatus:
    """What the vault holds; raises a VaultError."""
    with Vault.open(profile, secret) as vault:
        ledger = FactStore(vault)
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
            ledger.held(),
            tuple(count_rules(marked_facts(ledger) + said_and_standing(vault))),
        )


@dataclass(frozen=True, slots=True)
class Hold:
    """A refusal that is kept. `facts`: that the vault knows of the client; `taken_back`: that the next run takes back."""

    facts: int
    taken_back: int


def hold_client(profile: Profile, secret: Secret, client: str, *, retract: bool) -> Hold:
    """Keep a client's refusal, known to the vault or not. Raises a VaultError."""
    with Vault.open(profile, secret) as vault:
        known = "SELECT count(*) FROM fact JOIN client ON fact.client = client.id WHERE client.name = ?"
        row = vault.one(known, (client.encode(),))
        taken_back = FactStore(vault).hold(client, retract=retract)
        vault.commit()
    return Hold(int(row[0]) if row else 0, taken_back)


def unhold_client(profile: Profile, secret: Secret, client: str) -> bool:
    """End a hold; whether there was one. Raises a VaultError."""
    with Vault.open(profile, secret) as vault:
        was = FactStore(vault).unhold(client)
        vault.commit()
    return was
