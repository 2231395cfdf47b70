"""`exchange edge compare`: an agency's own part of published figures, on a terminal only."""

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from exchange.cli import app
from exchange.cli.agency.reports.compare import NOT_FOR_SHARING, CompareNeedsTerminal, _of_file, compared
from exchange.cli.evaluator.points import as_plain
from exchange.cli.shared.console import console
from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.period import parse_period
from exchange.testing import InMemoryExchange
from producers.facts import Fact
from producers.reports.own_figures import OWN_TABLES, own_figures
from tests.kits.at_a_terminal import at_a_terminal
from tests.kits.edge_kit.desk import Desk, need
from tests.kits.report_inputs import given, opened

FIRST = parse_period("2026Q1")


def facts() -> list[Fact]:
    found = []
    for client in range(30):
        for body in (opened(), e.NeedIdentified(v.Service.housing), given(v.Service.legal), given(v.Service.legal)):
            found.append(Fact(f"{client}/{len(found)}", FIRST, v.UsState.ca, body, str(client)))
    return found


async def test_an_agency_that_is_alone_and_without_noise_has_all_of_each_figure(tmp_path: Path) -> None:
    async with InMemoryExchange(today=date(2026, 4, 5)) as exchange:
        profile = exchange.profile("harbor-light")
        exchange.enrol(profile)
        async with exchange.edge(profile) as edge:
            for fact in facts():
                await edge.publish(fact)
        await exchange.close("2026-04")
        async with exchange.edge(profile) as edge:
            own = own_figures(edge.vault)
        points = [point for point in exchange.metrics if point.metric in OWN_TABLES and point.period]
        shown = [point for point in points if point.value and not point.withheld]
        assert {point.metric for point in shown} >= {"cases", "needs_by_service", "services_by_service"}
        for point in shown:
            assert own.of(point.metric, point.dimensions, point.period) == point.value, point
        assert own.of("services_by_service", (("service", "legal"),), FIRST) == 30
        assert own.of("unmet_need_share", (("service", "legal"),), FIRST) is None
        file = tmp_path / "points.jsonl"
        file.write_text("\n".join(json.dumps(as_plain(point)) for point in exchange.metrics), encoding="utf-8")
        screen = console()
        with screen.capture() as seen:
            for part in compared(own, _of_file(file), "ca", ""):
                screen.print(part)
        assert NOT_FOR_SHARING in " ".join(seen.get().split())
        assert "needs_by_service" in seen.get()
        assert "not usable" in seen.get() or "withheld" in seen.get() or "30" in seen.get()


def test_nothing_is_shown_but_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path, monkeypatch)
    desk.write(need("1"), need("2"))
    desk.run("publish", "facts.jsonl")
    (tmp_path / "points.jsonl").write_text("", encoding="utf-8")
    words = ("edge", "compare", "--metrics", "points.jsonl", "--profile", "agency.toml")
    piped = CliRunner().invoke(app, words)
    assert isinstance(piped.exception, CompareNeedsTerminal)
    shown, _, status = at_a_terminal(words, (), tmp_path)
    assert status == 0, shown
    assert "No published figure has a part of yours yet." in shown
    (tmp_path / "points.jsonl").write_text("no point", encoding="utf-8")
    shown, _, status = at_a_terminal(words, (), tmp_path)
    assert status == 2
    assert "exchange subscribe --once" in " ".join(shown.split())


def test_there_is_no_option_for_a_file() -> None:
    told = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["edge", "compare", "--help"]).stdout
    assert not any(option in told for option in ("--json", "--csv", "--html", "--output", "--xlsx"))
