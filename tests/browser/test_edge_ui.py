"""`exchange edge ui`, the real process, in a real Chromium: from a file to what was sent."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from exchange.cli.agency.local_page.showing import SECTIONS
from tests.browser.conftest import Watched, chromium
from tests.browser.test_page import MODES, SHOTS
from tests.kits.edge_ui_process import EdgeUi, edge_ui
from tests.kits.planted_kit.finder import Finder
from tests.kits.planted_kit.identifiers import Planter
from tests.kits.sheet_files import write_csv

WORK = ("look", "check", "preview", "publish")
LONG_MS = 60_000
TABS_MAX = 80
FOCUSED = """(() => {
  const one = document.activeElement;
  return [(one.textContent || one.name || "").trim(), getComputedStyle(one).outlineStyle, one.tagName];
})()"""


@dataclass
class AtWork:
    """A person who practises: the process, and a page that is open."""

    ui: EdgeUi
    page: Page
    watched: Watched

    @property
    def root(self) -> str:
        return self.page.url.rsplit("/", 1)[0]

    def go(self, name: str) -> None:
        self.page.goto(f"{self.root}/{name}")

    def do(self, name: str) -> str:
        """Do the work of a page, and read its result."""
        self.go(name)
        self.page.locator("button.main").click()
        result = self.page.locator(".result")
        expect(result).to_be_visible(timeout=LONG_MS)
        return result.inner_text()


def practise(page: Page, folder: Path) -> None:
    page.get_by_label("Path of the new folder").fill(str(folder))
    page.get_by_role("button", name="Practise").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("practice", timeout=LONG_MS)


@pytest.fixture(scope="module")
def at_work(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtWork]:
    """Someone who has done everything once, so that every page has something to show."""
    folder = tmp_path_factory.mktemp("ui")
    with edge_ui(folder) as ui:
        watched = Watched(browser.new_context(viewport={"width": 1100, "height": 900}).new_page())
        page = watched.page
        page.goto(ui.address())
        page.wait_for_url("**/start")
        yield AtWork(ui, page, watched)
        assert ui.stopped() == 0
        assert not [path for path in folder.rglob("*") if path.is_file() and "practice" not in path.parts]


def test_from_a_file_to_what_was_sent_and_again_nothing_new(at_work: AtWork) -> None:
    page, home = at_work.page, at_work.ui.folder
    at_work.go("file")
    sheet = write_csv(home / "cases.csv", [["Case", "Quarter", "Agrees to share"], ["C-1", "2026Q1", "yes"]])
    page.get_by_label("An HMIS CSV export").set_input_files(sheet)
    expect(page.get_by_text("Chosen: a file .csv")).to_be_visible()
    sheet.unlink()  # the page has a copy
    assert "what would leave, by legal class" in at_work.do("look")
    at_work.go("start")
    practise(page, home / "practice")
    at_work.go("file")
    page.get_by_label("An HMIS CSV export").set_input_files(home / "practice" / "export-1.zip")
    expect(page.get_by_text("Chosen: a file .zip")).to_be_visible()
    assert "what would leave, by legal class" in at_work.do("look")
    assert "What to do" in at_work.do("check")
    assert "10 events as a person reads them" in at_work.do("preview")
    assert "Everything else is with the exchange" in at_work.do("publish")
    assert "new: they would be sent\t0" in at_work.do("preview")
    at_work.do("doctor")
    assert at_work.watched.foreign(page.url.split("/open")[0].rsplit("/", 2)[0]) == []
    assert at_work.watched.said == []


@pytest.mark.parametrize("mode", MODES)
def test_axe_finds_nothing_that_keeps_people_out_and_only_tables_scroll(at_work: AtWork, mode: str) -> None:
    page, modes = at_work.page, dict[str, Any](MODES[mode])
    narrow = modes.pop("viewport", None)
    if narrow:
        page.set_viewport_size(narrow)
    page.emulate_media(**modes)
    try:
        for name in SECTIONS:
            at_work.go(name)
            page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            found = Axe().run(page)
            assert found.violations_count == 0, f"{name}: {found.generate_report()}"
            if narrow:
                assert page.evaluate("document.documentElement.scrollWidth") <= narrow["width"], name
            SHOTS.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=SHOTS / f"ui-{name}-{mode}.png".replace(" ", "-"), full_page=True)
    finally:
        page.set_viewport_size({"width": 1100, "height": 900})
        page.emulate_media(color_scheme="light", forced_colors="none")


def test_the_keyboard_alone_reaches_every_part_of_every_page(at_work: AtWork) -> None:
    page = at_work.page
    for name in SECTIONS:
        at_work.go(name)
        seen = []
        for _ in range(TABS_MAX):
            page.keyboard.press("Tab")
            text, outline, tag = page.evaluate(FOCUSED)
            if tag == "BODY":
                break
            assert outline != "none", (name, text)
            seen.append(text)
        assert seen[:2] == ["Skip to the content", "Leave this page"], name
        reachable = page.locator(
            "a:visible, button:visible, input:visible, summary:visible, [tabindex='0']:visible"
        ).count()
        assert len(seen) >= min(reachable, TABS_MAX), (name, seen)


def test_a_page_is_used_by_keyboard_alone(at_work: AtWork) -> None:
    page = at_work.page
    at_work.go("file")
    page.get_by_label("Path on this machine").focus()
    page.keyboard.type(str(at_work.ui.folder / "practice" / "export-2.zip"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Chosen: a file .zip")).to_be_visible()
    at_work.go("preview")
    page.locator("button.main").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".result")).to_be_visible(timeout=LONG_MS)


def test_in_spanish(at_work: AtWork) -> None:
    page = at_work.page
    at_work.go("preview")
    page.get_by_role("button", name="Español").click()
    expect(page.locator("html")).to_have_attribute("lang", "es")
    expect(page.get_by_role("heading", level=1)).to_have_text("Vista previa")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_lock_and_open_again(at_work: AtWork) -> None:
    page = at_work.page
    at_work.go("start")
    page.get_by_role("button", name="Lock now").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Locked")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Not open here")
    expect(page.get_by_text("practice", exact=True)).not_to_be_visible()
    page.goto(at_work.ui.address())
    page.wait_for_url("**/start")
    expect(page.get_by_role("heading", level=1)).to_have_text("practice")


def test_whoever_leaves_locks(at_work: AtWork) -> None:
    page = at_work.page
    page.route("https://www.weather.gov/**", lambda route: route.fulfill(body="weather"))
    for _ in range(3):
        page.keyboard.press("Shift")
    page.wait_for_url("https://www.weather.gov/")
    page.goto(at_work.ui.address())
    page.wait_for_url("**/start")


def test_without_scripts_a_path_is_enough(browser: Browser, tmp_path: Path) -> None:
    with edge_ui(tmp_path) as ui:
        limits = psutil.Process(ui.process.pid)
        page = browser.new_context(java_script_enabled=False).new_page()
        page.goto(ui.address())
        assert limits.rlimit(psutil.RLIMIT_CORE)[0] == 0, "a crash would write what is in memory to the disk"
        page.wait_for_url("**/start")
        sheet = write_csv(tmp_path / "cases.csv", [["Case", "Quarter"], ["C-1", "2026Q1"]])
        page.get_by_role("link", name="Your file").click()
        page.get_by_label("Path on this machine").fill(str(sheet))
        page.get_by_role("button", name="Use this file").click()
        page.get_by_role("link", name="Check").first.click()
        page.get_by_role("button", name="Check it").click()
        for _ in range(100):
            if page.locator(".result").count():
                break
            page.wait_for_timeout(200)
            page.reload()
        expect(page.locator(".result")).to_be_visible()
        page.context.close()
        assert ui.stopped(signal.SIGTERM) == 0


def test_nothing_of_a_file_is_left_in_the_browser_or_on_the_disk(browser: Browser, tmp_path: Path) -> None:
    """A profile of Chromium that lies on the disk is searched, its history and its cookies too."""
    planter = Planter(4)
    rows = [[planter.some() for _ in range(6)] for _ in range(20)]
    head = ["Case", "Quarter", "Service needed", "First name", planter.some("name"), "Notes"]
    sheet = write_csv(tmp_path / f"{planter.some('name')}.csv", [head, *rows])
    client = planter.some("case number")
    profile = tmp_path / "profile"
    with edge_ui(tmp_path / "x") as ui:
        assert browser.is_connected()
        context = browser.browser_type.launch_persistent_context(
            profile, executable_path=chromium(), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        page = context.new_page()
        page.goto(ui.address())
        page.wait_for_url("**/start")
        root = page.url.rsplit("/", 1)[0]
        practise(page, tmp_path / "x" / "practice")
        page.goto(f"{root}/file")
        page.get_by_label("An HMIS CSV export").set_input_files(sheet)
        expect(page.get_by_text("Chosen: a file .csv")).to_be_visible()
        for name in ("look", "check"):
            page.goto(f"{root}/{name}")
            page.locator("button.main").click()
            expect(page.locator(".result, [role=alert]").first).to_be_visible(timeout=LONG_MS)
        page.goto(f"{root}/holds")
        page.get_by_label("The client's key").first.fill(client)
        page.get_by_label("The same key again").first.fill(client)
        page.get_by_role("button", name="Hold", exact=True).click()
        expect(page.get_by_role("alert")).to_be_visible(timeout=LONG_MS)
        shown = page.content()
        context.close()
        assert ui.stopped() == 0
    finder = Finder(planter.planted)
    found = {path: finder.found(path.read_bytes()) for path in places(profile, tmp_path / "x")}
    assert len(found) > 20
    assert {path: ones for path, ones in found.items() if ones} == {}
    assert finder.found(shown.encode()) == set()
    assert finder.found("\n".join(ui.said).encode()) == set()
    assert not list((tmp_path / "x" / "temporary").rglob("records*"))


def places(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.stat().st_size > 8]
