"""A client's key from a prompt or from standard input, never from the command line.

What is typed as an argument stays in the shell's history, and every account of the machine can read
it in the list of processes: a list of those who withdrew consent.

Rules kept: no message repeats what was given.
"""

from typing import Annotated

import typer

from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus

GivenAsArguments = Annotated[list[str] | None, typer.Argument(hidden=True, help="Not here: the key is asked for.")]
"""Whatever stands on the command line where a key once stood; declared so that it is not echoed."""
PROMPT = "The client's key, as in your files (it is not shown)"


class ClientKeyOnCommandLine(ExchangeError):
    """A client's key does not belong on the command line. Nothing was done."""

    exit_code = ExitStatus.USAGE
    hint = (
        "It stays in the shell's history, and others on this machine can see it. Delete that line from the history. Run the"
        " command without the key: it asks for it, or reads it from standard input (`… < FILE`)."
    )


class ClientKeyUnread(ExchangeError):
    """Standard input does not hold one client's key on one line. Nothing was done."""

    exit_code = ExitStatus.USAGE
    hint = "Give one key, as in your files, on a line of its own; run the command once for each client."


HELD = (
    "Held: from now on, nothing about this client is sent, whatever your files contain. Events already on their way still "
    "arrive.\nNo backup knows this hold yet: make one now (`exchange edge backup`)."
)
ALIKE = (
    "Known clients, not held, whose key differs from this one only in its form (zeros, case, spaces): {}. If one is the "
    "same person, hold that key, too."
)


def held_words(alike: int) -> str:
    """What a hold does; `alike`: how many known clients have nearly the same key."""
    return f"{HELD}\n{ALIKE.format(alike)}" if alike else HELD


def ask_client_key(given: list[str] | None) -> str:
    """The key of a client: typed twice at a terminal, else the one line of standard input.

    `given`: the arguments of the command, of which there must be none. Raises
    ClientKeyOnCommandLine, ClientKeyUnread.
    """
    import sys

    if given:
        raise ClientKeyOnCommandLine
    if sys.stdin.isatty():
        return str(typer.prompt(PROMPT, hide_input=True, confirmation_prompt=True, err=True))
    try:
        lines = sys.stdin.read().splitlines()
    except UnicodeDecodeError:
        raise ClientKeyUnread from None
    if len(lines) != 1 or not lines[0].strip():
        raise ClientKeyUnread
    return lines[0]
