"""The lists "To add" of docs/ARCHITECTURE.md work in a tree copy: real edits, commands and tests.

A list is read from the page. Its steps must name exactly the files that are edited here, in that
order, and the commands that it names are run as written. So neither may change without the
other. All lists are followed in one copy: the edits of one must not spoil those of another, and
each command runs once.
"""

import re
from collections.abc import Callable

import pytest

from tests.kits.page_steps import NEW_TEST, Addition, Edit, follow
from tests.kits.tree_copy import TreeCopy, tree

__all__ = ["tree"]


def changelog(line: str) -> Edit:
    return lambda tree: tree.edit("CHANGELOG.md", "### Added\n\n", f"### Added\n\n- {line}\n")


def one_more_table(tree: TreeCopy) -> None:
    number = re.search(r"(\d+) tables", tree.read("CHANGELOG.md"))
    assert number
    tree.edit("CHANGELOG.md", number[0], f"{int(number[1]) + 1} tables")


def appended(constant: str, row: str) -> Callable[[str], str]:
    """The text of a module with one more row at the end of a constant's tuple."""

    def change(text: str) -> str:
        start = text.index(f"{constant}: Final")
        end = text.index("\n)\n", start)
        return f"{text[:end]}\n{row}{text[end:]}"

    return change


def append(file: str, constant: str, row: str) -> Edit:
    return lambda tree: tree.write(file, appended(constant, row)(tree.read(file)))


def first_in(file: str, constant: str, row: str) -> Edit:
    """One more row, at the beginning of a constant's dict."""

    def edit(tree: TreeCopy) -> None:
        (line,) = re.findall(rf"^{constant}: Final.*\{{\n", tree.read(file), re.MULTILINE)
        tree.edit(file, line, f"{line}    {row}\n")

    return edit


METRIC_ROW = """    shares_of(
        "outcome_domain_share",
        "outcomes_by_domain",
        "Each domain as a share of assessments.",
        "role_of_resiliency",
    ),"""
METRIC_TEST = """

def test_shares_of_outcome_domains_are_of_the_known_ones() -> None:
    def count(_: int, __: str, values: tuple[str, ...]) -> int:
        return {"housing": 30, "safety": 90, "not_known": 500}.get(values[0], 0)

    made = [release("outcomes_by_domain", APRIL, count)]
    assert the_point("outcome_domain_share", made, APRIL, outcome_domain="housing").value == Decimal("0.25")
"""


TABLES, QUESTIONS = "exchange/core/counting/tables.py", "tools/derive/purposes.py"
METRICS, METRIC_TESTS = "exchange/core/metrics/rates.py", "tests/unit/metrics/test_metrics_points.py"
SHARES = "exchange/core/picture/wording/rate_wording.py"
METRIC_WORDS = """"outcome_domain_share": PerHundred(
        "Assessments {outcome_domain}", "assessments of a known area of life", "were made {outcome_domain}"
    ),"""
METRIC = Addition(
    "A metric, of tables that are released",
    {
        METRICS: append(METRICS, "RATES", METRIC_ROW),
        SHARES: first_in(SHARES, "_SHARES", METRIC_WORDS),
        METRIC_TESTS: lambda tree: tree.append(METRIC_TESTS, METRIC_TEST),
        "CHANGELOG.md": changelog("Metric `outcome_domain_share`."),
    },
    {"docs/METRICS.md": "outcome_domain_share"},
)


RESTRICTED_ROW = '    _table("services_by_unit_band", e.ServiceProvided, "unit_band"),'
RESTRICTED_TABLE = Addition(
    "A restricted table",
    {
        TABLES: append(TABLES, "CLIENT_TABLES", RESTRICTED_ROW),
        QUESTIONS: first_in(QUESTIONS, "BESIDE", '"services_by_unit_band": "how much of a service people get",'),
        "CHANGELOG.md": one_more_table,
    },
    {"docs/TABLES.md": "| `services_by_unit_band` |"},
)


def take_from_the_reserve(part: int) -> Edit:
    budget = "exchange/core/release/budget.py"

    def edit(tree: TreeCopy) -> None:
        first_in(budget, "PARTS", f'"cases_by_decision_maker": {part},')(tree)
        reserve = re.search(r"^RESERVE: Final = ([\d_]+)$", tree.read(budget), re.MULTILINE)
        assert reserve
        tree.edit(budget, reserve[0], f"RESERVE: Final = {int(reserve[1]) - part}")

    return edit


THINGS, WORDS = "exchange/core/picture/wording/metric_wording.py", "exchange/core/picture/wording/phrases.py"


def name_what_is_counted(tree: TreeCopy) -> None:
    row = '"cases_by_decision_maker": "clients {decision_maker} of their facts",'
    first_in(THINGS, "_COUNTS", row)(tree)
    first_in(WORDS, "PHRASES", '"decision_maker": _with("decision maker"),')(tree)


# Its caps exist already: the facts of a case are under one rule.
RELEASED_ROW = '    _table("cases_by_decision_maker", e.TraffickingFacts, "decision_maker", Q),'
RELEASED_TABLE = Addition(
    "A released table, about clients",
    {
        TABLES: append(TABLES, "CLIENT_TABLES", RELEASED_ROW),
        "exchange/core/release/budget.py": take_from_the_reserve(40),
        THINGS: name_what_is_counted,
        QUESTIONS: first_in(QUESTIONS, "BESIDE", '"cases_by_decision_maker": "who decides what the facts are",'),
        "CHANGELOG.md": one_more_table,
    },
    {"docs/METRICS.md": "cases_by_decision_maker", "schemas/public_sizes.json": "cases_by_decision_maker"},
)


SOURCE = """\"\"\"Lines of `key;period;client`: cases opened, and nothing else about them.\"\"\"

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from exchange.core.errors import PeriodInvalid
from exchange.core.model import vocabulary as v
from exchange.core.model.events import CaseOpened
from exchange.core.model.period import parse_period
from producers.facts import Fact, Reading, RowRefused, Where
from producers.profile import Profile

UNKNOWN = CaseOpened(
    v.Gender.not_known, v.AgeBand.not_known, v.ForeignNational.not_known, v.ReferralSource.not_known
)


class CaseLines:
    \"\"\"A file of cases.\"\"\"

    def __init__(self, path: Path, state: v.UsState) -> None:
        self._path, self._state = path, state

    @classmethod
    def for_profile(cls, path: Path, profile: Profile) -> Self:
        \"\"\"The file, in the profile's state.\"\"\"
        return cls(path, profile.state)

    @property
    def stays_here(self) -> Mapping[str, int]:
        \"\"\"No column is skipped.\"\"\"
        return {}

    def rows(self) -> int | None:
        \"\"\"Not known before reading.\"\"\"
        return None

    def read(self) -> Iterator[Reading]:
        \"\"\"One case a line.\"\"\"
        for number, line in enumerate(self._path.read_text(encoding="utf-8").splitlines(), start=1):
            where = Where(self._path.name, number)
            key, period, client = line.split(";")
            try:
                yield Fact(key, parse_period(period), self._state, UNKNOWN, client, where)
            except PeriodInvalid:
                yield RowRefused(where, "period", "a quarter as 2026Q1")
"""
SOURCE_TEST = """from pathlib import Path

from exchange.core.model.period import parse_period
from producers.facts import Fact, RowRefused
from producers.sources import open_source
from tests.unit.sources.test_open_source import profile


def test_a_line_is_a_case_and_a_wrong_period_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.cases").write_text("1;2026Q1;ann\\n2;spring;bea\\n")
    one, other = open_source(tmp_path / "a.cases", profile(tmp_path)).read()
    assert isinstance(one, Fact)
    assert (one.key, one.period, one.client) == ("1", parse_period("2026Q1"), "ann")
    assert isinstance(other, RowRefused)
"""


def a_row_of_formats(tree: TreeCopy) -> None:
    file = "producers/sources/__init__.py"
    row = '    SourceFormat("case lines", (".cases",), False, CaseLines.for_profile),'
    tree.write(file, appended("FORMATS", row)(tree.read(file)))
    tree.before(file, "from producers.sources.hmis import", "from producers.sources.case_lines import CaseLines\n")


NEW_SOURCE = Addition(
    "A source, which reads one format of an agency's records",
    {
        "producers/sources": lambda tree: tree.write("producers/sources/case_lines.py", SOURCE),
        "producers/sources/__init__.py": a_row_of_formats,
        "docs/PUBLISHING.md": lambda tree: tree.append("docs/PUBLISHING.md", "\nSo are case lines, one a case.\n"),
        "tests/unit/sources": lambda tree: tree.write(f"tests/unit/sources/{NEW_TEST}", SOURCE_TEST),
        "CHANGELOG.md": changelog("Case lines as a source."),
    },
)


COMMAND = """\"\"\"`exchange caveat`: how published figures may be read.\"\"\"

import typer

from exchange.cli.shared.help import ending

app = typer.Typer()


@app.command(epilog=ending(needs="nothing.", example="exchange caveat"))
def caveat() -> None:
    \"\"\"Print how published figures may be read.\"\"\"
    from exchange.core.metrics.table import CAVEAT

    typer.echo(CAVEAT)
"""
COMMAND_TEST = """from typer.testing import CliRunner

from exchange.cli import app
from exchange.core.metrics.table import CAVEAT


def test_the_caveat_is_printed() -> None:
    ran = CliRunner().invoke(app, ["caveat"])
    assert (ran.exit_code, ran.stdout) == (0, f"{CAVEAT}\\n")
"""


def a_row_of_commands(tree: TreeCopy) -> None:
    file = "exchange/cli/__init__.py"
    (row,) = re.findall(r'^    "An evaluator": \(.*\),\n', tree.read(file), re.MULTILINE)
    tree.edit(file, row, row.replace("),", ", caveat),"))
    tree.edit(file, "from exchange.cli.evaluator import ", "from exchange.cli.evaluator import caveat, ")


SHOWN = "\nHow to read them: `exchange caveat`.\n"
NEW_COMMAND = Addition(
    "A command",
    {
        "exchange/cli/evaluator": lambda tree: tree.write("exchange/cli/evaluator/caveat.py", COMMAND),
        "exchange/cli/__init__.py": a_row_of_commands,
        "docs/SUBSCRIBING.md": lambda tree: tree.append("docs/SUBSCRIBING.md", SHOWN),
        "tests/unit/cli": lambda tree: tree.write(f"tests/unit/cli/{NEW_TEST}", COMMAND_TEST),
        "CHANGELOG.md": changelog("`exchange caveat`."),
    },
    {"docs/COMMANDS.md": "exchange caveat"},
)

ADDITIONS = (METRIC, RESTRICTED_TABLE, RELEASED_TABLE, NEW_SOURCE, NEW_COMMAND)


@pytest.mark.parametrize("addition", ADDITIONS, ids=lambda addition: addition.title)
def test_a_list_names_the_files_to_edit_in_order_and_what_to_run(addition: Addition) -> None:
    addition.agrees_with_the_page()


@pytest.mark.slow
def test_a_metric_a_table_a_source_and_a_command_are_added_by_the_page(tree: TreeCopy) -> None:
    assert not any(text in tree.read(file) for one in ADDITIONS for file, text in one.derived.items())
    follow(tree, ADDITIONS)
    assert "services_by_unit_band" not in tree.read("docs/METRICS.md"), "a restricted table is no metric"
