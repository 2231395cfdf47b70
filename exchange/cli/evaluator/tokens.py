"""`exchange tokens`: for readers of `exchange serve`, where figures are not for everybody."""

from pathlib import Path
from typing import Annotated

import typer

from exchange.cli.shared.help import ending

app = typer.Typer()
group = typer.Typer(no_args_is_help=True)
app.add_typer(group, name="tokens", help="Tokens for readers of `exchange serve`.")
Tokens = Annotated[Path, typer.Option("--tokens", metavar="FILE", dir_okay=False, help="The file of `exchange serve`.")]


@group.command("add", epilog=ending(needs="no Kafka.", example="exchange tokens add state-office --tokens tokens.txt"))
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is, in your words: a–z, digits, hyphens.")],
    tokens: Tokens,
) -> None:
    """Make a token and print it, once. The file keeps only its SHA-256.

    Start the service again, and the token can be used. To withdraw it, delete its line and start
    the service again.
    """
    from consumers.serve.reader_tokens import add_token

    typer.echo(add_token(tokens, name))
