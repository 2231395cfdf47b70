"""Whether an edge is fit to publish: a finding for each check, with what to do.

Rules kept: looking changes and sends nothing. What could not be found out is `not known`, never
`ok`. Each check fails by itself. No finding holds a secret or anything of a record.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Self

from exchange.core.admission.reasons import EXPLAINED, Reason
from exchange.core.errors import ExchangeError
from exchange.core.findings import CheckResult, fault, not_known, ok, warning
from exchange.core.words import number_of
from exchange.engine.errors import PartitionUnknown
from exchange.wire.records import Receipt
from producers.delivery.address import kafka_link
from producers.delivery.link import Link
from producers.errors import InboxMissing
from producers.profile import PASSPHRASE_VARIABLE, Profile
from producers.secret_files import OTHERS
from producers.setup import VaultStatus
from producers.upkeep.vault_backup import last_backup, secrets_beside
from producers.vault.holding import changed_since_backup
from producers.vault.store import Vault

PROFILE: Final = "profile"
SECRET: Final = "secret of the vault"  # noqa: S105 - a check's name
PLACE: Final = "place of the secret"
VAULT: Final = "vault"
RIGHTS: Final = "rights of the vault"
CLOCK: Final = "clock"
DISK: Final = "free disk"
BACKUP: Final = "backup"
CONNECTION: Final = "connection"
KEY: Final = "registered key"
BACKUP_DAYS: Final = 35
DISK_FULL_BYTES: Final = 256 << 20
DISK_LOW_BYTES: Final = 1 << 30
AFTER_VAULT: Final = "Open the vault first."


@dataclass(frozen=True, slots=True)
class VaultSeen:
    """What the checks need of an open vault.

    `backup`: (day, last event in it), if one was made. `holds_changed`: whether a hold was made or
    ended that no backup knows.
    """

    status: VaultStatus
    last_scheduled: date | None
    backup: tuple[date, int] | None
    holds_changed: bool = False

    @classmethod
    def of(cls, status: VaultStatus, vault: Vault) -> Self:
        """What an open vault holds of it."""
        before = vault.get("last_scheduled")
        day = date.fromordinal(int.from_bytes(before, "big")) if before else None
        return cls(status, day, last_backup(vault), changed_since_backup(vault))


def of_files(profile: Profile) -> Iterator[CheckResult]:
    """Checks that open nothing: the profile, where the secret is, rights, the disk."""
    shown = f"{profile.agency}, {profile.legal_class}, {profile.state}"
    yield ok(PROFILE, shown)
    yield _secret_found(profile)
    yield _place_found(profile)
    yield _rights_found(profile.vault)
    yield _disk_found(profile.vault)


def of_vault(seen: VaultSeen, today: date) -> Iterator[CheckResult]:
    """Checks of an open vault: that it opens, the clock, the backup."""
    status = seen.status
    waiting = f", {number_of(status.events_waiting, 'event')} waiting" if status.events_waiting else ""
    yield ok(VAULT, f"opens; of {status.agency} ({status.legal_class}), key {status.key_number}{waiting}")
    yield _clock_found(seen, today)
    yield _backup_found(seen, today)


def vault_closed(error: ExchangeError) -> Iterator[CheckResult]:
    """The findings on a vault that does not open."""
    yield fault(VAULT, _happened(error), error.hint)
    for check in (CLOCK, BACKUP):
        yield not_known(check, "the vault was not opened", AFTER_VAULT)


def unloaded(error: ExchangeError) -> list[CheckResult]:
    """The findings on a profile that cannot be used."""
    others = (SECRET, PLACE, RIGHTS, DISK, VAULT, CLOCK, BACKUP, CONNECTION, KEY)
    return [
        fault(PROFILE, _happened(error), error.hint),
        *(not_known(check, "the profile cannot be used", "Mend the profile first.") for check in others),
    ]


async def of_exchange(profile: Profile, seen: VaultSeen | None, link: Link | None = None) -> list[CheckResult]:
    """The connection, and whether the exchange takes what this vault's key signs.

    `link`: the way to the exchange; default: Kafka.
    """
    try:
        way = link or kafka_link(profile)
        try:
            await way.connect()
            receipt = await way.latest()
        finally:
            await way.close()
    except PartitionUnknown:
        return unreached(InboxMissing())
    except ExchangeError as error:
        return unreached(error)
    return [ok(CONNECTION, "the agency's inbox answers"), _key_found(receipt, seen)]


def unreached(error: ExchangeError) -> list[CheckResult]:
    """The findings on an exchange that was not reached."""
    return [
        fault(CONNECTION, _happened(error), error.hint),
        not_known(KEY, "the exchange was not reached", "Mend the connection first."),
    ]


def _secret_found(profile: Profile) -> CheckResult:
    file = profile.key_file or profile.passphrase_file
    if file is None:
        given = os.environ.get(PASSPHRASE_VARIABLE)
        return ok(SECRET, f"from {PASSPHRASE_VARIABLE}" if given else "a passphrase, asked for at each run")
    if not file.is_file():
        return fault(SECRET, f"there is no {file}", "Restore it from your backup of it; nothing else opens the vault.")
    if os.name == "posix" and file.stat().st_mode & OTHERS:
        return fault(SECRET, f"others on this machine can read {file}", f"Type `chmod 600 {file}`.")
    return ok(SECRET, f"{file}, for its owner alone")


def _place_found(profile: Profile) -> CheckResult:
    if beside := secrets_beside(profile, profile.vault.parent):
        do = "Move it to another folder, correct the path in the profile, and keep the two in different backups."
        return fault(PLACE, f"{beside[0]} is in the folder of the vault", do)
    return ok(PLACE, "not in the folder of the vault")


def _rights_found(vault: Path) -> CheckResult:
    if not vault.exists():
        return not_known(RIGHTS, f"there is no vault at {vault}", "Make it with `exchange edge init`.")
    if os.name == "posix" and vault.stat().st_mode & OTHERS:
        return warning(RIGHTS, f"others on this machine have rights to {vault}", f"Type `chmod 600 {vault}`.")
    return ok(RIGHTS, "for its owner alone")


def _disk_found(vault: Path) -> CheckResult:
    folder = next((place for place in vault.resolve().parents if place.is_dir()), Path("/"))
    free = shutil.disk_usage(folder).free
    shown = f"{free / 2**30:,.1f} GiB free in {folder}"
    if free < DISK_FULL_BYTES:
        return fault(DISK, shown, "Free some space: a run stops when the disk is full. Nothing is lost.")
    return warning(DISK, shown, "Free some space.") if free < DISK_LOW_BYTES else ok(DISK, shown)


def _clock_found(seen: VaultSeen, today: date) -> CheckResult:
    known = [day for day in (seen.last_scheduled, seen.backup[0] if seen.backup else None) if day is not None]
    if known and today < max(known):
        do = "Set this machine's clock. Records of quarters that have not begun by it are refused."
        return fault(CLOCK, f"today is {today}, before the last run or backup ({max(known)})", do)
    return ok(CLOCK, f"today is {today}")


def _backup_found(seen: VaultSeen, today: date) -> CheckResult:
    do = "Run `exchange edge backup FOLDER --profile …`, with every backup of your case system."
    if seen.holds_changed:
        return warning(BACKUP, "a hold was made or ended since the last backup: no backup knows it", do)
    if not seen.status.accepted_by_the_exchange:
        return ok(BACKUP, "nothing was published yet")
    if seen.backup is None:
        return warning(BACKUP, "no backup was made with `exchange edge backup`", do)
    day, last = seen.backup
    since = number_of(seen.status.accepted_by_the_exchange - last, "event")
    shown = f"made on {day}; {since} accepted since"
    return warning(BACKUP, shown, do) if (today - day).days > BACKUP_DAYS else ok(BACKUP, shown)


def _key_found(receipt: Receipt | None, seen: VaultSeen | None) -> CheckResult:
    if seen is None:
        return not_known(KEY, "the vault was not opened", AFTER_VAULT)
    key = f"key {seen.status.key_number} ({seen.status.public_key[:8]}…)"
    if receipt is None:
        do = "Have the operator register this key, then publish; `exchange edge status` shows it whole."
        return not_known(KEY, f"{key}: the exchange has answered nothing of this agency yet", do)
    if receipt.refused is not None and receipt.refused.reason is not Reason.FORKED:
        return warning(KEY, f"{key}: the last answer was {receipt.refused.reason}", EXPLAINED[receipt.refused.reason])
    return ok(KEY, f"{key}: accepted up to event {receipt.head.sequence}")


def _happened(error: ExchangeError) -> str:
    return str(error).removesuffix(error.hint).strip()
