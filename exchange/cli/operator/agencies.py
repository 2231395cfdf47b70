"""`exchange agencies`: the registry of agencies that may publish, with legal class and keys."""

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.shared.help import ending
from exchange.core.words import number_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from consumers.admission.enrolment import Enrolment
    from exchange.cli.shared.at_kafka import KafkaConnection
    from exchange.core.admission.gate import Registration

app = typer.Typer(name="agencies", help="The registry of agencies: add, change, list.", no_args_is_help=True)
NEEDS = "the exchange's Kafka, with the operator's rights."


class LegalClassChoice(StrEnum):
    """The data that the law lets an agency share."""

    individual = "individual"
    year_only = "year_only"
    tally_only = "tally_only"


@app.command(
    epilog=ending(
        needs=NEEDS,
        example="exchange agencies add north-star --legal-class year_only --public-key ns.pub",
    )
)
def add(
    code: Annotated[
        str, typer.Argument(metavar="CODE", help="The agency's code, such as harbor-light. It never changes.")
    ],
    *,
    legal_class: Annotated[
        LegalClassChoice | None,
        typer.Option(
            help="The data it may share, by its counsel. Required for a new agency; fixed once it has published."
        ),
    ] = None,
    public_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY", help="Its Ed25519 public key: a file, hexadecimal or base64. Required for a new agency."
        ),
    ] = None,
    key_number: Annotated[
        int | None,
        typer.Option(metavar="N", help="The number of that key.", show_default="the key's own, else the next free one"),
    ] = None,
    small_counts: Annotated[
        bool | None,
        typer.Option(
            "--small-counts/--no-small-counts",
            help="Whether its tallies may hold counts of 1 to 10 (with its counsel's consent).",
        ),
    ] = None,
    suspend: Annotated[
        bool | None, typer.Option("--suspend/--resume", help="Refuse its records, or accept them again.")
    ] = None,
    follows: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="An earlier code of the same agency, such as under another legal class."),
    ] = None,
    first_period: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="2026Q3",
            help="With --follows: the first period that counts under the new code, not the old.",
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask before changing the legal class or replacing a key.")
    ] = False,
) -> None:
    """Register an agency, or change its registration. Options that you leave out change nothing."""
    from consumers.admission.enrolment import Enrolment, KeyWouldChange, LegalClassWouldChange
    from consumers.admission.public_keys import public_key as read_key
    from exchange.core.admission.gate import Status
    from exchange.core.model.period import parse_period
    from exchange.core.model.vocabulary import LegalClass

    if (follows is None) != (first_period is None):
        raise typer.BadParameter("--follows and --from go together", param_hint="--follows")
    enrolment = Enrolment(
        code,
        LegalClass(legal_class.value) if legal_class else None,
        read_key(public_key) if public_key else None,
        key_number,
        small_counts,
        None if suspend is None else Status.SUSPENDED if suspend else Status.ACTIVE,
        follows,
        None if first_period is None else parse_period(first_period),
    )
    try:
        registration = _register(enrolment, confirmed=yes)
    except LegalClassWouldChange as refused:
        if not typer.confirm(
            f"{refused.args[0]} If it has published, its vault keeps its class: register a new code with --follows instead. "
            "Has its counsel confirmed the change?"
        ):
            raise
        registration = _register(enrolment, confirmed=True)
    except KeyWouldChange as refused:
        if not typer.confirm(f"{refused.args[0]} Replace it? Heartbeats signed with it will no longer verify."):
            raise
        registration = _register(enrolment, confirmed=True)
    _confirm(registration)


@app.command(name="list", epilog=ending(needs=NEEDS, example="exchange agencies list --json"))
def list_(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the registered agencies."""
    from consumers.admission.registry import read_registry
    from exchange.cli.shared.at_kafka import at_kafka

    async def work(kafka: "KafkaConnection") -> "list[Registration]":
        registry = (await read_registry(kafka.log)).agencies
        return [registry[code] for code in sorted(registry)]

    registrations = at_kafka(work)
    if as_json:
        typer.echo(json.dumps([_plain(registration) for registration in registrations], indent=2))
    elif registrations:
        _print(registrations)
    else:
        typer.echo("No agency is registered yet. Add one: `exchange agencies add CODE --legal-class … --public-key …`.")


@app.command(epilog=ending(needs=NEEDS, example="exchange agencies refill harbor-light"))
def refill(
    code: Annotated[str, typer.Argument(metavar="CODE", help="The agency whose inbox lacks events.")],
) -> None:
    """Write accepted events that an inbox lacks into it, so that a vault can be made from it again.

    An inbox lacks events if it was flooded, deleted, or left behind with another cluster. The gate
    recognises events that it has admitted, so nothing is counted twice. Safe to repeat.
    """
    from consumers.admission.enrolment import AgencyNotRegistered
    from consumers.admission.inbox_refill import refill as refilled
    from consumers.admission.registry import read_registry
    from exchange.cli.shared.at_kafka import at_kafka

    async def work(kafka: "KafkaConnection") -> int:
        registration = (await read_registry(kafka.log)).agencies.get(code)
        if registration is None:
            raise AgencyNotRegistered(f"{code} is not registered.")
        return await refilled(kafka.log, registration)

    typer.echo(f"{number_of(at_kafka(work), 'event')} written to the inbox of {code}.")


def _register(enrolment: "Enrolment", *, confirmed: bool) -> "Registration":
    from consumers.admission.enrolment import register
    from exchange.cli.shared.at_kafka import at_kafka

    async def work(kafka: "KafkaConnection") -> "Registration":
        replication = kafka.settings.replication
        (registration,) = await register(
            kafka.log, kafka.admin, enrolment, replication=replication, confirmed=confirmed
        )
        return registration

    return at_kafka(work)


def _confirm(registration: "Registration") -> None:
    numbers = ", ".join(str(number) for number, _ in registration.keys)
    typer.echo(
        f"{registration.agency}: {registration.legal_class}, {registration.status}, key {numbers},"
        f" small counts {'yes' if registration.small_counts else 'no'}, partition {registration.partition}"
        + "".join(f", {words}" for words in _bounds(registration))
    )


def _bounds(registration: "Registration") -> "Iterator[str]":
    """The periods that count under this code, where another code has the others."""
    from exchange.core.model.period import period_text

    if registration.first_period:
        yield f"follows {registration.follows} from {period_text(registration.first_period)}"
    if registration.until_period:
        yield f"counts until {period_text(registration.until_period)} begins"


def _plain(registration: "Registration") -> dict[str, object]:
    from exchange.core.model.period import period_text

    return {
        "agency": registration.agency,
        "legal_class": registration.legal_class.value,
        "small_counts": registration.small_counts,
        "partition": registration.partition,
        "keys": {str(number): octets.hex() for number, octets in registration.keys},
        "status": registration.status.value,
        "follows": registration.follows,
        "first_period": period_text(registration.first_period) if registration.first_period else "",
        "until_period": period_text(registration.until_period) if registration.until_period else "",
    }


def _print(registrations: "Sequence[Registration]") -> None:
    from exchange.cli.shared.console import console, table

    shown = table("agency", "legal class", "small counts", "status", "periods", "partition", "keys")
    for registration in registrations:
        shown.add_row(
            registration.agency,
            registration.legal_class,
            "yes" if registration.small_counts else "no",
            registration.status,
            "\n".join(_bounds(registration)) or "all",
            str(registration.partition),
            "\n".join(f"{number}: {octets.hex()}" for number, octets in registration.keys),
        )
    console().print(shown)
