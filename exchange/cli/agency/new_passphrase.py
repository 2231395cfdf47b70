"""The passphrase of a new vault: typed, or made by us and written down by a person.

A passphrase that people think of is guessed sooner than one that was drawn. So an empty answer has
one made, which is shown once and typed again, as a proof that it was written down.
"""

import secrets
from typing import Final

import typer

from exchange.core.errors import ExchangeError

LENGTH_MIN: Final = 12
LETTERS: Final = "abcdefghijkmnpqrstuvwxyz"
"""Without l and o, which look like digits."""
GROUPS: Final = 5
GROUP_LETTERS: Final = 5
"""25 letters of 24 are 114 bits: nobody guesses it, however fast the vault is tried."""
NEW: Final = f"New passphrase for the vault (at least {LENGTH_MIN} characters; press Enter to have one made)"
MADE: Final = "Write this passphrase down, and keep it away from the vault. It is shown only now:"
AGAIN: Final = "Type the passphrase again"
DIFFERS: Final = "That is another passphrase."


class PassphraseTooShort(ExchangeError):
    """The passphrase is too short: it needs 12 characters, because the vault names clients."""

    hint = "Let `exchange edge init` make one, use four words or more, or a key file: `exchange edge init --key-file`."


def ask_new_passphrase() -> str:
    """Ask at a terminal. Raises PassphraseTooShort, before it is typed a second time."""
    passphrase = str(typer.prompt(NEW, default="", show_default=False, hide_input=True, err=True))
    if passphrase:
        expect_long_enough(passphrase)
    else:
        passphrase = made_passphrase()
        typer.echo(f"{MADE}\n\n    {passphrase}\n", err=True)
    while str(typer.prompt(AGAIN, hide_input=True, err=True)) != passphrase:
        typer.echo(DIFFERS, err=True)
    return passphrase


def expect_long_enough(passphrase: str) -> None:
    """Raise PassphraseTooShort if it has fewer than `LENGTH_MIN` characters."""
    if len(passphrase) < LENGTH_MIN:
        raise PassphraseTooShort


def made_passphrase() -> str:
    """A new one, in groups of letters."""
    groups = ("".join(secrets.choice(LETTERS) for _ in range(GROUP_LETTERS)) for _ in range(GROUPS))
    return "-".join(groups)
