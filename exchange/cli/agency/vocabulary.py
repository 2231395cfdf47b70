"""`exchange vocabulary`: the code lists, and the codes of one, from the files of the contract."""

import json
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.shared.help import ending

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

app = typer.Typer()

SHOWN = ("code", "label", "source", "source_code", "note")


@app.command(epilog=ending(needs="no Kafka.", example="exchange vocabulary service"))
def vocabulary(
    name: Annotated[
        str, typer.Argument(metavar="LIST", help="A code list, such as service.", show_default="every list")
    ] = "",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the code lists, or the codes of one list.

    The fields of an event hold codes from these lists; docs/BODIES.md names the list of each field.
    For lists that HMIS has too, `source_code` gives the list and number there.
    """
    from schemas.lists import list_names, symbols

    if name and name not in list_names():
        close = get_close_matches(name, list_names(), n=1)
        meant = f"did you mean {close[0]}?" if close else "`exchange vocabulary` shows every list."
        raise typer.BadParameter(f"no such list; {meant}", param_hint="LIST")
    rows: Sequence[Mapping[str, str | int]] = (
        codes_of(name) if name else [{"list": each, "codes": len(symbols(each))} for each in list_names()]
    )
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    from exchange.cli.shared.console import console, table

    shown = table(*rows[0], right=("codes",))
    for row in rows:
        shown.add_row(*map(str, row.values()))
    console().print(shown)


def codes_of(name: str) -> list[dict[str, str]]:
    """The codes of a list in its order, then the reasons for a missing answer that it lacks."""
    from schemas.lists import read_list, symbols

    known = {row["code"]: row for row in (*read_list("missing_reason"), *read_list(name))}
    return [{column: known[code][column] for column in SHOWN} for code in symbols(name)]
