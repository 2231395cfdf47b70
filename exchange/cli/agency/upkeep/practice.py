"""Practice at the command line: the notice, the folder, and the way to its exchange."""

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from producers.delivery.link import Link
    from producers.profile import Profile

FIRST_STEPS = """\
{notice}
Made {folder}: a profile, its vault and key, and two made-up exports. No broker is needed. Try, in this order:
  cd {folder}
  exchange edge look export-1.zip
  exchange publish export-1.zip --profile agency.toml --dry-run
  exchange publish export-1.zip --profile agency.toml
  exchange publish export-2.zip --profile agency.toml --refusals refused.csv
  exchange edge status --profile agency.toml
  exchange edge doctor --profile agency.toml
Delete the folder when you are done."""


def practice_notice(context: typer.Context, profile_file: Path | None) -> Path | None:
    """Say so where a command works with a profile for practice: before it, and below its result.

    Below JSON it would be none.
    """
    from producers.practice import NOTICE, PRACTICE

    try:
        named = tomllib.loads(profile_file.read_text(encoding="utf-8-sig")).get("agency") if profile_file else None
    except (OSError, ValueError):
        return profile_file
    if named == PRACTICE:
        typer.echo(f"exchange: {NOTICE}", err=True)
        context.call_on_close(lambda: None if context.params.get("as_json") else typer.echo(NOTICE))
    return profile_file


def link_of(profile: "Profile") -> "Link | None":
    """The way to the practice exchange; None for every real agency, whose way is Kafka."""
    from producers.practice import is_practice

    if not is_practice(profile):
        return None
    from exchange.trial.practice.practice_exchange import practice_link

    return practice_link(profile)


def make_practice_folder(folder: Path) -> None:
    """Make a folder for practice. Raises PracticeUnwritable."""
    from exchange.engine.wall_clock import local_today
    from exchange.trial.practice.practice_folder import make_practice

    make_practice(folder, local_today())


def begin_practice(folder: Path) -> None:
    """Make a folder for practice, and print the first steps."""
    from producers.practice import NOTICE

    make_practice_folder(folder)
    typer.echo(FIRST_STEPS.format(notice=NOTICE, folder=folder))


def register_practice(profile: "Profile", key_number: int, key: bytes) -> None:
    """Register a new key of the practice agency, as its operator would."""
    from producers.practice import is_practice

    if is_practice(profile):
        from exchange.trial.practice.practice_exchange import register

        register(profile, key_number, key)
