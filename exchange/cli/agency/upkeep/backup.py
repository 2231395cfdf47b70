"""`exchange edge backup`: a copy of the vault, of one moment."""

import json
from pathlib import Path
from typing import Annotated

import typer

from exchange.cli.agency.publish import ProfileOption, secret_of
from exchange.cli.agency.work_at_the_edge import VAULT
from exchange.cli.shared.help import ending
from exchange.engine.wall_clock import local_today

backups = typer.Typer()
KEEP = (
    "Keep it with the backups of your case system, and the key file or passphrase in another place. To put it back: "
    "`exchange edge restore --from {path} --profile …`."
)
PUT_BACK = (
    "The vault is back, as it was at event {last}. Enter every hold made since that backup (`exchange edge hold`) before you "
    "publish. Then publish: the run reads back what was sent since."
)


@backups.command(epilog=ending(needs=VAULT, example="exchange edge backup /backups --profile agency.toml"))
def backup(
    target: Annotated[
        Path, typer.Argument(metavar="FILE", help="A new file; or a folder, in which the copy is named by the day.")
    ],
    profile_file: ProfileOption,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Copy the vault while nothing publishes. The copy is encrypted like the vault, and is checked.

    It is never written over a file, nor into the folder of the key file or passphrase file.
    """
    from exchange.core.words import number_of
    from producers.profile import Profile
    from producers.upkeep.vault_backup import back_up

    profile = Profile.load(profile_file)
    made = back_up(profile, secret_of(profile), target, local_today())
    if as_json:
        plain = {"file": str(made.path), "bytes": made.octets, "last_event": made.last_event}
        typer.echo(json.dumps(plain, indent=2))
        return
    typer.echo(f"Backed up to {made.path}: {number_of(made.octets, 'byte')}, up to event {made.last_event}; checked.")
    typer.echo(KEEP.format(path=made.path))


def put_back_from(profile_file: Path, saved: Path) -> None:
    """Put a backup where the vault belongs, and print what to do then."""
    from producers.profile import Profile
    from producers.upkeep.vault_backup import put_back

    profile = Profile.load(profile_file)
    last = put_back(profile, secret_of(profile, of_backup=True), saved)
    typer.echo(PUT_BACK.format(last=last))
