"""One agency at a desk: its real edge and vault, and an inbox with the real gate behind it, in memory.

What lands in `values` is what leaves the agency, byte for byte; the gate admits it or refuses it by `exchange.core.admission.gate`.
Nothing is reached over a network and no setting names a server.
"""

import asyncio
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from consumers.admission.gate_step import verify
from exchange.core.admission.gate import AgencyState, Refused, Registration, evolve, judge
from exchange.core.model.vocabulary import LegalClass
from exchange.wire.codec import EventReader
from exchange.wire.records import Receipt, encode_receipt
from producers.delivery.sending import Manner
from producers.edge import Edge
from producers.facts import Reading
from producers.profile import KEY_OCTETS, HmisProfile, Profile, Secret
from producers.setup import make_vault

TODAY: Final = date(2026, 10, 5)


@dataclass(slots=True)
class Inbox:
    """A `Link`. `values`: all that ever left the agency; `admitted`: whether the gate took each."""

    state: AgencyState
    values: list[bytes] = field(default_factory=list)
    admitted: list[bool] = field(default_factory=list)
    receipts: list[bytes] = field(default_factory=list)
    _reader: EventReader = field(default_factory=EventReader)
    _told: bool = True

    async def connect(self) -> None:
        """It is always there."""

    async def send(self, values: Sequence[bytes]) -> None:
        """Take and judge values."""
        for value in values:
            arrival = self._reader.read(value)
            verdict = judge(self.state, arrival, verify)
            evolve(self.state, arrival, verdict)
            self.values.append(value)
            self.admitted.append(not isinstance(verdict, Refused))
        self.receipts.append(encode_receipt(self._receipt()))
        self._told = False

    def _receipt(self) -> Receipt:
        return Receipt(self.state.head, self.state.refused)

    async def latest(self) -> Receipt | None:
        """The newest receipt."""
        return self._receipt() if self.receipts else None

    async def receipt(self, timeout_s: float) -> Receipt | None:
        """The newest one, once."""
        if self._told:
            await asyncio.sleep(timeout_s)
            return None
        self._told = True
        return self._receipt()

    async def inbox(self) -> Sequence[bytes]:
        """All that it holds."""
        return tuple(self.values)

    async def close(self) -> None:
        """There is nothing to let go of."""


@dataclass(frozen=True, slots=True)
class Published:
    """What a run left behind: the inbox, what the run said to a person, and the vault's file as it lies on the disk."""

    inbox: Inbox
    said: str
    vault: bytes


def publish(folder: Path, agency: str, readings: Iterable[Reading]) -> Published:
    """Let a new agency with events of its own publish what a source reads; its vault is made in the folder."""
    profile = Profile.model_validate(
        {
            "agency": agency,
            "state": "ca",
            "legal_class": LegalClass.individual,
            "vault": folder / f"{agency}.vault",
            "hmis": HmisProfile(all_projects_trafficking=True, gender_from_sex=True),
        }
    )
    secret = Secret(raw_key=secrets.token_bytes(KEY_OCTETS))
    key = make_vault(profile, secret)
    inbox = Inbox(AgencyState(Registration(agency, LegalClass.individual, False, 0, (key,))))
    said: list[str] = []

    async def run() -> None:
        edge = Edge.open(profile, secret=secret, link=inbox, today=TODAY, manner=Manner(say=said.append))
        async with edge:
            await edge.read_all(readings)
        said.append(repr(edge.report))
        said.extend(map(repr, edge.report.refused_rows))

    asyncio.run(run())
    return Published(inbox, "\n".join(said), profile.vault.read_bytes())
