"""Publishing's messages on a file: nothing is skipped silently, and no rule lists everything."""

import json
import re
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
import typer
from rich.console import Console

from exchange.cli.agency.publish_progress import progress_of
from exchange.cli.shared.interrupts import stopped_by_interrupt
from exchange.core.admission.gate import Status
from producers.edge_phrases import NOTHING_WITHDRAWN
from producers.errors import Blocked, ExchangeAway, SourceUnreadable
from producers.sources.hmis import HmisExport
from producers.sources.hmis.reading.files import bundle
from tests.kits.edge_kit.desk import Desk, need
from tests.kits.hmis_exports import sample, settings


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


def test_a_withdrawal_that_names_nothing_is_reported(desk: Desk) -> None:
    desk.write(need("case-17/1"), {"withdraw": "case-17/"}, {"withdraw": "case-18/"})
    plain = json.loads(desk.run("publish", "facts.jsonl", "--json").stdout)
    assert (plain["published"], plain["retracted"]) == (1, 1)
    assert plain["ignored_why"] == {NOTHING_WITHDRAWN: 1}
    assert NOTHING_WITHDRAWN in desk.run("publish", "facts.jsonl").stdout


def test_an_archive_that_was_cut_off_is_called_incomplete(tmp_path: Path) -> None:
    whole = sample().zip(tmp_path).read_bytes()
    cut, other = tmp_path / "cut.zip", tmp_path / "other.zip"
    cut.write_bytes(whole[: len(whole) // 2])
    other.write_bytes(b"not at all")
    for path, said in (
        (cut, "incomplete zip archive: its end is missing"),
        (other, "neither a folder nor a zip archive"),
    ):
        with pytest.raises(SourceUnreadable, match=said), bundle(path):
            pass


def test_an_unknown_body_is_met_by_where_they_stand_and_not_by_all_of_them(desk: Desk) -> None:
    desk.write({**need("1"), "body": "nonsense"})
    said = desk.run("publish", "facts.jsonl", ends=3).stdout
    assert re.search("a body of docs/BODIES.md in snake case", said)
    assert "barrier_reported" not in said


def rows_of(said: str) -> dict[str, int]:
    """The closing table's rows."""
    return {name.strip(): int(count) for name, count in re.findall(r"│ (.+?) +│ +([0-9]+) │", said)}


def test_facts_and_events_are_counted_apart_and_the_heartbeat_is_named(desk: Desk) -> None:
    desk.write(need("1"), need("2"))
    first = rows_of(desk.run("publish", "facts.jsonl").stdout)
    assert (first["new facts"], first["events accepted by the exchange"]) == (2, 3)
    again = rows_of(desk.run("publish", "facts.jsonl").stdout)
    assert (again["new facts"], again["facts already known"]) == (0, 2)
    assert again["events accepted by the exchange"] == again["of these, heartbeats, which end a run"] == 1


def test_a_run_that_sends_what_an_earlier_one_left_reports_it(desk: Desk) -> None:
    desk.write(need("1"), need("2"))
    desk.exchange.away = 99
    desk.impatient()
    said = desk.run("publish", "facts.jsonl", ends=1)
    assert isinstance(said.exception, ExchangeAway)
    assert "The exchange at 127.0.0.1:1 cannot be reached; 2 events are kept" in str(said.exception)
    assert "bootstrap_servers under [kafka] in the profile" in str(said.exception)
    desk.exchange.away = 0
    after = rows_of(desk.run("publish", "facts.jsonl").stdout)
    assert (after["new facts"], after["events left over from earlier runs"]) == (0, 2)


def test_what_is_kept_while_the_exchange_is_away_does_not_count_what_it_has_accepted(desk: Desk) -> None:
    desk.write(*(need(f"{n}") for n in range(5)))
    desk.run("publish", "facts.jsonl")
    desk.write(*(need(f"{n}") for n in range(6)))
    desk.exchange.away = 99
    desk.impatient()
    result = desk.run("publish", "facts.jsonl", ends=1)
    assert "; 1 event is kept in the vault" in str(result.exception)
    assert "; 1 event is kept in the vault" in result.stderr


def test_after_a_suspension_the_status_counts_what_is_kept(desk: Desk) -> None:
    desk.write(need("1"))
    registration = desk.exchange.state.registration
    desk.exchange.state.registration = replace(registration, status=Status.SUSPENDED)
    desk.impatient()
    result = desk.run("publish", "facts.jsonl", ends=1)
    assert isinstance(result.exception, Blocked)
    assert rows_of(result.stdout)["events kept in the vault, not accepted yet"] == 1
    assert json.loads(desk.run("edge", "status", "--json").stdout)["events_waiting"] == 1


def test_after_a_lost_vault_what_nobody_claims_is_pointed_out_and_nothing_read_back_counts_as_sent(desk: Desk) -> None:
    backup = (desk.folder / "harbor.vault").read_bytes()
    desk.write(need("1"), need("2", "housing"))
    desk.run("publish", "facts.jsonl")
    (desk.folder / "harbor.vault").write_bytes(backup)
    desk.write(need("1"))
    said = desk.run("publish", "facts.jsonl").stdout
    rows = rows_of(said)
    assert rows["events read back that were accepted earlier"] == 3
    assert rows["events accepted earlier that match a fact of this vault"] == 1
    sent = rows["events accepted by the exchange"]
    assert sent == rows["of these, heartbeats, which end a run"] == 2
    assert "1 accepted event without a matching record in this vault" in said
    assert "`exchange edge restore --retract-unclaimed` withdraws" in said
    desk.write(need("1"), need("2", "housing"))
    assert "accepted event without" not in desk.run("publish", "facts.jsonl").stdout


def test_bars_never_pass_their_end_and_reach_it() -> None:
    with progress_of(Console(file=StringIO(), force_terminal=True)) as shown:
        (bar,) = (shown.reading(0, 5), shown.bars.tasks)[1]
        shown.reading(9)
        assert (bar.completed, bar.total) == (5, 5)
        shown.reading(3)
        shown.read()
        assert (bar.completed, bar.total) == (5, 5)


def test_what_is_printed_at_ctrl_c_is_on_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    ended: list[bool] = []
    with (
        pytest.raises(typer.Exit),
        stopped_by_interrupt("stopped", before=lambda: ended.append(not capsys.readouterr().err)),
    ):
        raise KeyboardInterrupt
    assert ended == [True]
    assert capsys.readouterr().err == "stopped\n"


def test_a_tally_only_agency_sees_which_facts_are_kept_here(desk: Desk) -> None:
    text = (desk.folder / "agency.toml").read_text(encoding="utf-8").replace('"individual"', '"tally_only"')
    (desk.folder / "agency.toml").write_text(text, encoding="utf-8")
    (desk.folder / "harbor.vault").unlink()
    desk.run("edge", "init")
    desk.write(need("1"), need("2"))
    assert (
        rows_of(desk.run("publish", "facts.jsonl", "--dry-run").stdout)[
            "facts kept here for the tallies (of all these)"
        ]
        == 2
    )


def test_what_is_recorded_about_a_file_as_a_whole_is_no_row(desk: Desk) -> None:
    folder = sample().folder(desk.folder)
    (folder / "Services.csv").unlink()
    with (desk.folder / "agency.toml").open("a", encoding="utf-8") as profile:
        profile.write("[hmis]\nall_projects_trafficking = true\n")
    plain = json.loads(desk.run("publish", folder.name, "--dry-run", "--json", "--today", "2027-06-30").stdout)
    assert "the export lacks this file" in plain["ignored_why"]
    assert plain["rows"] == HmisExport(folder, settings()).rows()
