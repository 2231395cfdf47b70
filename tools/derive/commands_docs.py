"""The command reference and the tables of exit statuses, derived from the commands."""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from textwrap import fill
from typing import Final

import typer
import typer.main
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from exchange.cli import COMMANDS, app
from exchange.core.exit_status import ExitStatus
from tools.derive.markdown import table

WIDTH: Final = 100
OF_AN_AGENCY: Final = next(iter(COMMANDS))
_OWN_STATUS: Final = re.compile(r"^Exit status (\d+): (.+)$", re.MULTILINE)
_EXAMPLE: Final = re.compile(r"^Example:\n  (.+)$", re.MULTILINE)
COMMON: Final = frozenset(
    (ExitStatus.DONE, ExitStatus.ERROR, ExitStatus.USAGE, ExitStatus.INTERNAL, ExitStatus.INTERRUPTED)
)
"""Every command may end with these."""
_BY_NUMBER: Final = {int(status): status for status in ExitStatus}
_TYPE: Final = re.compile(r" <[^>]+>$")
_AT_LEAST: Final = re.compile(r"x>=(\d+)")
_BETWEEN: Final = re.compile(r"(\d+)<=x<=(\d+)")


@dataclass(frozen=True, slots=True)
class CommandHelp:
    """A command with its words after `exchange`, such as `edge init`, and its audience in help."""

    words: tuple[str, ...]
    audience: str
    command: TyperCommand

    @property
    def name(self) -> str:
        """As a person types it."""
        return " ".join(("exchange", *self.words))

    @property
    def summary(self) -> list[str]:
        """The paragraphs of its help."""
        return _paragraphs(self.command.help or "")

    @property
    def needs(self) -> str:
        """What has to be there, as one sentence."""
        return next((text for text in _paragraphs(self.command.epilog or "") if text.startswith("Needs ")), "")

    @property
    def statuses(self) -> dict[ExitStatus, str]:
        """The exit statuses of which its help says more than the list does."""
        return {_BY_NUMBER[int(number)]: words for number, words in _OWN_STATUS.findall(self.command.epilog or "")}

    @property
    def example(self) -> list[str]:
        """The words of its example; empty where it has none."""
        found = _EXAMPLE.search(self.command.epilog or "")
        return shlex.split(found[1]) if found else []

    def parameters(self) -> Iterator[tuple[str, str]]:
        """Each argument and option, as its help shows it."""
        context = typer.Context(self.command, info_name=self.name, obj={})
        for parameter in self.command.params:
            if isinstance(parameter, TyperArgument | TyperOption) and (shown := parameter.get_help_record(context)):
                yield _TYPE.sub("", shown[0]), _in_words(shown[1])


def every_command() -> Iterator[CommandHelp]:
    """All commands, in the order of help."""
    yield from _under(typer.main.get_command(app), (), "")


def _under(there: object, words: tuple[str, ...], audience: str) -> Iterator[CommandHelp]:
    if isinstance(there, TyperGroup):
        for name, command in there.commands.items():
            yield from _under(command, (*words, name), audience or str(getattr(command, "rich_help_panel", "")))
    elif isinstance(there, TyperCommand):
        yield CommandHelp(words, audience, there)


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split("\n\n")]


def _in_words(text: str) -> str:
    """Help of an option without a program's own notation."""
    return " ".join(_AT_LEAST.sub(r"at least \1", _BETWEEN.sub(r"\1 to \2", text)).split())


# The parts


def commands() -> Iterator[str]:
    """Every command: summary, needs, arguments and options, its own exit statuses, an example."""
    audience = ""
    for one in every_command():
        if one.audience != audience:
            audience = one.audience
            yield f"## {audience}\n"
        yield from _command(one)


def _command(one: CommandHelp) -> Iterator[str]:
    yield f"### {one.name}\n"
    for paragraph in (*one.summary, one.needs):
        yield f"{fill(paragraph, WIDTH, break_long_words=False, break_on_hyphens=False)}\n"
    yield "```sh"
    yield f"{shlex.join(one.example)}"
    yield "```\n"
    if rows := [(f"`{name}`", meaning) for name, meaning in one.parameters()]:
        yield from table(("argument or option", "meaning"), rows)
        yield ""
    if one.statuses:
        yield from table(("exit status", "meaning"), ((str(int(n)), words) for n, words in one.statuses.items()))
        yield ""


def exit_statuses() -> Iterator[str]:
    """Every exit status, with the commands that say more about it."""
    yield from _statuses(every_command())


def agency_exit_statuses() -> Iterator[str]:
    """The exit statuses of an agency's commands."""
    yield from _statuses(one for one in every_command() if one.audience == OF_AN_AGENCY)


def _statuses(those: Iterable[CommandHelp]) -> Iterator[str]:
    own = {one.name: one.statuses for one in those}
    used = COMMON.union(*own.values())
    yield from table(
        ("status", "meaning"), (row for status in ExitStatus if status in used for row in _rows(status, own))
    )


def _rows(status: ExitStatus, own: Mapping[str, Mapping[ExitStatus, str]]) -> Iterator[tuple[str, str]]:
    """The meaning of a status, then a row for each command that says more about it."""
    yield str(int(status)), status.meaning
    for name, meanings in own.items():
        if meanings.get(status, status.meaning).lower() != status.meaning.lower():
            yield "", f"`{name}`: {meanings[status]}"
