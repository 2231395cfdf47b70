"""`exchange deploy`: files for running the exchange: compose, systemd, certificates, passwords."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.shared.help import ending
from exchange.core.exit_status import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(
    name="deploy",
    help="Files for running the exchange: compose, systemd, certificates, passwords.",
    no_args_is_help=True,
)
NEEDS = "no Kafka."
Out = Annotated[Path, typer.Option("--out", metavar="DIR", file_okay=False, help="The folder for the files.")]
REFUSED = {ExitStatus.USAGE: "a file is there already, or an option is wrong. Nothing was written."}


@app.command(epilog=ending(needs=NEEDS, example="exchange deploy compose --out deploy"))
def compose(out: Out) -> None:
    """Write compose.yaml for one host: three brokers, two workers, and an operator's tools.

    Also writes the Dockerfile and the settings of the Kafka tools. Files that differ are replaced:
    put your own changes into compose.override.yaml and .env.
    """
    from exchange.deploy.generated_files import compose_files

    _write(out, compose_files())


@app.command(epilog=ending(needs=NEEDS, example="exchange deploy systemd --out deploy/systemd"))
def systemd(
    out: Out,
    *,
    command: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="The full path of exchange.", show_default="/opt/exchange/bin/exchange"),
    ] = None,
) -> None:
    """Write systemd units: a broker and a worker on one machine, and an agency's weekly run.

    Files that differ are replaced: put your own changes into drop-ins (`systemctl edit`).
    """
    from exchange.deploy.generated_files import systemd_files
    from exchange.deploy.units import COMMAND

    if command is not None and not Path(command).is_absolute():
        raise typer.BadParameter("write the full path, which begins with a slash", param_hint="--command")
    _write(out, systemd_files(command or COMMAND))


@app.command(
    epilog=ending(
        needs=NEEDS,
        example="exchange deploy certificates --out deploy/secrets --name kafka.example.org",
        statuses=REFUSED,
    )
)
def certificates(
    out: Out,
    *,
    name: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            help="A host name or IP address under which clients outside reach the brokers. May be repeated.",
        ),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(min=1, max=3650, metavar="N", show_default="397", help="Days that they are valid."),
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option(
            "--ca",
            metavar="DIR",
            file_okay=False,
            help="Sign with the authority in this folder, instead of making one: to renew.",
        ),
    ] = None,
) -> None:
    """Make a certificate authority, and certificates for the three brokers and exchange-admin.

    Keys are for their owner only, and nothing is overwritten. Keep ca.key away from the servers: it
    is needed only to renew.
    """
    from exchange.deploy.certificates import AUTHORITY, DAYS, CertificateAuthority, deployment_certificates
    from exchange.deploy.new_secrets import write_secrets
    from exchange.engine.wall_clock import utc_now

    now = utc_now()
    authority = CertificateAuthority.new(now) if ca is None else CertificateAuthority.read(ca)
    own = authority.files() if ca is None else {}
    made = deployment_certificates(authority, name or (), now, days or DAYS)
    for path in write_secrets(out, {**own, **made}, public=frozenset({f"{AUTHORITY}.crt"})):
        typer.echo(f"{path}: written")


@app.command(
    epilog=ending(
        needs=NEEDS,
        example="exchange deploy credentials --out deploy/secrets --agency harbor-light",
        statuses=REFUSED,
    )
)
def credentials(
    out: Out,
    *,
    agency: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="Make this agency's password, and no other. May be repeated."),
    ] = None,
) -> None:
    """Make passwords for Kafka: of the worker, operator, auditor and evaluators, or of agencies.

    Prints a line for kafka-configs.sh for each user. The lines use the shell variables BOOTSTRAP
    and ADMIN_CONFIG. Nothing is overwritten.
    """
    from exchange.deploy.credentials import credential_files, principals_of, user_lines
    from exchange.deploy.new_secrets import write_secrets

    principals = principals_of(agency or ())
    for path in write_secrets(out, credential_files(principals)):
        typer.echo(f"{path}: written", err=True)
    for line in user_lines(principals):
        typer.echo(line)


def _write(folder: Path, files: "Mapping[str, str]") -> None:
    from exchange.deploy.generated_files import write_files

    changed = write_files(folder, files)
    for path in changed:
        typer.echo(f"{path}: written")
    if not changed:
        typer.echo("All files are up to date.")
