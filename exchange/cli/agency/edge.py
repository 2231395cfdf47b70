"""`exchange edge`: the agency's own side: make the vault, look at it, put it right.

`init` prints the public key that the operator registers; the private one never leaves the vault.
"""

import asyncio
import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.agency.publish import REFUSED, ProfileOption, said_on_interrupt, secret_of
from exchange.core.errors import ExchangeError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from producers.edge import Edge
    from producers.profile import Profile, Secret

app = typer.Typer()
edge = typer.Typer(name="edge", help="The agency's own side: its vault and its key.", no_args_is_help=True)
app.add_typer(edge)

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
STOPPED = "exchange: stopped. Everything is kept in the vault: run it again to continue."


PASSPHRASE_LENGTH_MIN = 12
PUBLISHED_BEFORE = (
    "Has this agency published before, from a vault that is lost? Then do not register this key: remove this vault, and make "
    "it again with --key-number 2 (the next free number)."
)


class PassphraseTooShort(ExchangeError):
    """A vault's passphrase has at least 12 characters: the file names clients."""

    hint = "Take four words or more, or a key file: `exchange edge init --key-file`."


@edge.command()
def init(
    profile_file: ProfileOption,
    *,
    key_file: Annotated[
        bool, typer.Option("--key-file", help="Write the profile's key_file first: for runs without a person.")
    ] = False,
    key_number: Annotated[
        int, typer.Option(min=0, max=63, help="Another one when an earlier vault was lost with its key.")
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Make the vault and its signing key; print the public key that the operator registers."""
    from producers.profile import Profile
    from producers.setup import make_vault
    from producers.vault.store import FIRST_KEY, expect_no_vault

    profile = Profile.load(profile_file)
    expect_no_vault(profile)
    if key_file:
        _write_key_file(profile)
    number, octets = make_vault(profile, _new_secret(profile), key_number)
    if as_json:
        typer.echo(json.dumps({"agency": profile.agency, "key_number": number, "public_key": octets.hex()}))
        return
    typer.echo(f"The vault of {profile.agency} is {profile.vault}. Keep a backup of it, and of what opens it.")
    typer.echo("Give this to the operator of the exchange:")
    small = " --small-counts" if profile.small_counts else ""
    typer.echo(
        f"  exchange agencies add {profile.agency} --legal-class {profile.legal_class}{small}"
        f" --public-key {octets.hex()} --key-number {number}"
    )
    if number == FIRST_KEY:
        typer.echo(PUBLISHED_BEFORE)


def _write_key_file(profile: "Profile") -> None:
    from producers.errors import KeyFileExists, ProfileInvalid
    from producers.profile import KEY_OCTETS, write_key_file

    if profile.key_file is None:
        raise ProfileInvalid("--key-file needs `key_file` in the profile.")
    try:
        write_key_file(profile.key_file, secrets.token_bytes(KEY_OCTETS))
    except FileExistsError:
        raise KeyFileExists(f"There is a key file at {profile.key_file}.") from None


def _new_secret(profile: "Profile") -> "Secret":
    """The secret of a new vault; a passphrase that is typed is typed twice."""
    import sys

    words = f"New passphrase of the vault ({PASSPHRASE_LENGTH_MIN} characters at least)"

    def ask() -> str:
        return str(typer.prompt(words, hide_input=True, confirmation_prompt=True, err=True, value_proc=_long_enough))

    secret = profile.secret(ask if sys.stdin.isatty() else None)
    if secret.passphrase:
        _long_enough(secret.passphrase)
    return secret


def _long_enough(passphrase: str) -> str:
    """The passphrase; raises PassphraseTooShort, before it is typed a second time."""
    if len(passphrase) < PASSPHRASE_LENGTH_MIN:
        raise PassphraseTooShort
    return passphrase


@edge.command()
def status(profile_file: ProfileOption, *, as_json: AsJson = False) -> None:
    """What the vault holds: how far the exchange accepted, what waits, what was refused."""
    from producers.profile import Profile
    from producers.setup import look

    profile = Profile.load(profile_file)
    found = look(profile, secret_of(profile))
    if as_json:
        typer.echo(json.dumps(found.plain(), indent=2))
        return
    plain = found.plain()
    del plain["caps"]
    for name, value in plain.items():
        said = ", ".join(f"{k}: {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
        typer.echo(f"{name.replace('_', ' ') + ':':<28}{said or 'none'}")
    if found.caps:
        from exchange.cli.agency.caps_tables import caps_table
        from exchange.cli.shared.console import console

        console().print(caps_table(found.caps))


ClientArgument = Annotated[str, typer.Argument(help="The client's key, as your files have it. It stays here.")]
HELD = (
    "Nothing more about this client leaves: what your files say of them is held back. What is already on its way to the "
    "exchange still arrives."
)
HELD_UNKNOWN = (
    "The vault knows of no such client yet. Have your files named them before? Then this is not the key that they use: look it "
    "up, and hold that one."
)


@edge.command()
def hold(
    client: ClientArgument,
    profile_file: ProfileOption,
    *,
    retract: Annotated[bool, typer.Option("--retract", help="Also take back what was sent about them.")] = False,
) -> None:
    """A client refuses: nothing more about them is sent. Kept in the vault until `release-hold`.

    With --retract it also publishes: what was sent is taken back, and out of the releases once for each cap.
    """
    from producers.profile import Profile
    from producers.setup import hold_client
    from producers.words import counted

    profile = Profile.load(profile_file)
    held = hold_client(profile, secret_of(profile), client, retract=retract)
    typer.echo(HELD)
    if not held.facts:
        typer.echo(HELD_UNKNOWN)
    if not retract:
        return

    async def work(opening: "Edge") -> str:
        async with opening:
            pass
        return f"What was sent of {counted(held.taken_back, 'fact')} is taken back."

    _work_at_the_edge(profile_file, work)


@edge.command("release-hold")
def release_hold(client: ClientArgument, profile_file: ProfileOption) -> None:
    """The client agrees again: publish your files again, and what they say of the client is sent."""
    from producers.profile import Profile
    from producers.setup import release_client

    profile = Profile.load(profile_file)
    was = release_client(profile, secret_of(profile), client)
    typer.echo("No longer held. Publish your files again." if was else "This client was not held: nothing has changed.")


@edge.command()
def restore(
    profile_file: ProfileOption,
    *,
    retract_unclaimed: Annotated[
        bool, typer.Option(help="Then take back what another copy sent and no record of this vault says.")
    ] = False,
) -> None:
    """Continue after two copies of the vault have published, once the other one is stopped for good.

    Reads back from the inbox what the exchange accepted. Publish your files again afterwards; what nobody says then can be
    taken back with --retract-unclaimed.
    """
    from producers.words import counted

    async def work(opening: "Edge") -> str:
        said = ""
        async with opening as edge:
            await edge.flush()
            if retract_unclaimed:
                said = f"{counted(edge.retract_unclaimed(), 'event')} of the other copy taken back\n"
        report = opening.report
        return f"{said}{counted(report.restored, 'event')} read back, {report.claimed} of them this vault's own"

    _work_at_the_edge(profile_file, work, over_fork=True)


@edge.command()
def retry(profile_file: ProfileOption) -> None:
    """Send again what the exchange refused, once the cause is settled (a registration, an update).

    Exit status 3 when some of it is refused again.
    """
    from producers.words import counted

    async def work(opening: "Edge") -> str:
        async with opening as edge:
            again = edge.retry_refused()
        refused = sum(opening.report.refused_by_exchange.values())
        return f"{counted(again, 'event')} sent again, {refused} refused again"

    _work_at_the_edge(profile_file, work)


def _work_at_the_edge(
    profile_file: Path, work: "Callable[[Edge], Coroutine[None, None, str]]", *, over_fork: bool = False
) -> None:
    """Do this with the edge of a profile, showing what happens meanwhile, and print what it returns."""
    from exchange.cli.agency.publish_progress import progress_of
    from exchange.cli.shared.console import console
    from producers.delivery.sending import Manner
    from producers.edge import Edge
    from producers.profile import Profile

    profile = Profile.load(profile_file)
    secret = secret_of(profile)
    with progress_of(console(stderr=True)) as shown, said_on_interrupt(STOPPED, before=shown.end):
        manner = Manner(say=shown.say, progress=shown.sending, waiting=shown.waiting, over_fork=over_fork)
        opening = Edge.open(profile, secret=secret, manner=manner)
        said = asyncio.run(work(opening))
    typer.echo(said)
    if opening.report.refused_by_exchange:
        from exchange.cli.agency.publish_tables import refused_words

        typer.echo(refused_words(opening.report))
        raise typer.Exit(REFUSED)
