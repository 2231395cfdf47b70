"""The folder or archive of an export: no bounds exceeded, nothing guessed, no link followed."""

import zipfile

import pytest

from producers.errors import SourceChanged, SourceUnreadable
from producers.sources.hmis import HmisExport
from producers.sources.hmis.reading import files, inner_archives
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


# Archives inside of archives


def packed(folder, *inside):
    """A zip archive that holds these, each under its name and in a folder."""
    path = folder / "outer.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in inside:
            archive.writestr(f"some folder/{name}", content)
    return path


def test_an_archive_in_an_archive_is_read(tmp_path):
    inner = sample().zip(tmp_path)
    expected = list(HmisExport(inner, settings()).read())
    assert list(HmisExport(packed(tmp_path, ("a.ZIP", inner.read_bytes())), settings()).read()) == expected
    twice = packed(tmp_path, ("a.zip", packed(tmp_path, ("b.zip", inner.read_bytes())).read_bytes()), ("._a.zip", b"?"))
    assert list(HmisExport(twice, settings()).read()) == expected


def test_files_of_the_export_go_before_archives_beside_them(tmp_path):
    path = sample().zip(tmp_path)
    expected = list(HmisExport(path, settings()).read())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("older.zip", b"?")
    assert list(HmisExport(path, settings()).read()) == expected


@pytest.mark.parametrize(
    ("inside", "why"),
    [
        ([("a.zip", b"Zyxwvut")], "damaged"),
        ([("a.zip", b""), ("b.zip", b"")], "Several archives"),
        ([("Zyxwvut.csv", b"")], "None of the files"),
    ],
)
def test_what_is_inside_of_an_archive_and_no_export_is_refused(tmp_path, inside, why):
    with pytest.raises(SourceUnreadable, match=why) as error:
        list(HmisExport(packed(tmp_path, *inside), settings()).read())
    assert "Zyxwvut" not in str(error.value)


def test_a_bomb_inside_of_an_archive_is_not_unfolded(tmp_path, monkeypatch):
    monkeypatch.setattr(inner_archives, "INNER_OCTETS_MAX", 1_000)
    bomb = packed(tmp_path, ("Client.csv", b"0" * 2_000))
    with pytest.raises(SourceUnreadable, match="very large"):
        list(HmisExport(packed(tmp_path, ("a.zip", bomb.read_bytes())), settings()).read())


# Files that change


@pytest.mark.parametrize("whole", [True, False])
def test_an_export_that_changes_while_it_is_read_is_refused(tmp_path, whole):
    path = sample().zip(tmp_path) if whole else sample().folder(tmp_path)
    readings = HmisExport(path, settings()).read()
    next(readings)
    file = path if whole else path / "Exit.csv"
    file.write_bytes(file.read_bytes() + b"\n")
    with pytest.raises(SourceChanged, match="changed while it was read"):
        list(readings)


def test_an_export_that_is_cut_while_it_is_read_is_called_changed_and_not_damaged(tmp_path):
    path = sample().zip(tmp_path)
    readings = HmisExport(path, settings()).read()
    next(readings)
    with path.open("r+b") as file:
        file.truncate(200)
    with pytest.raises(SourceChanged):
        list(readings)
