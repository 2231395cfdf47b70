"""A path is read by the source of its format, with the settings of the profile."""

import re
from pathlib import Path

import pytest

from producers.errors import ProfileInvalid, SourceUnreadable
from producers.profile import Profile
from producers.sources import FORMATS, open_source
from producers.sources.hmis import HmisExport
from producers.sources.jsonl import JsonLines
from producers.sources.sheets import Spreadsheet

PUBLISHING = (Path(__file__).parents[3] / "docs" / "PUBLISHING.md").read_text(encoding="utf-8")


def profile(folder: Path, **more: object) -> Profile:
    keys = {"agency": "harbor-light", "state": "ca", "legal_class": "individual", "vault": folder / "v.vault"}
    return Profile.model_validate({**keys, "hmis": {"all_projects_trafficking": True}, **more})


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("a.zip", HmisExport),
        ("A.ZIP", HmisExport),
        ("a.jsonl", JsonLines),
        ("a.NDJSON", JsonLines),
        ("a.csv", Spreadsheet),
        ("a.XLSM", Spreadsheet),
    ],
)
def test_the_suffix_chooses_the_source_in_small_or_capital_letters(tmp_path: Path, name: str, source: type) -> None:
    assert isinstance(open_source(tmp_path / name, profile(tmp_path)), source)


def test_a_folder_is_an_hmis_export_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "export.jsonl").mkdir()
    assert isinstance(open_source(tmp_path / "export.jsonl", profile(tmp_path)), HmisExport)


def test_an_unknown_format_is_refused_with_the_formats_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable) as raised:
        open_source(tmp_path / "clients.docx", profile(tmp_path))
    for known in FORMATS:
        assert all(suffix in str(raised.value) for suffix in known.suffixes)


def test_a_profile_without_the_settings_of_the_format_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    without = profile(tmp_path, hmis={})
    with pytest.raises(ProfileInvalid):
        open_source(tmp_path / "a.zip", without)
    assert isinstance(open_source(tmp_path / "a.jsonl", without), JsonLines)


def test_no_two_formats_have_a_suffix_in_common_and_each_is_in_the_docs() -> None:
    suffixes = [suffix for known in FORMATS for suffix in known.suffixes]
    assert len(set(suffixes)) == len(suffixes)
    assert sum(known.folder for known in FORMATS) == 1
    for known in FORMATS:
        words = re.sub("^an? ", "", known.name)
        named = re.search(rf"\b{words}\b", PUBLISHING, re.IGNORECASE)
        assert named is not None, f"docs/PUBLISHING.md does not name the format: {words}"
