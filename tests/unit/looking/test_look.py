"""`exchange edge look`: it concludes what publishing does, and needs and leaves nothing."""

import json
import time
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from exchange.cli import app
from exchange.core.model.vocabulary import LegalClass
from producers import Edge, Leaving, Profile, Report, Secret, make_vault, open_source
from producers.delivery.run_options import RunOptions
from producers.looking.looked_at import WouldLeave, look_at
from producers.sources.hmis.reading.layout import FILES
from producers.sources.hmis.reading.unread_columns import UNREAD
from tests.kits.edge_kit.desk import need
from tests.kits.hmis_exports import PLANTED, Written, sample

REAL = Path(__file__).parents[4] / "shared" / "real" / "hmis-demo.zip"
TODAY = date(2027, 2, 1)
SECRET = Secret(raw_key=bytes(32))
HEADER = "Hyacinth-Bucket"


def look(*words: str, ends: int = 0) -> Result:
    result = CliRunner(env={"COLUMNS": "100"}).invoke(app, ["edge", "look", *words])
    assert result.exit_code == ends, result.output
    return result


def named(written: Written, name: str = "Second Street") -> Written:
    return written.change("Project.csv", ProjectName=name)


def leaves(path: Path, legal_class: LegalClass) -> WouldLeave:
    (found,) = [one for one in look_at(path, TODAY).leaves if one.legal_class is legal_class]
    return found


def profile(folder: Path, legal_class: LegalClass, **keys: object) -> Profile:
    own = {"agency": "harbor-light", "state": "ca", "legal_class": legal_class, "vault": folder / "v"}
    return Profile.model_validate({**own, "hmis": {"all_projects_trafficking": True}, **keys})


async def published(path: Path, of: Profile) -> tuple[Report, list[Leaving]]:
    """A dry run of a new vault."""
    make_vault(of, SECRET)
    options = RunOptions(scheduled=True)
    async with Edge.open(of, secret=SECRET, today=TODAY, options=options, preview=True) as edge:
        await edge.read_all(open_source(path, of).read())
        return edge.report, edge.leaving()


@pytest.mark.parametrize("legal_class", [LegalClass.individual, LegalClass.year_only])
async def test_the_same_events_leave_as_in_a_dry_run(tmp_path: Path, legal_class: LegalClass) -> None:
    path = sample().zip(tmp_path)
    _, leaving = await published(path, profile(tmp_path, legal_class))
    counted: Counter[str] = Counter()
    for item in leaving:
        counted[type(item.event.body).__name__] += item.count
    assert leaves(path, legal_class).bodies == counted
    assert counted["CaseOpened"] == 1


async def test_the_same_totals_leave_as_in_a_dry_run(tmp_path: Path) -> None:
    path = sample().zip(tmp_path)
    report, _ = await published(path, profile(tmp_path, LegalClass.tally_only))
    found = leaves(path, LegalClass.tally_only)
    assert found.kept == report.kept > 0
    assert found.small == len(report.held_back) > 0
    assert found.totals - found.small == report.tallies.total() > 0


def test_the_same_rows_are_refused_as_in_a_dry_run_each_rule_once(tmp_path: Path) -> None:
    written = sample()
    for number in range(2, 5):
        written.add("Services.csv", EnrollmentID="E1", PersonalID="P1", ServicesID=f"S{number}", DateProvided="soon")
    refused = look_at(written.zip(tmp_path), TODAY).refusals
    assert [(one.file, one.column, one.rows, one.follows) for one in refused] == [
        ("Services.csv", "DateProvided", 3, False)
    ]


def test_nothing_of_a_client_is_shown(tmp_path: Path) -> None:
    written = named(sample()).change("Services.csv", DateProvided=PLANTED, TypeProvided=PLANTED)
    path = written.zip(tmp_path)
    for shown in (look(str(path)).output, look(str(path), "--json").output):
        assert PLANTED not in shown
        assert "Second Street" in shown


def test_a_column_that_hmis_does_not_have_is_counted_and_not_named(tmp_path: Path) -> None:
    written = named(sample())
    written.headers["Client.csv"].append(HEADER)
    path = written.zip(tmp_path)
    shown = look(str(path)).output
    assert HEADER not in shown
    assert HEADER not in look(str(path), "--json").output
    assert "Client.csv: 1" in shown


def test_no_column_stands_as_read_and_as_never_read() -> None:
    read = {column for file in FILES for column in file.columns}
    assert [name for names in UNREAD.values() for name in names if name in read] == []


def test_a_shelter_whose_flag_says_so_shares_only_totals(tmp_path: Path) -> None:
    path = named(sample()).change("Organization.csv", VictimServiceProvider="1").zip(tmp_path)
    assert "CaseOpened" not in leaves(path, LegalClass.individual).bodies
    assert leaves(path, LegalClass.tally_only).kept > 0
    assert "victim service provider" in " ".join(look(str(path)).output.split())


def test_it_needs_nothing_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXCHANGE_VAULT_PASSPHRASE", raising=False)
    path = sample().zip(tmp_path)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    look(str(path))
    assert [*Path().iterdir()] == []


def test_a_file_of_no_known_format_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "notes.docx").write_bytes(b"")
    assert "has no format" in str(look(str(tmp_path / "notes.docx"), ends=1).exception)


def test_json_lines_are_looked_at_too(tmp_path: Path) -> None:
    lines = [need("1"), need("2"), {**need("3"), "case_number": PLANTED}, "broken"]
    path = tmp_path / "facts.jsonl"
    path.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines), encoding="utf-8")
    plain = json.loads(look(str(path), "--json").stdout)
    assert plain["leaves"][0]["bodies"] == {"NeedIdentified": 3}
    assert plain["identifying"] == {"number of a record": 1}
    assert [one["rule"] for one in plain["refusals"]] == ["the line is not JSON"]
    assert PLANTED not in look(str(path)).output


def test_the_profile_names_the_projects_and_decides_nothing(tmp_path: Path) -> None:
    path, out = named(sample(), 'a "name"\nagency = "x"').zip(tmp_path), tmp_path / "agency.toml"
    look(str(path), "--profile-out", str(out))
    text = out.read_text(encoding="utf-8")
    with pytest.raises(Exception, match=r"agency is missing(?s:.)*legal_class is missing"):
        Profile.load(out)
    decided = text.replace('# agency = "harbor-light"', 'agency = "harbor-light"').replace(
        "# legal_class", "legal_class"
    )
    out.write_text(decided, encoding="utf-8")
    loaded = Profile.load(out)
    assert (loaded.hmis.projects, loaded.state, loaded.agency) == (("J1",), "ca", "harbor-light")
    assert not loaded.small_counts


def test_a_profile_is_never_overwritten(tmp_path: Path) -> None:
    path, out = sample().zip(tmp_path), tmp_path / "agency.toml"
    out.write_text("mine", encoding="utf-8")
    assert "it was not changed" in str(look(str(path), "--profile-out", str(out), ends=1).exception)
    assert out.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("width", [80, 100])
def test_no_line_is_wider_than_the_terminal(tmp_path: Path, width: int) -> None:
    path = named(sample()).zip(tmp_path)
    result = CliRunner(env={"COLUMNS": str(width)}).invoke(app, ["edge", "look", str(path)])
    assert [line for line in result.stdout.splitlines() if len(line) > width] == []


@pytest.mark.skipif(not REAL.exists(), reason="no real export beside the repository: none may be in it")
def test_the_real_export_takes_no_five_seconds() -> None:
    began = time.process_time()
    found = look_at(REAL, date(2026, 12, 1))
    assert time.process_time() - began < 5
    assert found.rows == 9_705
    assert not [one for one in found.overview.columns if one.others]
