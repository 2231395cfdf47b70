"""An agency whose events reveal, to a test that knows it, which client each is about.

Every client lives in a state of its own.

So a test can hold what the exchange admitted against the laws of the caps, client by client,
without asking the vault, which may have been lost meanwhile.
"""

from collections import defaultdict
from pathlib import Path

from exchange.core.model.events import Correctable
from exchange.core.model.period import quarter_of, year_period
from exchange.core.model.vocabulary import LegalClass, UsState
from producers.facts import Fact, Where
from producers.vault.store import Vault
from tests.kits.caps_kit.laws import Sent, broken_law
from tests.kits.edge_kit.agency import PLANTED, SECRET, Agency
from tests.kits.edge_kit.exchange import Trouble

HOMES = (UsState.ca, UsState.nv)


def client_of(home: UsState) -> str:
    """The agency's own key of the client who lives there."""
    return f"{PLANTED}-of-{home}"


class Homes(Agency):
    """An agency with one client in each of a few states."""

    def __init__(self, folder: Path, seed: int = 0, trouble: Trouble | None = None) -> None:
        super().__init__(folder, LegalClass.individual, seed, trouble)

    def fact(self, key: str) -> Fact:
        """The fact that the records have under a key."""
        period, state, body = self.truth[key]
        return Fact(f"{PLANTED}|{key}", period, state, body, client_of(state), Where("export", 1))

    def record(self, key: str, period: int, home: UsState, body: Correctable) -> None:
        """The records have this fact from now on."""
        self.truth[key] = (period, home, body)

    def lose_vault(self) -> None:
        """Make the vault anew, with nothing but the key that signs."""
        with Vault.open(self.profile, SECRET) as vault:
            key = vault.get("signing_key")
        for file in self.folder.glob("agency.vault*"):
            file.unlink()
        with Vault.create(self.profile, SECRET) as vault:
            vault.set("signing_key", key)
            vault.commit()

    def units(self) -> dict[tuple[UsState, int], list[Sent]]:
        """The events admitted for each client's period, in order.

        Everything in an epoch of its own.
        """
        found = defaultdict(list)
        for epoch, (_, event) in enumerate(self.exchange.events()):
            found[event.state, event.period].append(Sent(epoch, event))
        return dict(found)

    def broken_laws(self) -> list[str]:
        """Every law that the admitted events of a client break, in words."""
        units = self.units()
        broken = [law for sent in units.values() if (law := broken_law(sent))]
        marked = {unit for unit, sent in units.items() if any(one.event.cap for one in sent)}
        both = [unit for unit in marked if quarter_of(unit[1]) and (unit[0], year_period(unit[1])) in marked]
        return broken + ["4: a year and a quarter of it are both marked" for _ in both]
