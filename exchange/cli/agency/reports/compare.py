"""`exchange edge compare`: an agency's own figures beside the published ones, on the screen only.

Rules kept: nothing is written but to a terminal, and there is no option for a file: who has one
agency's exact part beside a published figure knows more about all others. A figure that is not
shown has the word of its status, never a blank or a 0.
"""

import asyncio
import json
import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.agency.publish import ProfileOption, secret_of
from exchange.cli.shared.help import ending
from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus

if TYPE_CHECKING:
    from exchange.core.metrics.figures import MetricPoint
    from producers.profile import Profile
    from producers.reports.own_figures import OwnFigures

compares = typer.Typer()

NOT_FOR_SHARING = (
    "Not for sharing: your own numbers are exact. They are your accepted events within the caps as they stand now; a "
    "published figure counted each period once, with noise, and never changes."
)


class CompareNeedsTerminal(ExchangeError):
    """A comparison is shown on a terminal only."""

    exit_code = ExitStatus.USAGE
    hint = "Run it without `|` or `>`: an agency's exact numbers beside the published ones are in no file."


class MetricsUnreadable(ExchangeError):
    """The file does not hold points as `exchange subscribe --json` writes them."""

    exit_code = ExitStatus.USAGE
    hint = "Write it with `exchange subscribe --once --all --json --output points.jsonl`, or leave out --metrics."


@compares.command(
    epilog=ending(
        needs="a profile, its vault, and a terminal; the right to read `metrics`, or a file of points.",
        example="exchange edge compare --state ca --profile agency.toml",
    )
)
def compare(
    profile_file: ProfileOption,
    *,
    metrics: Annotated[
        Path | None,
        typer.Option("--metrics", metavar="FILE", help="Points as JSON Lines.", show_default="the exchange's Kafka"),
    ] = None,
    state: Annotated[str, typer.Option(metavar="CODE", help="Show figures of this state and its division, too.")] = "",
    period: Annotated[str, typer.Option(metavar="PERIOD", help="Show this quarter or year.")] = "",
) -> None:
    """Show your own figures beside the published ones, with their intervals. On the screen only.

    Shows figures of the nation to which your agency added something, each as of its newest month.
    """
    from exchange.cli.shared.console import console
    from producers.profile import Profile
    from producers.reports.own_figures import own_figures
    from producers.vault.store import Vault

    if not sys.stdout.isatty():
        raise CompareNeedsTerminal
    profile = Profile.load(profile_file)
    with Vault.open(profile, secret_of(profile)) as vault:
        own = own_figures(vault)
    points = _of_file(metrics) if metrics else _of_kafka(profile)
    screen = console()
    for part in compared(own, points, state, period):
        screen.print(part)


def compared(own: "OwnFigures", points: "Iterable[MetricPoint]", state: str, period: str) -> Iterator[object]:
    """What the terminal shows: a table, and what it is worth."""
    from rich.text import Text

    from exchange.cli.evaluator.points import Newest, period_of
    from exchange.cli.shared.console import table

    newest = Newest()
    newest.add(points)
    shown = table("metric", "of", "period", "yours", "published", "95 %", right=("yours", "published"))
    for point in newest.points():
        number = own.of(point.metric, point.dimensions, point.period) if point.period else None
        if number and (not period or period_of(point) == period) and _is_wanted(point, state):
            of = ", ".join(code for _, code in point.dimensions) or "the nation"
            shown.add_row(point.metric, of, period_of(point), f"{number:,}", *_published(point))
    yield Text(NOT_FOR_SHARING, style="bold")
    yield shown if shown.row_count else Text("No published figure has a part of yours yet.")


def _is_wanted(point: "MetricPoint", state: str) -> bool:
    from exchange.core.model.vocabulary import DIVISION, UsState

    named = dict(point.dimensions)
    if "state" not in named and "division" not in named:
        return True
    if state not in UsState.__members__:
        return False
    return (
        named.get("state", state) == state
        and named.get("division", DIVISION[UsState[state]]) == DIVISION[UsState[state]]
    )


def _published(point: "MetricPoint") -> tuple[str, str]:
    """The number with its interval, or the word of its status."""
    from exchange.cli.evaluator.points import value_and_interval
    from exchange.core.picture.wording.statuses import status_of

    status = status_of(point)
    return value_and_interval(point) if status.shows_number else (status.word, "")


def _of_file(path: Path) -> "list[MetricPoint]":
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [_point(json.loads(line, parse_float=Decimal)) for line in lines if line.strip()]
    except OSError as error:
        raise MetricsUnreadable(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise MetricsUnreadable from None


def _point(plain: dict[str, object]) -> "MetricPoint":
    from exchange.core.metrics.figures import MetricPoint
    from exchange.core.model.epochs import parse_epoch
    from exchange.core.model.period import parse_period

    def number(name: str) -> Decimal | None:
        return None if plain[name] is None else Decimal(str(plain[name]))

    period = str(plain["period"])
    dimensions = plain["dimensions"]
    if not isinstance(dimensions, dict):
        raise TypeError
    return MetricPoint(
        str(plain["metric"]),
        tuple((str(name), str(code)) for name, code in dimensions.items()),
        parse_period(period) if period[:1].isdigit() else None,
        parse_epoch(str(plain["epoch"])),
        number("value"),
        number("low"),
        number("high"),
        str(plain["unit"]),
        plain["withheld"] is True,
        plain["usable"] is True,
        (),
    )


def _of_kafka(profile: "Profile") -> "list[MetricPoint]":
    """All points that were published, by the profile's own way to the exchange."""
    from consumers.metrics.subscribe import subscribe
    from exchange.cli.shared.at_kafka import addressed
    from exchange.settings import Settings
    from producers.delivery.address import servers_of

    settings = Settings.model_validate({})
    reached = {"bootstrap_servers": servers_of(profile, settings), **profile.kafka.given()}
    settings = settings.model_copy(update=reached)

    async def whole() -> "list[MetricPoint]":
        return [point async for point in subscribe(once=True, everything=True, settings=settings)]

    typer.echo(f"exchange: reading from {settings.bootstrap_servers} …", err=True)
    with addressed(settings):
        return asyncio.run(whole())
