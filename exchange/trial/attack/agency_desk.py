"""One agency at a desk.

Its real edge and vault, and an exchange in memory (`exchange.testing`) with the real gate.

The gate's inbox holds what leaves the agency, byte for byte. Nothing is reached over a network and
no setting names a server.
"""

import asyncio
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from exchange.core.model.vocabulary import LegalClass
from exchange.testing import InMemoryExchange, MemoryGate
from exchange.wire.records import encode_receipt
from producers.delivery.run_options import RunOptions
from producers.facts import Reading
from producers.profile import Profile
from producers.profile_sections import HmisProfile
from producers.secret_files import KEY_OCTETS, Secret

TODAY: Final = date(2026, 10, 5)


@dataclass(frozen=True, slots=True)
class Published:
    """The results of a run: the agency's gate, the run's messages, and the vault's file."""

    gate: MemoryGate
    messages: str
    vault: bytes

    @property
    def receipts(self) -> list[bytes]:
        """The receipts, as they lie in their topic."""
        return list(map(encode_receipt, self.gate.receipts))


def publish(folder: Path, agency: str, readings: Iterable[Reading]) -> Published:
    """Let a new agency publish the readings of a source; its vault is made in the folder."""
    profile = Profile.model_validate(
        {
            "agency": agency,
            "state": "ca",
            "legal_class": LegalClass.individual,
            "vault": folder / f"{agency}.vault",
            "hmis": HmisProfile(all_projects_trafficking=True, gender_from_sex=True),
        }
    )
    messages: list[str] = []

    async def run() -> MemoryGate:
        async with InMemoryExchange(today=TODAY) as exchange:
            exchange.enrol(profile, Secret(raw_key=secrets.token_bytes(KEY_OCTETS)))
            edge = exchange.edge(profile, options=RunOptions(say=messages.append))
            async with edge:
                await edge.read_all(readings)
            messages.append(repr(edge.report))
            messages.extend(map(repr, edge.report.refused_rows))
            return exchange.gate(agency)

    gate = asyncio.run(run())
    return Published(gate, "\n".join(messages), profile.vault.read_bytes())
