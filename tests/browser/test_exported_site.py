"""The exported site in a real Chromium, opened from the disk: whole, charted, and asking nobody."""

import asyncio
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from consumers.charts.charting import Charts
from consumers.files.exporting import files_of
from consumers.files.published import DataPublisher, published
from consumers.files.static_site import site_files
from consumers.files.written_files import write
from consumers.pages.charted_pages import SiteCharts
from tests.browser.conftest import Watched
from tests.kits.national_year import AFTER, year_points, year_releases
from tests.kits.page_world import MENU

TABLES = ("cases", "needs_by_service", "state_cases", "reporting", "reporting_by_division")
PAGES = (*(one.address.strip("/") or "index" for one in MENU), "places/ca", "figures/cases", "possible/cases")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    month = published(year_points(*TABLES), year_releases(*TABLES), AFTER, DataPublisher())

    async def drawn() -> list:
        async with Charts() as charts:
            return await site_files(month, SiteCharts(charts))

    folder = tmp_path_factory.mktemp("export") / "picture"
    write(files_of(month, more=tuple(in_a_loop_of_its_own(drawn))), folder)
    return folder


def in_a_loop_of_its_own(work) -> list:
    """In a thread: Playwright has a loop that runs in this one."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()


def test_every_page_opens_from_the_disk_and_asks_nobody(browser: Browser, exported: Path) -> None:
    watched = Watched(browser.new_context().new_page())
    for name in PAGES:
        watched.page.goto((exported / "site" / f"{name}.html").as_uri())
        expect(watched.page.locator("h1")).to_be_visible()
        expect(watched.page.get_by_role("link", name="Leave this page")).to_be_visible()
    assert watched.said == []
    assert watched.foreign(exported.as_uri()) == []


def test_figures_have_charts_and_links_lead_on(browser: Browser, exported: Path) -> None:
    page = browser.new_context().new_page()
    page.goto((exported / "site" / "index.html").as_uri())
    expect(page.locator("#cases svg:visible")).to_have_count(1)
    page.locator('.tiles a[href="places/ca.html"]').click()
    expect(page.locator("h1")).to_have_text("California")
    expect(page.locator("#ca-cases svg:visible")).to_have_count(1)
    page.get_by_role("link", name="Picture").click()
    page.locator("#cases").get_by_role("link", name="Ten possible pictures of it").click()
    expect(page.locator(".pictures svg:visible")).to_have_count(10)
