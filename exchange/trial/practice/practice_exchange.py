"""An exchange in a folder, for practice: the real gate over an inbox that is a file.

Each command is a process of its own, so the inbox lies in a file, and the gate reads it anew. Only
the way to it is practice: the vault, the edge, the events, the gate's verdicts and its receipts are
real.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from consumers.admission.enrolment import Enrolment, enrolled
from exchange.core.admission.gate import Registration
from exchange.engine.private_file import OWNER_ONLY, write_private
from exchange.testing import MemoryGate, MemoryLink
from exchange.wire.records import Receipt, decode_registration, encode_registration
from producers.errors import InboxMissing
from producers.profile import Profile

REGISTRATION: Final = "registration"
INBOX: Final = "inbox"
CLUSTER: Final = "practice"
_LENGTH_OCTETS: Final = 4


def folder_of(profile: Profile) -> Path:
    """The folder of the practice exchange, beside the vault."""
    return profile.vault.with_suffix(".exchange")


def register(profile: Profile, key_number: int, key: bytes) -> Registration:
    """Register the agency's key, as the operator of a real exchange does."""
    folder = folder_of(profile)
    folder.mkdir(parents=True, exist_ok=True)
    before = {profile.agency: _registration(folder)} if (folder / REGISTRATION).exists() else {}
    enrolment = Enrolment(profile.agency, profile.legal_class, key, key_number, profile.small_counts)
    registration = enrolled(before, enrolment, 1, confirmed=True)
    write_private(folder / REGISTRATION, encode_registration(registration))
    return registration


def practice_link(profile: Profile) -> "PracticeLink":
    """The way to the practice exchange. Raises InboxMissing where none was made."""
    folder = folder_of(profile)
    if not (folder / REGISTRATION).exists():
        raise InboxMissing("There is no practice exchange beside the vault.")
    return PracticeLink(folder)


class PracticeLink(MemoryLink):
    """A way to the gate that keeps what was sent in a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        gate = MemoryGate(_registration(folder), cluster=CLUSTER)
        gate.inbox.extend(_values(folder / INBOX))
        gate.judge()
        super().__init__(gate)

    async def send(self, values: Sequence[bytes]) -> None:
        """Append values to the inbox, on the disk, and have them judged."""
        file = os.open(self._folder / INBOX, os.O_WRONLY | os.O_CREAT | os.O_APPEND, OWNER_ONLY)
        try:
            os.write(file, b"".join(len(value).to_bytes(_LENGTH_OCTETS, "big") + value for value in values))
            os.fsync(file)
        finally:
            os.close(file)
        await super().send(values)

    async def receipt(self, timeout_s: float) -> Receipt | None:
        """The newest receipt; the gate has judged everything, so there is nothing to wait for."""
        return await super().receipt(min(timeout_s, 0.01))


def _registration(folder: Path) -> Registration:
    return decode_registration((folder / REGISTRATION).read_bytes())


def _values(inbox: Path) -> Iterator[bytes]:
    """Whole values; one that a kill has cut off is left out."""
    octets = inbox.read_bytes() if inbox.exists() else b""
    at = 0
    while at + _LENGTH_OCTETS <= len(octets):
        length = int.from_bytes(octets[at : at + _LENGTH_OCTETS], "big")
        value = octets[at + _LENGTH_OCTETS : at + _LENGTH_OCTETS + length]
        if len(value) < length:
            return
        yield value
        at += _LENGTH_OCTETS + length
