"""The folder or archive of an export: no bounds exceeded, nothing guessed, no link followed."""

import zipfile

import pytest

from producers.errors import SourceUnreadable
from producers.sources.hmis import HmisExport
from producers.sources.hmis.reading import files
from tests.kits.hmis_exports import ignored, sample, settings


def test_what_is_no_export_is_refused_without_its_content(tmp_path):
    text, other = tmp_path / "notes.txt", tmp_path / "other.zip"
    text.write_text("Zyxwvut")
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("Zyxwvut.csv", "Zyxwvut")
    for path in (text, other, tmp_path / "nowhere", tmp_path):
        with pytest.raises(SourceUnreadable) as error:
            list(HmisExport(path, settings()).read())
        assert "Zyxwvut" not in str(error.value)


def test_two_files_of_one_name_are_never_chosen_between(tmp_path):
    path = sample().zip(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("older/exit.csv", b"")
    with pytest.raises(SourceUnreadable, match=r"Exit\.csv is there twice"):
        list(HmisExport(path, settings()).read())


def test_an_archive_that_unfolds_beyond_bounds_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "FILE_OCTETS_MAX", 10_000)
    path = sample().zip(tmp_path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Exit.csv", b"0" * 1_000_000)
    assert path.stat().st_size < 10_000
    with pytest.raises(SourceUnreadable, match="larger than an export can be"):
        list(HmisExport(path, settings()).read())


def test_an_archive_cannot_unfold_to_more_than_it_declares(tmp_path):
    path = tmp_path / "lie.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Exit.csv", b"0" * 1_000_000)
    content = path.read_bytes().replace((1_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    path.write_bytes(content)
    with pytest.raises(SourceUnreadable, match="damaged"):
        list(HmisExport(path, settings()).read())


def test_a_damaged_or_encrypted_archive_is_named_as_such(tmp_path):
    path = sample().zip(tmp_path)
    whole = bytearray(path.read_bytes())
    encrypted = bytearray(whole)
    at = -1
    while (at := encrypted.find(b"PK\x01\x02", at + 1)) >= 0:
        encrypted[at + 8] |= 1
    whole[60] ^= 0xFF
    for content in (whole, encrypted, whole[:400]):
        path.write_bytes(content)
        with pytest.raises(SourceUnreadable):
            list(HmisExport(path, settings()).read())


def test_a_link_in_the_folder_is_not_followed(tmp_path):
    folder = sample().folder(tmp_path)
    outside = tmp_path / "outside.csv"
    (folder / "Exit.csv").rename(outside)
    (folder / "Exit.csv").symlink_to(outside)
    assert ignored(list(HmisExport(folder, settings()).read()), "Exit.csv") == ["the export lacks this file"]
