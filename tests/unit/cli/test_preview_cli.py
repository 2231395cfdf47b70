"""`exchange edge preview`: the dry run by its own name, and the page for a privacy officer."""

import json
import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from exchange.cli import app
from exchange.cli.agency.pages.one_file import PageUnwritable, one_file_page, write_page
from exchange.core.model.vocabulary import Service
from tests.kits.edge_kit.desk import PLANTED, TODAY, Desk, need
from tests.kits.export_damage import town
from tests.kits.hmis_exports import PLANTED as PLANTED_IN_EXPORT

HMIS = "\n[hmis]\nall_projects_trafficking = true\n"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


def preview(desk: Desk, *words: str, file: str = "facts.jsonl", ends: int = 0):
    return desk.run("edge", "preview", file, "--today", TODAY, *words, ends=ends)


def compared(desk: Desk, file: str = "facts.jsonl", ends: int = 0) -> dict:
    return json.loads(preview(desk, "--json", file=file, ends=ends).stdout)["compared"]


def with_town(desk: Desk) -> str:
    profile = desk.folder / "agency.toml"
    profile.write_text(profile.read_text(encoding="utf-8") + HMIS, encoding="utf-8")
    town().folder(desk.folder)
    return "export"


def page_of(desk: Desk, file: str = "facts.jsonl", ends: int = 0) -> str:
    preview(desk, "--html", "page.html", file=file, ends=ends)
    return (desk.folder / "page.html").read_text(encoding="utf-8")


def test_a_preview_is_the_dry_run_of_publish_whatever_was_published_before(desk: Desk) -> None:
    for rows in ([need("1"), need("2")], [need("1", "housing"), need("3")], [need("4", PLANTED)]):
        desk.write(*rows)
        ends = 3 if PLANTED in str(rows) else 0
        dry = desk.run("publish", "facts.jsonl", "--dry-run", "--json", ends=ends).stdout
        assert preview(desk, "--json", ends=ends).stdout == dry
        desk.run("publish", "facts.jsonl", ends=ends)


def test_new_changed_withdrawn_and_same_are_counted_by_body_and_code(desk: Desk) -> None:
    desk.write(need("1"), need("2"), need("3"), need("4"))
    assert compared(desk)["facts"] == {"new": 4, "changed": 0, "withdrawn": 0, "same": 0}
    desk.run("publish", "facts.jsonl")
    desk.write(need("1"), need("2", "housing"), need("5", "legal"), {"withdraw": "4"})
    before = list(desk.exchange.inbox)
    found = compared(desk)
    assert found["facts"] == {"new": 1, "changed": 1, "withdrawn": 1, "same": 1}
    assert found["bodies"] == {"NeedIdentified": {"new": 1, "changed": 1, "withdrawn": 1, "same": 1}}
    assert {(one["code"], one["new"], one["changed"], one["withdrawn"], one["same"]) for one in found["codes"]} == {
        ("food", 0, 0, 1, 1),
        ("housing", 0, 1, 0, 0),
        ("legal", 1, 0, 0, 0),
    }
    assert desk.exchange.inbox == before
    said = preview(desk).stdout
    assert re.search(r"NeedIdentified +│ housing +│ +│ +1 │ +│ +│", said)


def test_what_was_published_is_the_same_and_publishing_again_adds_withdraws_and_changes_nothing(desk: Desk) -> None:
    town_file = with_town(desk)
    first = compared(desk, town_file)["facts"]
    assert first["new"] > 20
    assert (first["changed"], first["withdrawn"], first["same"]) == (0, 0, 0)
    desk.run("publish", town_file)
    sent = desk.sent()
    assert compared(desk, town_file)["facts"] == {"new": 0, "changed": 0, "withdrawn": 0, "same": first["new"]}
    again = json.loads(desk.run("publish", town_file, "--json").stdout)
    assert (again["published"], again["corrected"], again["retracted"]) == (0, 0, 0)
    assert again["known"] == first["new"]
    assert desk.sent() == sent


def test_facts_that_are_sent_again_for_the_caps_alone_count_as_the_same(desk: Desk) -> None:
    """Which events are within a cap may change with each new one about the client."""
    services = [str(one) for one in Service if str(one) not in {"immigration_relief", "substance_use"}][:8]

    def same_client(count: int) -> list[dict[str, object]]:
        return [need(str(n), service, client="one") for n, service in enumerate(services[:count])]

    for count in range(1, len(services) + 1):
        desk.write(*same_client(count))
        found = compared(desk)
        assert found["facts"] == {"new": 1, "changed": 0, "withdrawn": 0, "same": count - 1}
        if found["sent_again"]:
            break
        desk.run("publish", "facts.jsonl")
    assert found["sent_again"] >= 1
    assert "other events are within the caps now" in page_of(desk)


def test_the_page_shows_what_leaves_stays_is_refused_past_a_cap_and_on_hold(desk: Desk) -> None:
    file = with_town(desk)
    written = town().change("Services.csv", 0, TypeProvided="999")
    written.folder(desk.folder)
    desk.run("publish", file, ends=3)
    desk.run("edge", "hold", typed="P1\n")
    written.add("Event.csv", EventID="V9", EnrollmentID="E4", PersonalID="P4", EventDate="2026-05-09", Event="10")
    written.folder(desk.folder)
    page = page_of(desk, file, ends=3)
    assert "1 client is on hold" in page
    assert "In the second quarter of 2026, in Nevada: a client's need was identified: “Emergency shelter”." in (
        page.replace("&#39;", "'").replace("&#34;", '"')
    )
    assert "They could identify somebody: never read" in page
    assert "Client.SSN" in page
    assert "Client.DOB" in page
    assert "the code is not in this column" in page
    assert '<td>Services.csv</td><td>TypeProvided</td><td class="n">1</td><td>2</td>' in page
    assert "Events within and over each cap" in page
    assert PLANTED_IN_EXPORT not in page


def test_the_page_asks_nobody_runs_nothing_and_is_its_owners_alone(desk: Desk) -> None:
    desk.write(need("1"), need("2", PLANTED))
    page = page_of(desk, ends=3)
    assert "<script" not in page
    assert not re.search(r"(?:src|href|url)\s*[=(]", page)
    assert "@media print" in page
    assert PLANTED not in page
    assert "facts.jsonl" not in page
    if os.name == "posix":
        assert (desk.folder / "page.html").stat().st_mode & 0o777 == 0o600
    assert page_of(desk, ends=3) == page


def test_a_page_escapes_every_value() -> None:
    page = one_file_page("local_page.html", {"title": "<script>alert(1)</script>"})
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_page_never_takes_the_place_of_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("kept", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "there")
    with pytest.raises(PageUnwritable):
        write_page(tmp_path / "link", "page")
    with pytest.raises(PageUnwritable):
        write_page(tmp_path / "none" / "page.html", "page")
    assert (tmp_path / "there").read_text(encoding="utf-8") == "kept"


def test_a_page_that_cannot_be_written_is_named_after_the_result(desk: Desk) -> None:
    desk.write(need("1"))
    words = ["edge", "preview", "facts.jsonl", "--profile", "agency.toml", "--today", TODAY, "--html", "none/page.html"]
    result = CliRunner().invoke(app, words)
    assert isinstance(result.exception, PageUnwritable)
    assert "events that would leave" in result.stdout
    assert desk.sent() == 0
