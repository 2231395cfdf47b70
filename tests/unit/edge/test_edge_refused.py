"""A refusal is shown until it is settled: in every run, in the exit status, in `edge status`."""

import json
import re
from pathlib import Path

import pytest

from exchange.core.model.tally_tables import TallyTable
from exchange.core.model.vocabulary import LegalClass
from tests.kits.edge_kit.desk import Desk, need
from tests.kits.edge_kit.exchange import Exchange, registered

TALLIES = len(TallyTable)
"""All of them are in releases, and so need the consent."""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


@pytest.fixture
def totals(desk: Desk) -> Desk:
    """An agency that shares totals, registered without the small-counts consent in its profile."""
    profile = desk.folder / "agency.toml"
    text = profile.read_text(encoding="utf-8").replace('"individual"', '"tally_only"\nsmall_counts = true')
    profile.write_text(text, encoding="utf-8")
    (desk.folder / "harbor.vault").unlink()
    key = json.loads(desk.run("edge", "init", "--json").stdout)
    keys = (key["key_number"], bytes.fromhex(key["public_key"]))
    desk.exchange = Exchange(registered("harbor-light", LegalClass.tally_only, keys))
    desk.write(need("1", client="c-1"), need("2", client="c-2"))
    return desk


def settle(desk: Desk) -> None:
    """The operator registers the consent: the exchange's own state remains."""
    old = desk.exchange.state.registration
    keys = dict(old.keys)
    new = registered("harbor-light", LegalClass.tally_only, next(iter(keys.items())), small_counts=True)
    desk.exchange.state.registration = new


def test_refused_tallies_stay_red_in_every_run_until_they_are_retried(totals: Desk) -> None:
    first = totals.run("publish", "facts.jsonl", "--scheduled", ends=3).stdout
    assert "counsel has not agreed" in first
    assert "exchange edge retry --profile" in first
    again = totals.run("publish", "facts.jsonl", "--scheduled", ends=3).stdout
    assert re.search(f"tallies that the exchange refused earlier +│ +{TALLIES}", again)
    assert "exchange edge retry --profile" in again


def test_a_dry_run_shows_the_counts_of_a_tally_by_their_codes(totals: Desk) -> None:
    plain = json.loads(totals.run("publish", "facts.jsonl", "--scheduled", "--dry-run", "--json").stdout)
    counts = {said["fields"]["table"]: said["fields"]["counts"] for said in plain["leaving"]}
    assert {code: n for code, n in counts["needs_by_service"].items() if n} == {"food": 2}
    assert len(counts["needs_by_service"]) > 20
    shown = totals.run("publish", "facts.jsonl", "--scheduled", "--dry-run").stdout
    zeros = len(counts["needs_by_service"]) - 1
    assert f"table=needs_by_service food=2 and {zeros} zeros" in shown


def test_a_retry_that_is_refused_again_ends_with_3_and_the_status_counts_what_remains(totals: Desk) -> None:
    totals.run("publish", "facts.jsonl", "--scheduled", ends=3)
    for _ in range(2):
        said = totals.run("edge", "retry").stdout
        assert "0 events sent again; 0 refused again" in said
        assert f"{TALLIES} totals of quarters that are not closed" in said
        assert "exchange publish --closes" in said
        assert json.loads(totals.run("edge", "status", "--json").stdout)["refused_by_the_exchange"] == {}
        said = totals.run("publish", "facts.jsonl", "--scheduled", ends=3).stdout
        assert "exchange edge retry --profile" in said
        assert json.loads(totals.run("edge", "status", "--json").stdout)["refused_by_the_exchange"] == {
            "small_count": TALLIES
        }
    settle(totals)
    totals.run("edge", "retry")
    totals.run("publish", "facts.jsonl", "--scheduled")
    assert json.loads(totals.run("edge", "status", "--json").stdout)["refused_by_the_exchange"] == {}
