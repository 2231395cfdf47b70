"""`exchange edge doctor`: whether this edge is fit to publish, and what to do where it is not."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.agency.publish import ProfileOption, secret_of
from exchange.cli.agency.upkeep.practice import link_of
from exchange.cli.shared.help import ending
from exchange.core.exit_status import ExitStatus
from exchange.engine.wall_clock import local_today

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exchange.core.findings import CheckResult
    from producers.profile import Profile
    from producers.secret_files import Secret
    from producers.upkeep.edge_checks import VaultSeen

doctors = typer.Typer()
ASKING = "exchange: asking the exchange …"


@doctors.command(
    name="doctor",
    epilog=ending(
        needs="a profile. What needs its vault or the exchange's Kafka is `not known` without it.",
        example="exchange edge doctor --profile agency.toml",
        statuses={
            ExitStatus.DONE: "every check was made, and none found a fault. There may be warnings.",
            ExitStatus.ERROR: "a check found a fault or could not be made.",
        },
    ),
)
def edge_doctor(
    profile_file: ProfileOption,
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the exchange.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Check the profile, the vault and the way to the exchange, and name what to do.

    It looks at the key file's rights and place, whether the vault opens and is this agency's, the
    clock, the free disk, the last backup, the connection and the registered key. It sends nothing.
    """
    from exchange.cli.shared.findings_table import end_with
    from producers.errors import ProfileInvalid
    from producers.profile import Profile
    from producers.upkeep.edge_checks import unloaded

    try:
        profile = Profile.load(profile_file)
    except ProfileInvalid as error:
        end_with(unloaded(error), as_json=as_json)
    asking = None if offline else lambda: typer.echo(ASKING, err=True)
    end_with([*findings_of(profile, lambda: secret_of(profile), asking)], as_json=as_json)


def findings_of(
    profile: "Profile", secret: "Callable[[], Secret]", asking: "Callable[[], None] | None"
) -> "Iterator[CheckResult]":
    """Every finding. `asking`: called before the exchange is asked; None: it is not asked."""
    from exchange.core.errors import ExchangeError
    from producers.upkeep import edge_checks as checks

    yield from checks.of_files(profile)
    seen: VaultSeen | None = None
    try:
        seen = _seen(profile, secret())
    except ExchangeError as error:
        yield from checks.vault_closed(error)
    else:
        yield from checks.of_vault(seen, local_today())
    if asking is not None:
        asking()
        yield from asyncio.run(_asked(profile, seen))


def _seen(profile: "Profile", secret: "Secret") -> "VaultSeen":
    from producers.setup import look
    from producers.upkeep.edge_checks import VaultSeen
    from producers.vault.store import Vault

    status = look(profile, secret)
    with Vault.open(profile, secret) as vault:
        return VaultSeen.of(status, vault)


async def _asked(profile: "Profile", seen: "VaultSeen | None") -> "list[CheckResult]":
    from producers.errors import InboxMissing
    from producers.upkeep.edge_checks import of_exchange, unreached

    try:
        return await of_exchange(profile, seen, link_of(profile))
    except InboxMissing as error:
        return unreached(error)
