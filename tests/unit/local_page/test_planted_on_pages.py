"""No planted identifier is on a page, in the inbox, in the vault's file, or left on the disk."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.kits.own_page import OwnPage
from tests.kits.planted_kit.finder import Finder
from tests.kits.planted_kit.identifiers import Planter
from tests.kits.planted_kit.plantings import PLANTINGS

CLIENTS, FILES = 3, 2
WORK: Mapping[str, dict[str, str]] = {
    "look": {},
    "check": {},
    "preview": {},
    "publish": {},
    "reports": {"kind": "needs", "period": "2025"},
}


@pytest.fixture
async def practice(page: OwnPage) -> OwnPage:
    """Pages of a practice agency that publishes every project, and sheets."""
    await page.post("practice", path=str(page.folder / "practice"))
    profile = page.folder / "practice" / "agency.toml"
    before, _, _ = profile.read_text(encoding="utf-8").partition("[hmis]")
    settings = '[hmis]\nall_projects_trafficking = true\n\n[sheets]\nblank_consent = "publish"\n'
    profile.write_text(before + settings, encoding="utf-8")
    await page.post("profile", path=str(profile))
    return page


async def choose(page: OwnPage, path: Path, name: str) -> None:
    content = content_of(path)
    if content:
        await page.put(quote(f"{name}{path.suffix}"), content)
    else:
        await page.post("file", path=str(path))
    assert page.pages.file is not None


def content_of(path: Path) -> bytes:
    return b"" if path.is_dir() else path.read_bytes()


async def test_no_planted_identifier_is_found(
    practice: OwnPage,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(0)
    planter, shown, number = Planter(5), list[str](), 0
    for planting in PLANTINGS:
        for _, write in islice(planting.files(planter, CLIENTS), FILES):
            number += 1
            folder = practice.folder / f"given-{number}"
            folder.mkdir()
            await choose(practice, write(folder), planter.some("name"))
            for work, fields in WORK.items():
                shown.append(await practice.result(work, **fields))
                while practice.pages.job.progress.asked:
                    shown.append((await practice.get(work)).text)
                    await practice.post("answer", answer="yes")
                    shown.append(await practice.settled(work))
            client = planter.some("case number")
            shown.append(await practice.result("holds", client=client, again=client))
    await practice.post("forget")
    assert practice.kept() == []
    finder, out = Finder(planter.planted), capfd.readouterr()
    places = {
        "pages": "\n".join(shown).encode(),
        "log": caplog.text.encode(),
        "terminal": (out.out + out.err).encode(),
        **{str(path): path.read_bytes() for path in practice.folder.rglob("practice/**/*") if path.is_file()},
    }
    found = {place: finder.found(content) for place, content in places.items() if len(content) > len("12345678")}
    assert {place: ones for place, ones in found.items() if ones} == {}
    assert any(place.endswith("inbox") and len(places[place]) > 1_000 for place in found), [*found]
    assert len(planter.planted) > 300
    assert "What leaves, by code" in places["pages"].decode()


async def test_what_is_planted_is_found_when_a_page_shows_it(page: OwnPage) -> None:
    planter = Planter(6)
    name = planter.some("name")
    await page.post("file", path=str(page.folder))
    text = (await page.get("file")).text
    assert Finder(planter.planted).found(text.replace("Chosen", name).encode())
