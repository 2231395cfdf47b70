"""What publishing says of a file: nothing in it is passed over in silence, and no rule is a list of everything."""

import json
import re
from pathlib import Path

import pytest

from producers.edge import NOTHING_WITHDRAWN
from producers.errors import SourceUnreadable
from producers.sources.hmis.files import bundle
from tests.edge_kit.desk import Desk, need
from tests.hmis_exports import sample


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


def test_a_withdrawal_that_names_nothing_is_said(desk: Desk) -> None:
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
