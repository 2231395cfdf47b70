"""What the pages of one agency know, in memory: who is in, the secret, the file, the work.

Rules kept: the lock forgets the secret, the file and every result. A vault that a passphrase opens
is unlocked by typing it; anything else only by a new address at the terminal, as nothing that a
person at this screen could type would prove who they are. What runs when it locks runs on to its
end, and a question it asks is answered with no.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Final

from markupsafe import escape

from exchange.cli.agency.local_page.chosen_file import ChosenFile
from exchange.cli.agency.local_page.door import Door
from exchange.cli.agency.local_page.idle_lock import IdleLock, Tries
from exchange.cli.agency.local_page.one_job import OneJob
from exchange.cli.agency.local_page.works import Work
from exchange.cli.agency.pages.page_words import Words
from exchange.core.errors import ExchangeError
from producers.errors import PassphraseMissing, VaultNotOpened
from producers.practice import is_practice
from producers.profile import Profile
from producers.secret_files import Secret
from producers.vault.private_memory import keep_memory_private
from producers.vault.store import Vault, expect_vault

WRONG: Final = "That is not the passphrase of this vault."
TOO_SOON: Final = "Wait {seconds} seconds before the next try."
TOO_OFTEN: Final = "Too many tries. The terminal shows a new address."


class ProfileNeeded(ExchangeError):
    """No profile is in use, and what you asked for needs one, with its vault."""

    hint = "On the first page, name your profile, or make a folder to practise in."


class FileNeeded(ExchangeError):
    """No file is chosen yet."""

    hint = "Choose one first."


@dataclass(slots=True)
class AgencyPages:
    """The pages of one agency. `announce`: shows a new address to the person at the terminal."""

    door: Door
    lock: IdleLock
    folder: Path
    announce: Callable[[str], None]
    profile_file: Path | None = None
    profile: Profile | None = None
    words: Words | None = None
    file: ChosenFile | None = None
    notice: str = ""
    job: OneJob = field(default_factory=OneJob)
    tries: Tries = field(init=False)
    _secret: Secret | None = field(default=None, repr=False)
    _unlocking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        """Prepare."""
        keep_memory_private()
        self.tries = Tries(self.lock.clock)

    @property
    def is_practice(self) -> bool:
        """Whether all of it is practice."""
        return self.profile is not None and is_practice(self.profile)

    @property
    def by_passphrase(self) -> bool:
        """Whether a person types what opens the vault."""
        if self.profile is None or not self.profile.vault.exists():
            return False
        return _at_hand(self.profile) is None

    def use_profile(self, path: Path) -> None:
        """Use this profile from now on. Raises ProfileInvalid."""
        self.profile = Profile.load(path)
        self.profile_file = path
        self._forget()
        self._open_what_is_at_hand()

    def enter(self, ticket: str) -> bool:
        """Whether this ticket opens the pages to the browser that has it."""
        if not self.door.enter(ticket):
            return False
        self.tries.succeed()
        self._open_what_is_at_hand()
        return True

    def _open_what_is_at_hand(self) -> None:
        """Unlock with the secret that a file holds; else the passphrase is asked for."""
        self.lock.unlock()
        if self.profile is not None and self.profile.vault.exists():
            self._secret = _at_hand(self.profile)
            self.lock.locked = self._secret is None

    def lock_now(self) -> None:
        """Forget what is secret; show the lock alone."""
        by_passphrase = self.by_passphrase
        self._forget()
        self.lock.locked = True
        if not by_passphrase:
            self._out()

    def lock_if_due(self) -> None:
        """Lock after so long without use."""
        if self.door.root and self.lock.is_due:
            self.lock_now()

    def _out(self) -> None:
        self.door.close()
        self.announce(self.door.issue())

    def _forget(self) -> None:
        self._secret, self.notice = None, ""
        self.job.forget()
        if self.job.runs:
            self.job.progress.leave_unattended()
        else:
            self.forget_file()

    async def unlock(self, passphrase: str) -> str:
        """Unlock; a sentence if it was not done. Raises a VaultError."""
        async with self._unlocking:
            if self.profile is None or not self.lock.locked:
                return ""
            if wait_s := self.tries.wait_s:
                return escape(self.sentences(TOO_SOON, seconds=ceil(wait_s)))
            try:
                self._secret = await asyncio.to_thread(_opening, self.profile, passphrase)
            except (VaultNotOpened, PassphraseMissing):
                return self._wrong()
            self.tries.succeed()
            self.lock.unlock()
            self.job.progress.unattended = False
            return ""

    def _wrong(self) -> str:
        self.tries.fail()
        if not self.tries.are_over:
            return WRONG
        self._out()
        return TOO_OFTEN

    @property
    def sentences(self) -> Words:
        """The language that was chosen."""
        return self.words or Words(plain_names=True)

    def opened(self) -> tuple[Profile, Secret]:
        """The profile, and the secret of its vault. Raises ProfileNeeded, a VaultError."""
        if self.profile is None:
            raise ProfileNeeded
        expect_vault(self.profile)
        if self._secret is None:
            self._secret = self.profile.secret()
        return self.profile, self._secret

    def secret_at_hand(self) -> Secret | None:
        """The secret of the vault, if there is a vault and it was opened."""
        return self._secret

    def chosen(self) -> ChosenFile:
        """The file. Raises FileNeeded."""
        if self.file is None:
            raise FileNeeded
        return self.file

    def choose(self, file: ChosenFile) -> None:
        """Work with this file; results of another are forgotten."""
        if self.file is not None and self.file.path != file.path:
            self.file.forget()
        self.file = file
        self.job.forget()

    def forget_file(self) -> None:
        """Work with no file any more."""
        if self.file is not None:
            self.file.forget()
        self.file = None

    def begin(self, kind: str, work: Work) -> None:
        """Begin a piece of work. Raises AnotherJobRuns."""
        self.job.begin(kind, work, self._ended)

    def _ended(self) -> None:
        if self.lock.locked:
            self.forget_file()

    def end(self) -> None:
        """End everything: a run commits what it has read."""
        self.job.stop()
        self.job.wait()
        self._forget()


def _at_hand(profile: Profile) -> Secret | None:
    """The secret that a file or a variable holds; None: a person types it."""
    try:
        return profile.secret()
    except PassphraseMissing:
        return None


def _opening(profile: Profile, passphrase: str) -> Secret:
    """The secret that opens the vault. Raises PassphraseMissing, a VaultError."""
    secret = Secret(passphrase)
    with Vault.open(profile, secret):
        return secret
