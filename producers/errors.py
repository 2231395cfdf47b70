"""Every error that a person who publishes may meet, in one list.

Rules kept: each says what happened and what to do next; none holds a value, a key or a client of a
record; none means a loss: what was read is kept in the vault, and running again continues.
"""

from exchange.core.admission.reasons import EXPLAINED, Reason
from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus

ANOTHER_KEY = (
    "Either the operator has not registered this vault's key (`exchange edge status` shows it), or the agency "
    "published before from another vault, whose key has the same number: restore that vault. If it is lost, put "
    "this one aside and make another with `exchange edge init --key-number 2` (the next free number)."
)
"""A new vault signs with a new key, here under the number of the lost vault's key."""


class EdgeError(ExchangeError):
    """Root of the edge's errors."""


class ProfileInvalid(EdgeError):
    """The profile cannot be used."""

    exit_code = ExitStatus.USAGE  # as for a wrong option: nothing was begun
    hint = "Correct the file and run again."


class PassphraseMissing(EdgeError):
    """No passphrase for the vault."""

    hint = (
        "Set EXCHANGE_VAULT_PASSPHRASE, name a passphrase_file in the profile, or run in a terminal to be asked."
        " A new vault may have a key file instead: `exchange edge init --key-file`."
    )


class SecretExposed(EdgeError):
    """Others on this machine can read the file with the vault's key or passphrase."""

    exit_code = ExitStatus.USAGE
    hint = "Then run again. If others may have read it already, make a new vault with a new secret."


class VaultError(EdgeError):
    """Root of the vault's errors."""


class VaultMissing(VaultError):
    """There is no vault here yet."""

    hint = (
        "Make it once with `exchange edge init --profile …`. If the agency has published before, restore the vault "
        "from your backup. If no backup is left, run `exchange edge init --key-number 2` (the next free number) and "
        "have the operator register that key beside the lost one."
    )


class VaultExists(VaultError):
    """There is already a vault here; it is never overwritten."""

    hint = "Use it as it is, or name another path in the profile."


class VaultInUse(VaultError):
    """Another process is publishing from this vault."""

    hint = "Wait until it is done, then run again. Only one process can use a vault at a time."


class VaultNotOpened(VaultError):
    """The passphrase does not open this vault, or the start of the file is damaged."""

    hint = "Check the passphrase. If it is right, restore the vault from your backup and run again: nothing is lost."


class VaultDamaged(VaultError):
    """The vault's file is damaged."""

    hint = "Restore it from your backup and run again. The edge reads back what it sent since: nothing is lost."


class VaultFull(VaultError):
    """The disk that holds the vault is full."""

    hint = "Free some space and run again. Nothing is lost: what was read is kept, and the rest is read again."


class VaultUnwritable(VaultError):
    """The vault's file cannot be read or written."""

    hint = "Check the permissions of the file and of its folder, then run again: nothing is lost."


class VaultOfAnother(VaultError):
    """The vault belongs to another agency, or was made for another legal class."""

    hint = (
        "Use the vault that was made for this profile. A vault never changes its agency or legal class: if the class "
        "has changed, ask the operator for a new code that follows this one, and from which quarter; make a new vault for "
        "it with `exchange edge init`."
    )


class VaultTooNew(VaultError):
    """The vault was written by a newer version of the edge."""

    hint = "Update the edge, then run again."


class ExchangeAway(EdgeError):
    """The exchange cannot be reached."""

    hint = (
        "Check its address (bootstrap_servers under [kafka] in the profile, else EXCHANGE_BOOTSTRAP_SERVERS). Everything is "
        "kept in the vault: run again when the exchange is back."
    )


class ExchangeUnnamed(EdgeError):
    """No exchange to publish to is named."""

    hint = "Set bootstrap_servers under [kafka] in the profile, or EXCHANGE_BOOTSTRAP_SERVERS, or start one with `exchange up`."


class ExchangeSilent(EdgeError):
    """The exchange has what was sent, but no receipt came."""

    hint = "Run again later. If it happens again, ask the operator whether the gate runs."


class InboxMissing(EdgeError):
    """The exchange has no inbox for this agency."""

    hint = (
        "Ask the operator to run `exchange topics apply` and `exchange agencies add`. Everything is kept in the vault: "
        "run again after that."
    )


class Forked(EdgeError):
    """Two copies of this vault have published: the exchange holds an event unknown to this one."""

    hint = (
        "Stop both copies, keep the newer vault, then run `exchange edge restore --profile …`. Nothing more was sent."
    )


class ExchangeReplaced(EdgeError):
    """The exchange has left this cluster, and this agency has published to another one since."""

    hint = (
        "Nothing was sent. Ask the exchange's operator for the right address. If the exchange really is back on this"
        " cluster, run `exchange edge restore --profile …` once."
    )


class Blocked(EdgeError):
    """The exchange refuses what this agency sends, and sending it again does not help."""

    hint = "Everything is kept in the vault: run again when that is settled."

    def __init__(self, sequence: int, reason: Reason) -> None:
        also = f" {ANOTHER_KEY}" if reason is Reason.BAD_SIGNATURE else ""
        super().__init__(f"The exchange stopped at event {sequence} ({reason}). {EXPLAINED[reason]}{also}")
        self.sequence = sequence
        self.reason = reason


class RestoreImpossible(EdgeError):
    """The vault is older than what the exchange holds, and the inbox lacks events in between."""

    hint = (
        "An inbox is kept for ever, unless it is flooded or lost with its cluster. Ask the operator to run `exchange "
        "agencies refill CODE`, or restore a newer backup of the vault; then run again."
    )


class QuarterNotClosable(EdgeError):
    """The quarter cannot be closed by this run."""

    exit_code = ExitStatus.USAGE
    hint = "Nothing was changed or sent. Run again without --closes, or name a quarter that is over and not closed yet."


class WithdrawalsUnconfirmed(EdgeError):
    """The run would withdraw, or publish again, much of what is published."""

    exit_code = ExitStatus.WAITS
    hint = (
        "That waits; all else was done. If the file is not as it should be, correct it and publish it again. If it is right, "
        "publish it with --withdraw."
    )


class HoldsUnmatched(WithdrawalsUnconfirmed):
    """Clients on hold cannot be recognised, as hardly any key of the file is known."""

    hint = (
        "All new facts about clients wait, also with --withdraw, or a client who refused might be published. Hold these "
        "clients under their new keys (`exchange edge hold --unseen`), and end the old holds of those whom the file no "
        "longer has (`exchange edge unhold`). Then publish the file with --withdraw."
    )


class QuarterKeptOpen(EdgeError):
    """A quarter was not closed, because its first totals are final and rows were not read."""

    exit_code = ExitStatus.WAITS
    hint = (
        "All else was done. Correct what was refused or is missing, then run again: the next run that closes quarters closes "
        "it. If its totals are right without that, close it with --incomplete."
    )


class DatabaseChanged(EdgeError):
    """The export comes from another database than before, so its keys mean other rows."""

    hint = "Check the file. If your case system was replaced, ask the operator before you publish from the new one."


class ClientUnknown(EdgeError):
    """No file that was published names a client of this key. Nothing was changed."""

    hint = (
        "Check that the key is written as in your files. If a client refuses before any record about them was published,"
        " use `exchange edge hold --unseen`."
    )


class KeyUnknown(EdgeError):
    """Nothing was published under this key."""

    hint = "Publish it first, or check the key."


class RefusalsUnwritable(EdgeError):
    """The list of refused rows cannot be written."""

    hint = "The file was published. Choose another place for the list and run again: publishing again adds nothing."


class MappingInvalid(EdgeError):
    """The mapping of a spreadsheet cannot be used."""

    exit_code = ExitStatus.USAGE
    hint = "Correct the file, or make it anew with `exchange edge map`."


class MappingUnsure(EdgeError):
    """Nobody is there to answer what is unsure about a spreadsheet."""

    exit_code = ExitStatus.WAITS
    hint = "Run `exchange edge map` at a terminal, or name columns with --column FIELD=NAME. Nothing was written."


class TemplateUnwritable(EdgeError):
    """The sheet cannot be written; nothing is ever overwritten."""

    exit_code = ExitStatus.USAGE
    hint = "Name another path."


class KeyFileExists(EdgeError):
    """There is already a key file; it is never overwritten."""

    hint = "Leave --key-file out to use it as it is, or name another path in the profile."


class KeyFileMissing(ProfileInvalid):
    """The profile's key file is missing."""

    hint = (
        "Before the first vault, `exchange edge init --key-file` makes it. A vault that was made with a key file opens "
        "with nothing else: restore the file from your backup."
    )


class SourceUnreadable(EdgeError):
    """The file to publish cannot be read."""

    hint = "Check the path and the format, then run again."


class SourceChanged(SourceUnreadable):
    """The file to publish changed while it was read, so nothing of it was taken."""

    hint = (
        "Nothing of it was kept or sent. Wait until the export or the copy is complete, or save and close the file in the "
        "other program. Then run again."
    )
