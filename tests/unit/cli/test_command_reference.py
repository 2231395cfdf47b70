"""Each command and option is explained, has an example that runs, and is in the reference."""

import re

import pytest
import typer
import typer.main
from typer.core import TyperGroup

from exchange.cli import COMMANDS, app
from exchange.core.exit_status import ExitStatus
from tests.unit.tree.test_docs import FILES, HAND_WRITTEN
from tools.derive.commands_docs import COMMON, CommandHelp, every_command
from tools.derive.docs import ROOT

EVERY = tuple(every_command())
REFERENCE = ROOT / "docs" / "COMMANDS.md"
each_command = pytest.mark.parametrize("one", EVERY, ids=lambda one: one.name)


def section_of(one: CommandHelp) -> str:
    """What the reference holds about a command."""
    found = re.search(rf"^### {re.escape(one.name)}\n(.*?)(?=^##|\Z)", REFERENCE.read_text(), re.MULTILINE | re.DOTALL)
    assert found, "run `make docs`"
    return found[1]


def parsed(words: list[str]) -> tuple[str, ...]:
    """The command that the real parser finds for these words, not run; raises for refused words."""
    there, found, parent = typer.main.get_command(app), [], None
    while True:
        context = there.make_context(there.name, list(words), parent=parent)
        if not isinstance(there, TyperGroup):
            return tuple(found)
        name, command, words = there.resolve_command(context, [*context._protected_args, *context.args])
        assert name is not None
        assert command is not None
        found.append(name)
        there, parent = command, context


@each_command
def test_a_command_has_a_short_summary_and_names_its_needs(one: CommandHelp) -> None:
    assert 0 < len(one.summary[0]) <= 120
    assert one.summary[0].endswith(".")
    assert one.needs.startswith("Needs ")
    assert one.audience in COMMANDS


@each_command
def test_every_argument_and_option_has_help(one: CommandHelp) -> None:
    assert [parameter.name for parameter in one.command.params if not getattr(parameter, "help", "")] == []


@each_command
def test_an_example_is_the_commands_own_and_parses(one: CommandHelp) -> None:
    program, *words = one.example
    assert program == "exchange"
    assert parsed(words) == one.words


@each_command
def test_help_fits_80_columns_and_ends_with_the_example(one: CommandHelp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = one.command.get_help(typer.Context(one.command, info_name=one.name, obj={})).splitlines()
    assert lines[-2].strip() == "Example:"
    assert [line for line in lines if len(line) > 80] == []


@each_command
def test_the_reference_has_the_command_whole(one: CommandHelp) -> None:
    section = " ".join(section_of(one).split())
    assert all(paragraph in section for paragraph in (*one.summary, one.needs))
    assert " ".join(one.example) in section
    assert all(f"| `{name}` |" in section for name, _ in one.parameters())
    assert all(f"| {int(status)} | {meaning} |" in section for status, meaning in one.statuses.items())


@each_command
def test_a_page_written_by_hand_names_the_command(one: CommandHelp) -> None:
    by_hand = "".join(HAND_WRITTEN[path] for path in FILES if path != REFERENCE and path.name != "CHANGELOG.md")
    assert re.search(rf"\b{re.escape(one.name)}\b", by_hand)


def test_the_reference_has_no_command_that_is_not_there() -> None:
    assert re.findall(r"^### (.+)$", REFERENCE.read_text(), re.MULTILINE) == [one.name for one in EVERY]


def test_a_wrong_example_would_be_found_out() -> None:
    with pytest.raises(typer.BadParameter):
        parsed(["kill-test", "--rounds", "0"])


def test_every_exit_status_is_in_the_docs_and_some_command_ends_with_it() -> None:
    own = {status for one in EVERY for status in one.statuses}
    assert own | COMMON == set(ExitStatus)
    listed = re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "OPERATIONS.md").read_text(), re.MULTILINE)
    assert listed == [str(int(status)) for status in ExitStatus]
    assert all(status.meaning.endswith(".") for status in ExitStatus)
