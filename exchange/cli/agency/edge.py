"""`exchange edge`: the agency's vault and signing key: make, inspect, repair. Holds are in `holds`.

`init` prints the public key that the operator registers; the private one never leaves the vault.
"""

import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.agency.checking.check import checks
from exchange.cli.agency.holds import holds
from exchange.cli.agency.local_page.ui import uis
from exchange.cli.agency.looking.look import looks
from exchange.cli.agency.mapping import mapping
from exchange.cli.agency.previewing.preview import previews
from exchange.cli.agency.publish import ProfileOption, secret_of
from exchange.cli.agency.reports.compare import compares
from exchange.cli.agency.reports.report import reports
from exchange.cli.agency.template import template
from exchange.cli.agency.upkeep.backup import backups, put_back_from
from exchange.cli.agency.upkeep.calendar_table import calendar_table
from exchange.cli.agency.upkeep.edge_doctor import doctors
from exchange.cli.agency.upkeep.init_questions import complete_profile
from exchange.cli.agency.upkeep.practice import begin_practice, practice_notice, register_practice
from exchange.cli.agency.work_at_the_edge import REFUSED_SOME, VAULT, work_at_the_edge
from exchange.cli.shared.help import ending
from exchange.core.exit_status import ExitStatus
from exchange.engine.wall_clock import local_today

if TYPE_CHECKING:
    from exchange.cli.agency.work_at_the_edge import Say
    from producers.edge import Edge
    from producers.profile import Profile
    from producers.secret_files import Secret

app = typer.Typer()
edge = typer.Typer(
    name="edge",
    help="The agency's vault and signing key: make, inspect, repair; hold a client's records.",
    no_args_is_help=True,
)
app.add_typer(edge)
edge.add_typer(holds)
edge.add_typer(looks)
edge.add_typer(doctors)
edge.add_typer(backups)
edge.add_typer(template)
edge.add_typer(mapping)
edge.add_typer(previews)
edge.add_typer(checks)
edge.add_typer(reports)
edge.add_typer(compares)
edge.add_typer(uis)

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
PUT_OFF = "the next scheduled run counts and sends them, or `exchange publish --closes QUARTER`"
NOTHING_REFUSED = "no event of this vault is refused: nothing to send again …"
VAULT_AND_KAFKA = "a profile, its vault, and the exchange's Kafka."

SAME_FOLDER = (
    "The key file is in the folder of the vault: whoever takes that folder has both. Move it to another one, and correct"
    " key_file in the profile."
)
PUBLISHED_BEFORE = (
    "If this agency has published before, from a vault that is lost, do not register this key. Remove this vault, and make "
    "it again with --key-number 2 (the next free number)."
)


@edge.command(
    epilog=ending(
        needs="a profile, a TOML file that docs/PUBLISHING.md describes; at a terminal it asks for what is missing.",
        example="exchange edge init --profile agency.toml",
    )
)
def init(
    profile_file: Annotated[
        Path | None,
        typer.Option("--profile", metavar="FILE", help="The agency's profile, a TOML file.", callback=practice_notice),
    ] = None,
    *,
    practice: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Instead: make a folder with a made-up agency and data, to practise in."),
    ] = None,
    key_file: Annotated[
        bool, typer.Option("--key-file", help="First write the profile's key_file, for runs that nobody attends.")
    ] = False,
    key_number: Annotated[
        int,
        typer.Option(
            min=0, max=63, metavar="N", help="The key's number. Raise it if an earlier vault was lost with its key."
        ),
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Make the vault and its signing key; print the line that registers the agency.

    The vault remembers what was sent about whom. It is encrypted, and never leaves this machine. At
    a terminal, what the profile lacks is asked for, at most six questions, and written into it.
    """
    from producers.profile import Profile
    from producers.setup import make_vault
    from producers.vault.store import FIRST_KEY, expect_no_vault

    if (profile_file is None) is (practice is None):
        raise typer.BadParameter("give a profile, or --practice instead", param_hint="--profile")
    if profile_file is None:
        begin_practice(practice or Path())
        return
    makes_key = complete_profile(profile_file)
    profile = Profile.load(profile_file)
    expect_no_vault(profile)
    if key_file or makes_key:
        _write_key_file(profile)
    number, octets = make_vault(profile, _new_secret(profile), key_number)
    register_practice(profile, number, octets)
    if as_json:
        typer.echo(json.dumps({"agency": profile.agency, "key_number": number, "public_key": octets.hex()}))
        return
    typer.echo(
        f"The vault of {profile.agency} is {profile.vault}. Back it up. Keep its passphrase or key file elsewhere."
    )
    if profile.key_file and profile.key_file.resolve().parent == profile.vault.resolve().parent:
        typer.echo(SAME_FOLDER)
    typer.echo("Send this line to the operator of the exchange:")
    small = " --small-counts" if profile.small_counts else ""
    typer.echo(
        f"  exchange agencies add {profile.agency} --legal-class {profile.legal_class}{small}"
        f" --public-key {octets.hex()} --key-number {number}"
    )
    if number == FIRST_KEY:
        typer.echo(PUBLISHED_BEFORE)


def _write_key_file(profile: "Profile") -> None:
    from producers.errors import KeyFileExists, ProfileInvalid
    from producers.secret_files import KEY_OCTETS, write_key_file

    if profile.key_file is None:
        raise ProfileInvalid("--key-file needs `key_file` in the profile.")
    try:
        write_key_file(profile.key_file, secrets.token_bytes(KEY_OCTETS))
    except FileExistsError:
        raise KeyFileExists(f"The key file {profile.key_file} exists already.") from None
    except OSError as error:
        raise ProfileInvalid(f"The key file {profile.key_file} cannot be written: {error.strerror}.") from None


def _new_secret(profile: "Profile") -> "Secret":
    """The secret of a new vault; a passphrase that is typed is typed twice."""
    import sys

    from exchange.cli.agency.new_passphrase import ask_new_passphrase, expect_long_enough

    secret = profile.secret(ask_new_passphrase if sys.stdin.isatty() else None)
    if secret.passphrase:
        expect_long_enough(secret.passphrase)
    return secret


@edge.command(epilog=ending(needs=VAULT, example="exchange edge status --profile agency.toml"))
def status(profile_file: ProfileOption, *, as_json: AsJson = False) -> None:
    """Show the vault: events accepted, waiting and refused, held clients, caps; and a calendar.

    The calendar has a line for each quarter: due, sent, late, or nothing to report.
    """
    from exchange.cli.shared.console import console
    from producers.profile import Profile
    from producers.setup import look
    from producers.upkeep.reporting_calendar import look_at_calendar, plain_line

    profile = Profile.load(profile_file)
    secret = secret_of(profile)
    found, calendar = look(profile, secret), look_at_calendar(profile, secret, local_today())
    if as_json:
        typer.echo(json.dumps({**found.plain(), "calendar": [*map(plain_line, calendar)]}, indent=2))
        return
    plain = found.plain()
    del plain["caps"]
    width = max(map(len, plain)) + len(": ")
    for name, value in plain.items():
        shown = ", ".join(f"{k}: {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
        typer.echo(f"{name.replace('_', ' ') + ':':<{width}}{shown or 'none'}")
    if found.caps:
        from exchange.cli.agency.caps_tables import caps_table

        console().print(caps_table(found.caps))
    console().print(calendar_table(calendar))


@edge.command(
    epilog=ending(
        needs=VAULT,
        example="exchange edge settle 2026-06 --profile agency.toml",
        statuses={ExitStatus.ERROR: "nothing about this month was open."},
    )
)
def settle(
    month: Annotated[str, typer.Argument(metavar="MONTH", help="The month that `exchange edge status` names.")],
    profile_file: ProfileOption,
) -> None:
    """End a notice that the exchange lost months or drew figures twice, once that is explained.

    The vault forgets what it remembered of the exchange's ledger, and remembers it anew.
    """
    from exchange.core.model.epochs import epoch_text, parse_epoch
    from producers.profile import Profile
    from producers.setup import settle_ledger

    epoch, profile = parse_epoch(month), Profile.load(profile_file)
    if not settle_ledger(profile, secret_of(profile), epoch):
        typer.echo(f"exchange: nothing about {epoch_text(epoch)} is open; nothing was changed.", err=True)
        raise typer.Exit(ExitStatus.ERROR)
    typer.echo("Settled. The vault remembers the exchange's ledger anew from its next receipt.")


@edge.command(
    epilog=ending(
        needs=VAULT_AND_KAFKA,
        example="exchange edge restore --profile agency.toml",
        statuses=REFUSED_SOME,
    )
)
def restore(
    profile_file: ProfileOption,
    *,
    retract_unclaimed: Annotated[
        bool,
        typer.Option(
            "--retract-unclaimed", help="Then withdraw the other copy's events that match no record of this vault."
        ),
    ] = False,
    saved: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Instead: put this backup where the lost vault was."),
    ] = None,
) -> None:
    """Repair the vault after two copies of it have published. First stop the other copy for good.

    Reads the accepted events back from the exchange. Then publish all your files again. Events that
    still match no record can be withdrawn with --retract-unclaimed. --from puts a backup back where
    there is no vault, and needs no Kafka.
    """
    from exchange.core.words import number_of

    if saved:
        put_back_from(profile_file, saved)
        return

    async def work(opening: "Edge", say: "Say") -> str:
        say("asking the exchange which events of this agency it has accepted …")
        withdrawn = ""
        async with opening as edge:
            await edge.flush()
            if retract_unclaimed:
                withdrawn = f"withdrawn: {number_of(edge.retract_unclaimed(), 'event')} of the other copy\n"
        report = opening.report
        return (
            f"{withdrawn}{number_of(report.restored, 'event')} read back; {report.claimed} match this vault's records"
        )

    work_at_the_edge(profile_file, work, over_fork=True)


@edge.command(
    epilog=ending(
        needs=VAULT_AND_KAFKA,
        example="exchange edge retry --profile agency.toml",
        statuses={ExitStatus.SOME_REFUSED: "the exchange refused some events again."},
    )
)
def retry(profile_file: ProfileOption) -> None:
    """Send refused events again, once the cause is fixed (such as a registration or an update)."""
    from exchange.core.words import number_of

    async def work(opening: "Edge", say: "Say") -> str:
        async with opening as edge:
            again = edge.retry_refused()
            say(f"{number_of(again, 'refused event')} to send again …" if again else NOTHING_REFUSED)
        report = opening.report
        refused, later = sum(report.refused_by_exchange.values()), ""
        if report.put_off:
            later = f"\n{number_of(report.put_off, 'total')} of quarters that are not closed: {PUT_OFF}"
        return f"{number_of(again - report.put_off, 'event')} sent again; {refused} refused again{later}"

    work_at_the_edge(profile_file, work)
