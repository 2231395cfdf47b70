"""A real Chromium for the tests of pages: the one of this machine; Playwright downloads none.

`make test-browser` runs them. Without a Chromium they are left out, and a line says so; with
EXCHANGE_TEST_BROWSER=required, as in `.ci/run`, they fail instead.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.kits.live_site import LiveSite, live_site
from tests.kits.two_years import BEFORE

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NEUTRAL = "/noise"
HERE = Path(__file__).parent
LEFT_OUT = "no Chromium on this machine: `apt install chromium`, then `make test-browser`"


def chromium() -> str | None:
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    left_out = pytest.mark.skip(reason=LEFT_OUT)
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if chromium() is None and os.environ.get("EXCHANGE_TEST_BROWSER") != "required":
                item.add_marker(left_out)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of one module: Playwright has a loop that runs, beside which no other test may start one."""
    program = chromium()
    assert program, LEFT_OUT
    with sync_playwright() as playwright:
        found = launched(playwright, program)
        yield found
        found.close()


def launched(playwright: Playwright, program: str) -> Browser:
    return playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])


@pytest.fixture(scope="session")
def site() -> Iterator[LiveSite]:
    with live_site() as found:
        yield found


@pytest.fixture(scope="module")
def early() -> Iterator[LiveSite]:
    """A site whose last month has not come yet, and whose neutral site is a page of its own."""
    with live_site(BEFORE, leave_to=NEUTRAL) as found:
        yield found


class Watched:
    """A page, with what its console said and where it asked."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda one: self.said.append(one.text))
        page.on("pageerror", lambda one: self.said.append(str(one)))
        page.on("request", lambda one: self.asked.append(one.url))

    def foreign(self, home: str) -> list[str]:
        return [one for one in self.asked if not one.startswith(home)]


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    found = browser.new_context(viewport={"width": 1100, "height": 900})
    yield found
    found.close()


@pytest.fixture
def watched(context: BrowserContext) -> Watched:
    return Watched(context.new_page())
