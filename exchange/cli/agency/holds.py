"""`exchange edge hold`, `unhold` and `confirm-holds`: the clients who withdrew consent."""

from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.agency.client_key import GivenAsArguments, ask_client_key, held_words
from exchange.cli.agency.publish import ProfileOption, secret_of
from exchange.cli.agency.work_at_the_edge import REFUSED_SOME, VAULT, work_at_the_edge
from exchange.cli.shared.help import ending

if TYPE_CHECKING:
    from exchange.cli.agency.work_at_the_edge import Say
    from producers.edge import Edge

holds = typer.Typer()


@holds.command(
    epilog=ending(
        needs="a profile and its vault; with --retract also the exchange's Kafka.",
        example="exchange edge hold --profile agency.toml",
        statuses=REFUSED_SOME,
    )
)
def hold(
    profile_file: ProfileOption,
    given: GivenAsArguments = None,
    *,
    retract: Annotated[
        bool, typer.Option("--retract", help="Also withdraw the events already sent about the client.")
    ] = False,
    unseen: Annotated[
        bool, typer.Option("--unseen", help="Hold a client whom none of your published files has named yet.")
    ] = False,
) -> None:
    """Stop sending anything about a client who withdrew consent. Asks for the client's key.

    The hold stays in the vault until `exchange edge unhold`. With --retract, also withdraws the
    events already sent: they leave every figure that is not drawn yet.
    """
    from exchange.core.words import number_of
    from producers.profile import Profile
    from producers.setup import hold_client

    client = ask_client_key(given)
    profile = Profile.load(profile_file)
    held = hold_client(profile, secret_of(profile), client, retract=retract, unseen=unseen)
    typer.echo(held_words(held.alike))
    if not retract:
        return

    async def work(opening: "Edge", _: "Say") -> str:
        async with opening:
            pass
        return f"Withdrawn: {number_of(held.withdrawn, 'fact')} about this client."

    work_at_the_edge(profile_file, work)


@holds.command(epilog=ending(needs=VAULT, example="exchange edge unhold --profile agency.toml"))
def unhold(profile_file: ProfileOption, given: GivenAsArguments = None) -> None:
    """End a hold. After the client consents again, publish your files; their records are sent.

    Asks for the client's key.
    """
    from producers.profile import Profile
    from producers.setup import unhold_client

    client = ask_client_key(given)
    profile = Profile.load(profile_file)
    was = unhold_client(profile, secret_of(profile), client)
    typer.echo("No longer held. Publish your files again." if was else "This client was not held: nothing changed.")


@holds.command(
    name="confirm-holds", epilog=ending(needs=VAULT, example="exchange edge confirm-holds --profile agency.toml")
)
def confirm_holds(profile_file: ProfileOption) -> None:
    """Confirm that every hold made since the backup is entered, after a vault was restored.

    Then publish all your files again: what was held back, because a lost copy of the vault had
    withdrawn the same, is sent.
    """
    from exchange.core.words import number_of
    from producers.profile import Profile
    from producers.setup import confirm_holds as confirm

    profile = Profile.load(profile_file)
    facts = confirm(profile, secret_of(profile))
    typer.echo(
        f"Confirmed. Publish all your files again: {number_of(facts, 'fact')} held back until now "
        f"{'is' if facts == 1 else 'are'} sent then."
    )
