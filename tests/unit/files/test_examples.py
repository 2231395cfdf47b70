"""The examples of docs/EXAMPLES.md run on an export, and print what the figures say."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from consumers.files.exported_tables import missing_values
from consumers.files.exporting import files_of
from consumers.files.published import published
from consumers.files.written_files import write
from exchange.core.metrics.figures import MetricPoint
from tests.kits.national_year import AFTER, TABLES, year_points, year_releases

DOC = Path(__file__).parents[3] / "docs" / "EXAMPLES.md"
BLOCKS = re.findall(r"## ([^\n]+)\n.*?```(\w+)\n(.*?)```", DOC.read_text(), flags=re.DOTALL)
PYTHON = {title: code for title, language, code in BLOCKS if language == "python"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("export") / "picture"
    write(files_of(published(year_points(*TABLES), year_releases(*TABLES), AFTER)), found)
    return found


def run(title: str, folder: Path) -> str:
    command = [sys.executable, "-c", PYTHON[title]]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def figures(metric: str, period: int) -> list[MetricPoint]:
    return [point for point in year_points(*TABLES) if (point.metric, point.period) == (metric, period)]


def test_pandas_prints_the_largest_share_with_its_interval(folder: Path) -> None:
    said = run("A figure with its interval, in pandas", folder)
    newest = max(point.period for point in year_points(*TABLES) if point.metric == "unmet_need_share")
    points = figures("unmet_need_share", newest)
    shown = [point for point in points if point.shown and point.value is not None]
    largest = max(shown, key=lambda point: point.value)
    assert f"{largest.value:.0%} went unmet" in said.splitlines()[0]
    assert f"{len(points) - len(shown)} of {len(points)} are not shown" in said


def test_duckdb_reads_every_metric_together(folder: Path) -> None:
    assert "not_usable" in run("All figures at once, in DuckDB", folder)


def test_noisy_counts_add_up(folder: Path) -> None:
    said = run("A sum of noisy counts, for statisticians", folder)
    made = [one for one in year_releases(*TABLES) if one.table == "state_cases"]
    total = sum(
        count
        for release in made
        for period in release.periods
        for place, count in zip(release.places, release.of(period), strict=True)
        if place in ("ca", "or", "wa")
    )
    assert said.startswith(f"{total} clients")


def test_r_is_told_every_word_that_stands_for_a_number() -> None:
    [code] = [code for _, language, code in BLOCKS if language == "r"]
    beside = [text for text, _ in missing_values() if text.startswith("no ")]
    assert all(f'"{text}"' in code for text in beside)
    assert "statuses.csv" in code


def test_every_example_is_run() -> None:
    source = Path(__file__).read_text()
    assert PYTHON
    assert all(title in source for title in PYTHON)
