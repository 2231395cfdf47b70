"""Every error that a person who publishes may meet, in one list.

Rules kept: each says what happened and what to do next; none holds a value, a key or a client of a record; none means
that something was lost: what was taken stands in the vault, and running again continues.
"""

from exchange.core.admission.gate import EXPLAINED, Reason
from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus

ANOTHER_KEY = (
    "Either the operator has not registered this vault's key, which `exchange edge status` shows; or the agency published "
    "before from another vault, whose key has the same number: restore that vault. Is it lost? Put this one aside and make "
    "another with `exchange edge init --key-number 2` (the next free number)."
)
"""A vault that was made anew signs with another key under the number of the lost one."""


class EdgeError(ExchangeError):
    """Root of the edge's errors."""


class ProfileInvalid(EdgeError):
    """The profile cannot be used."""

    exit_code = ExitStatus.USAGE  # as for a wrong option: nothing was begun
    hint = "Correct the file and run again."


class PassphraseMissing(EdgeError):
    """No passphrase for the vault."""

    hint = "Set EXCHANGE_VAULT_PASSPHRASE, name a passphrase_file in the profile, or run at a terminal to be asked."


class SecretExposed(EdgeError):
    """The file of the vault's key or passphrase can be read by others on this machine."""

    exit_code = ExitStatus.USAGE
    hint = "Then run again. Where others may have read it already, make a new vault with a new secret."


class VaultError(EdgeError):
    """Root of the vault's errors."""


class VaultMissing(VaultError):
    """There is no vault here yet."""

    hint = (
        "Make it once with `exchange edge init --profile …`. If the agency has published before, restore the vault from your "
        "backup; where no backup is left: `exchange edge init --key-number 2` (the next free number), and the operator "
        "registers that key beside the lost one."
    )


class VaultExists(VaultError):
    """There is a vault here already; it is never overwritten."""

    hint = "Use it as it is, or name another path in the profile."


class VaultInUse(VaultError):
    """Another process publishes from this vault."""

    hint = "Wait until it is done, then run again. One vault is used by one process at a time."


class VaultNotOpened(VaultError):
    """The passphrase does not open this vault, or the beginning of the file is damaged."""

    hint = "Check the passphrase; if it is right, restore the vault from your backup and run again: nothing is lost."


class VaultDamaged(VaultError):
    """The vault's file is damaged."""

    hint = "Restore it from your backup and run again: the edge reads back what it sent since, nothing is lost."


class VaultFull(VaultError):
    """The disk that holds the vault is full."""

    hint = "Free some space and run again: nothing is lost, what was taken is kept and the rest is read again."


class VaultUnwritable(VaultError):
    """The vault's file cannot be read or written."""

    hint = "Check the rights of the file and of its directory, then run again: nothing is lost."


class VaultOfAnother(VaultError):
    """The vault belongs to another agency, or was made for another legal class."""

    hint = (
        "Use the vault that was made for this profile. A vault keeps its agency and legal class for good: where the class has "
        "changed, ask the operator for a new code, and make a new vault for it with `exchange edge init`."
    )


class VaultTooNew(VaultError):
    """The vault was written by a newer version of the edge."""

    hint = "Update the edge, then run again."


class ExchangeAway(EdgeError):
    """The exchange cannot be reached."""

    hint = (
        "Is that its address (bootstrap_servers in the profile, else EXCHANGE_BOOTSTRAP_SERVERS)? Everything is kept in the "
        "vault: run again when it is back."
    )


class ExchangeUnnamed(EdgeError):
    """No exchange to publish to."""

    hint = "Name it: bootstrap_servers in the profile, or EXCHANGE_BOOTSTRAP_SERVERS, or start one with `exchange up`."


class ExchangeSilent(EdgeError):
    """The exchange took what was sent, but no receipt came."""

    hint = "Everything is kept in the vault: run again later; if it stays so, ask the operator whether the gate runs."


class InboxMissing(EdgeError):
    """The exchange has no inbox for this agency."""

    hint = (
        "The operator runs `exchange topics apply` and `exchange agencies add`. Everything is kept in the vault: run again "
        "after that."
    )


class Forked(EdgeError):
    """Two copies of this vault have published, and the exchange holds an event that this one does not know."""

    hint = "Stop both copies, keep the newer vault, then `exchange edge restore --profile …`. Nothing was sent over it."


class Blocked(EdgeError):
    """The exchange refuses what this agency sends, for a reason that sending again does not cure."""

    hint = "Everything is kept in the vault: run again when that is settled."

    def __init__(self, sequence: int, reason: Reason) -> None:
        also = f" {ANOTHER_KEY}" if reason is Reason.BAD_SIGNATURE else ""
        super().__init__(f"The exchange stopped at event {sequence} ({reason}). {EXPLAINED[reason]}{also}")
        self.sequence = sequence
        self.reason = reason


class RestoreImpossible(EdgeError):
    """The vault is older than what the exchange holds, and the way back is not complete."""

    hint = (
        "The inbox keeps 35 days: restore a younger backup of the vault. Without one, ask the operator to retract "
        "and register the agency anew; do not publish from this vault."
    )


class DatabaseChanged(EdgeError):
    """The export comes from another database than the one this vault knows: its keys mean other rows."""

    hint = "Check the file. If the case system was replaced, ask the operator before publishing from the new one."


class KeyUnknown(EdgeError):
    """Nothing was published under this key."""

    hint = "Publish it first, or check the key."


class RefusalsUnwritable(EdgeError):
    """The list of refused rows cannot be written."""

    hint = "The file was published; choose another place for the list and run again: publishing again adds nothing."


class KeyFileExists(EdgeError):
    """There is a key file already; it is never overwritten."""

    hint = "Leave --key-file out to use it as it is, or name another path in the profile."


class KeyFileMissing(ProfileInvalid):
    """The profile's key file is not there."""

    hint = (
        "Before the first vault, `exchange edge init --key-file` makes it. A vault that was made with it opens with nothing "
        "else: restore the file from your backup."
    )


class SourceUnreadable(EdgeError):
    """The file to publish cannot be read."""

    hint = "Check the path and the format, then run again."
