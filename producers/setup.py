"""An agency's vault without an exchange: make it, look into it, hold a client."""

from dataclasses import asdict, dataclass
from typing import Final

from exchange.core.model.epochs import epoch_text
from producers.caps.marking import Caps, RuleCount, count_rules, sent_facts
from producers.caps.tally import marked_facts
from producers.delivery.outbox import Outbox
from producers.delivery.remembered.ledger_memory import memory_of, settle
from producers.errors import ClientUnknown
from producers.profile import Profile
from producers.secret_files import Secret
from producers.vault.fact_store import FactStore
from producers.vault.lost_withdrawals import confirm, held_back
from producers.vault.sent_chain import Chain
from producers.vault.store import FIRST_KEY, Vault

HEAD_DIGITS: Final = 8
"""As many as `exchange status` shows, so that a person can compare them at a glance."""


@dataclass(frozen=True, slots=True)
class VaultStatus:
    """The contents of a vault in numbers."""

    agency: str
    legal_class: str
    key_number: int
    public_key: str
    last_event: int
    accepted_by_the_exchange: int
    head: str
    """First digits of the digest of the last accepted event; `exchange status` shows the same for
    the agency."""
    events_waiting: int
    """Events that the exchange has not accepted yet, sent or not."""
    facts_kept_for_tallies: int
    unclaimed_events: int
    refused_by_the_exchange: dict[str, int]
    last_closed_month: str
    """The last month closed by the exchange, as its receipts named it; empty before the first."""
    ledger: str
    """How the exchange's ledger contradicts what this vault remembers; mostly empty."""
    clients_held: int
    """Clients who withdrew consent: nothing more about them is sent."""
    facts_held_back_after_a_loss: int
    """Facts that a lost copy of the vault withdrew, until `confirm_holds`."""
    caps: tuple[RuleCount, ...]
    """By rule, how many current facts are within and past the cap; for a tally_only agency, of the
    facts kept for tallies."""

    def plain(self) -> dict[str, object]:
        """As JSON-able data."""
        return asdict(self)


def make_vault(profile: Profile, secret: Secret, key_number: int = FIRST_KEY) -> tuple[int, bytes]:
    """Make the vault of a profile; (number, 32 bytes) of its public key. Raises VaultExists.

    `key_number`: a new one when an earlier vault of this agency was lost together with its key.
    """
    with Vault.create(profile, secret, key_number=key_number) as vault:
        return Chain(vault, FactStore(vault)).public_key


def look(profile: Profile, secret: Secret) -> VaultStatus:
    """The status of a vault; raises a VaultError."""
    with Vault.open(profile, secret) as vault:
        fact_store = FactStore(vault)
        chain = Chain(vault, fact_store)
        outbox = Outbox(vault, fact_store, chain, Caps(vault, fact_store, profile.legal_class))
        number, octets = chain.public_key
        accepted = int.from_bytes(vault.get("accepted"), "big")
        memory = memory_of(vault)
        return VaultStatus(
            profile.agency,
            str(profile.legal_class),
            number,
            octets.hex(),
            chain.last,
            accepted,
            (chain.digest(accepted) or b"").hex()[:HEAD_DIGITS],
            outbox.unaccepted(),
            len(fact_store.tally_facts()),
            chain.unclaimed(),
            dict(outbox.refusals()),
            epoch_text(memory.head.epoch) if memory.head.epoch else "",
            memory.says,
            fact_store.clients.held(),
            held_back(vault),
            tuple(count_rules(marked_facts(fact_store) + sent_facts(vault))),
        )


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold. `facts`: how many the vault has about the client.

    `withdrawn`: how many the next run withdraws. `alike`: how many known clients, who are not held,
    have another spelling of the same key.
    """

    facts: int
    withdrawn: int
    alike: int = 0


def hold_client(profile: Profile, secret: Secret, client: str, *, retract: bool, unseen: bool = False) -> Hold:
    """Hold a client. `unseen`: also one whom no published file has named.

    Raises a VaultError, ClientUnknown: nothing was changed.
    """
    with Vault.open(profile, secret) as vault:
        if not unseen:
            _expect_known(vault, client)
        known = "SELECT count(*) FROM fact JOIN client ON fact.client = client.id WHERE client.name = ?"
        row = vault.one(known, (client.encode(),))
        fact_store = FactStore(vault)
        withdrawn, alike = fact_store.hold(client, retract=retract), fact_store.clients.alike(client)
        vault.commit()
    return Hold(int(row[0]) if row else 0, withdrawn, alike)


def unhold_client(profile: Profile, secret: Secret, client: str) -> bool:
    """End a hold; returns whether there was one.

    Raises a VaultError, ClientUnknown: nothing was changed.
    """
    with Vault.open(profile, secret) as vault:
        _expect_known(vault, client)
        was = FactStore(vault).unhold(client)
        vault.commit()
    return was


def confirm_holds(profile: Profile, secret: Secret) -> int:
    """Take a person's word that every hold made since the backup is entered.

    Returns the number of facts that were held back until now, and that are sent when the files are
    published again. Raises a VaultError.
    """
    with Vault.open(profile, secret) as vault:
        facts = confirm(vault)
        vault.commit()
    return facts


def settle_ledger(profile: Profile, secret: Secret, epoch: int) -> bool:
    """End a trouble with the exchange's ledger; whether there was one of this month.

    Raises a VaultError.
    """
    with Vault.open(profile, secret) as vault:
        return settle(vault, epoch)


def _expect_known(vault: Vault, client: str) -> None:
    if vault.one("SELECT 1 FROM client WHERE name = ?", (client.encode(),)) is None:
        raise ClientUnknown
