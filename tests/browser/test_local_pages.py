"""An agency's pages in a real Chromium: no request, no script, nobody is kept out."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from exchange.cli.agency.checking.check_page import check_page
from exchange.cli.agency.pages.one_file import write_page
from producers.checks.columns.burden import burden_of
from producers.checks.file_check import check_file, profile_without_one
from tests.browser.conftest import Watched
from tests.browser.test_page import MODES, SHOTS
from tests.kits.edge_kit.desk import Desk
from tests.kits.export_damage import town
from tests.kits.hmis_exports import Written

HMIS = "\n[hmis]\nall_projects_trafficking = true\n"
PAGES = ("preview.html", "check.html")


def spoiled() -> Written:
    written = town()
    written.change("Services.csv", 0, TypeProvided="999")
    written.change("Exit.csv", 0, ExitDate="2026-01-01")
    return written


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Written before the browser starts: its loop runs in this thread from then on."""
    folder = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        desk = Desk(folder, patch)
        profile = folder / "agency.toml"
        profile.write_text(profile.read_text(encoding="utf-8") + HMIS, encoding="utf-8")
        export = spoiled().folder(folder)
        desk.run("edge", "preview", "export", "--html", "preview.html", "--today", "2026-11-29", ends=3)
    result = check_file(export, profile_without_one(export), date(2026, 11, 29))
    write_page(folder / "check.html", check_page(result, burden_of(export)))
    return folder


@pytest.mark.parametrize("mode", MODES)
def test_axe_finds_nothing_that_keeps_people_out(pages: Path, browser: Browser, mode: str) -> None:
    modes: dict[str, Any] = MODES[mode]
    context = browser.new_context(**modes)
    for name in PAGES:
        watched = Watched(context.new_page())
        address = (pages / name).as_uri()
        watched.page.goto(address)
        assert watched.page.locator("h1").count() == 1
        assert watched.asked == [address]
        found = Axe().run(watched.page)  # its script is the test's own: the page forbids every other
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
        SHOTS.mkdir(parents=True, exist_ok=True)
        watched.page.screenshot(path=SHOTS / f"{name}-{mode}.png".replace(" ", "-"), full_page=True)
    context.close()


def test_at_320_px_nothing_but_tables_scrolls_sideways(pages: Path, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    for name in PAGES:
        page.goto((pages / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
    context.close()


def test_a_page_prints_without_colours_and_whole(pages: Path, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    for name in PAGES:
        page.goto((pages / name).as_uri())
        page.emulate_media(media="print")
        colour = "getComputedStyle(document.body.parentElement).getPropertyValue('--paper').trim()"
        assert page.evaluate(colour) == "#ffffff"
        overflow = "[...document.querySelectorAll('.scroll')].map((one) => getComputedStyle(one).overflowX)"
        assert set(page.evaluate(overflow)) == {"visible"}
    context.close()
