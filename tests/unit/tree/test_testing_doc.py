"""The commands to copy from docs/TESTING.md and docs/SUBSCRIBING.md do what the pages say."""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import pytest

from exchange.engine.log import Log
from exchange.testing import InMemoryExchange
from producers import AgeBand, CaseOpened, Fact, ForeignNational, Gender, ReferralSource, UsState, parse_period

DOCS = Path(__file__).parents[3] / "docs"


def blocks(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def test_the_fixture_and_every_example_pass(tmp_path: Path) -> None:
    fixture, *examples = blocks("TESTING.md")
    (tmp_path / "conftest.py").write_text(fixture, encoding="utf-8")
    for number, example in enumerate(examples):
        (tmp_path / f"test_example_{number}.py").write_text(example, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto", str(tmp_path)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
    assert f"{len(examples)} passed" in ran.stdout


def case(client: int) -> Fact:
    body = CaseOpened(Gender.woman, AgeBand.age_18_20, ForeignNational.not_known, ReferralSource.hotline)
    return Fact(f"case-{client}", parse_period("2026Q1"), UsState.ca, body, str(client))


async def published() -> InMemoryExchange:
    async with InMemoryExchange(today=date(2026, 5, 5)) as exchange:
        profile = exchange.profile("harbor-light")
        exchange.enrol(profile)
        async with exchange.edge(profile) as edge:
            for client in range(20):
                await edge.publish(case(client))
        await exchange.close("2026-04")
    return exchange


def test_the_evaluators_programs_read_points_and_go_on_where_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    exchange = asyncio.run(published())

    @asynccontextmanager
    async def in_memory(_: object = None) -> AsyncIterator[Log]:
        yield exchange.log

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("consumers.metrics.subscribe.metrics_log", in_memory)
    monkeypatch.setattr("consumers.metrics_log", in_memory, raising=False)
    by_month, by_batch = blocks("SUBSCRIBING.md")
    exec(compile(by_month.replace('"unmet_need_share", division="pacific"', '"cases"'), "SUBSCRIBING.md", "exec"), {})
    shown = capsys.readouterr().out.splitlines()
    assert shown
    assert all(line.startswith("()") for line in shown)
    exec(compile(by_batch, "SUBSCRIBING.md", "exec"), {})
    assert len(capsys.readouterr().out.splitlines()) == len(shown)
    exec(compile(by_batch, "SUBSCRIBING.md", "exec"), {})
    assert capsys.readouterr().out == ""
