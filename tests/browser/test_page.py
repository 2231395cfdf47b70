"""The page in a real Chromium: with and without scripts, by keyboard, and for who must leave."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import NEUTRAL, Watched
from tests.kits.live_site import NOTHING, LiveSite, live_site
from tests.kits.page_world import MENU
from tests.kits.two_years import FIRST, LAST

ADDRESSES = (*(one.address for one in MENU), "/places/ca", "/figures/cases", "/possible/largest-unmet-shares")
SHOTS = Path(os.environ.get("EXCHANGE_SCREENSHOTS", "build/screenshots"))
TABS_MAX = 400
HTML_MAX = 100_000
"""Bytes of a page with its charts, as they are before they are compressed."""
MODES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "320 px": {"viewport": {"width": 320, "height": 640}},
    "forced colours": {"forced_colors": "active"},
}


def name_of(address: str) -> str:
    return address.strip("/").replace("/", "-") or "picture"


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_every_section_opens_asks_nobody_else_and_logs_nothing(browser: Browser, site: LiveSite, scripts: bool) -> None:
    context = browser.new_context(java_script_enabled=scripts)
    watched = Watched(context.new_page())
    for address in ADDRESSES:
        answer = watched.page.goto(site.address + address)
        assert answer is not None
        assert answer.status == 200
        expect(watched.page.locator("h1")).to_be_visible()
        expect(watched.page.get_by_role("link", name="Leave this page")).to_be_visible()
        for summary in watched.page.locator("summary").all()[:3]:
            summary.click()
    assert watched.said == []
    assert watched.foreign(site.address) == []
    assert context.cookies() == []
    context.close()


@pytest.mark.parametrize("mode", MODES)
def test_axe_finds_nothing_that_keeps_people_out(browser: Browser, site: LiveSite, mode: str) -> None:
    context = browser.new_context(**MODES[mode])
    page = context.new_page()
    for address in ADDRESSES:
        page.goto(site.address + address)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        found = Axe().run(page)
        assert found.violations_count == 0, f"{address}: {found.generate_report()}"
    context.close()


def test_at_320_px_nothing_but_tables_and_charts_scrolls_sideways(browser: Browser, site: LiveSite) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    for address in ADDRESSES:
        page.goto(site.address + address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, address
    context.close()


def test_a_keyboard_reaches_every_link_in_the_order_of_the_page(context, site: LiveSite) -> None:
    page = context.new_page()
    for address in ADDRESSES:
        page.goto(site.address + address)
        seen = walked(page)
        assert seen[0] == "Skip to the content", address
        assert seen[1] == "Leave this page"
        reachable = page.locator("a:visible, summary:visible, button:visible").count()
        assert len(seen) >= min(reachable, TABS_MAX), (address, len(seen), reachable)


def walked(page: Page) -> list[str]:
    """The texts that the Tab key comes to, each with a focus that can be seen."""
    seen: list[str] = []
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        text, outline = page.evaluate(
            "[document.activeElement === document.body ? '' : document.activeElement.textContent.trim().slice(0, 60),"
            " getComputedStyle(document.activeElement).outlineStyle]"
        )
        if not text:
            break
        assert outline != "none", text
        seen.append(text)
    return seen


def test_the_button_leaves_the_page_and_back_does_not_return(browser: Browser, site: LiveSite, early: LiveSite) -> None:
    page = browser.new_context().new_page()
    page.goto(f"{site.address}/questions")
    page.goto(f"{early.address}/")
    page.get_by_role("link", name="Leave this page").click()
    page.wait_for_url(early.address + NEUTRAL)
    page.go_back()
    assert page.url == f"{site.address}/questions"


def test_shift_three_times_leaves_and_twice_says_how_many_are_left(browser: Browser, early: LiveSite) -> None:
    page = browser.new_context().new_page()
    page.goto(f"{early.address}/needs")
    page.keyboard.press("Shift")
    expect(page.get_by_role("status")).to_contain_text("press 2 more times")
    page.keyboard.press("Shift+KeyA")
    page.keyboard.press("Shift")
    page.keyboard.press("Shift")
    page.wait_for_url(early.address + NEUTRAL)


def test_without_scripts_the_button_is_a_plain_link(browser: Browser, site: LiveSite) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(site.address)
    link = page.get_by_role("link", name="Leave this page")
    assert link.get_attribute("href") == "https://www.weather.gov/"
    assert "noreferrer" in (link.get_attribute("rel") or "")


def test_new_figures_come_by_themselves_and_what_is_open_stays_open(browser: Browser, early: LiveSite) -> None:
    watched = Watched(browser.new_context().new_page())
    page = watched.page
    page.goto(f"{early.address}/")
    expect(page.locator("#figures")).to_have_attribute("data-as-of", "December 2025")
    page.locator("#cases-how summary").click()
    early.publish(LAST, LAST)
    expect(page.locator("#figures")).to_have_attribute("data-as-of", "January 2026", timeout=30_000)
    expect(page.locator("#cases-how")).to_have_attribute("open", "")
    expect(page.get_by_role("status")).to_contain_text("New figures: as of January 2026")
    expect(page.locator("#cases")).to_contain_text("2025Q4, October to December")
    assert watched.said == []


def test_before_anything_was_released_the_page_waits_and_then_shows_itself(browser: Browser) -> None:
    with live_site(NOTHING) as empty:
        page = browser.new_page()
        page.goto(f"{empty.address}/needs")
        expect(page.locator("h1")).to_have_text("No figures yet")
        empty.publish(FIRST, FIRST + 2)
        expect(page.locator("h1")).to_have_text("Needs, and what went unmet", timeout=120_000)
        expect(page.locator("#figures")).to_be_visible(timeout=30_000)


def test_a_copied_figure_carries_its_interval_and_its_caveat(browser: Browser, site: LiveSite) -> None:
    context = browser.new_context()
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site.address)
    page = context.new_page()
    page.goto(f"{site.address}/figures/cases")
    page.get_by_role("button", name="Copy this text").click()
    expect(page.get_by_role("status")).to_contain_text("Copied")
    text = page.evaluate("navigator.clipboard.readText()")
    assert "95 times in 100" in text
    assert "not prevalence" in text
    assert f"{site.address}/figures/cases?as_of=2026-01" in text
    context.close()


def test_a_figure_on_the_page_is_the_one_of_the_api(context, site: LiveSite) -> None:
    page = context.new_page()
    page.goto(f"{site.address}/figures/largest-unmet-shares")
    asked = page.request.get(f"{site.address}/v1/metrics/unmet_need_share.json?service_group=housing&period=2025")
    (found,) = [one for one in asked.json()["figures"] if one["dimensions"] == {"service_group": "housing"}]
    row = page.locator("tr", has_text="Housing and shelter")
    assert f"{found['value'] * 100:.2f} %" in (row.text_content() or "")
    assert f"{found['low'] * 100:.2f} % to {found['high'] * 100:.2f} %" in (row.text_content() or "")


@pytest.fixture(scope="module")
def charted() -> Iterator[LiveSite]:
    """A site that draws charts."""
    with live_site(charts=True) as found:
        yield found


@pytest.mark.slow  # draws every chart
def test_screenshots_of_every_section_are_left_in_a_folder(browser: Browser, charted: LiveSite) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    for width in (1100, 320):
        page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
        for address in ADDRESSES:
            with_charts(page, charted.address + address)
            shot = SHOTS / f"{name_of(address)}-{width}.png"
            page.screenshot(path=shot, full_page=True)
            assert shot.stat().st_size > 10_000


@pytest.mark.slow  # draws every chart
@pytest.mark.parametrize("mode", ["light", "dark", "320 px"])
def test_charts_keep_nobody_out_and_stay_within_the_page(browser: Browser, charted: LiveSite, mode: str) -> None:
    page = browser.new_context(**MODES[mode]).new_page()
    for address in ADDRESSES:
        with_charts(page, charted.address + address)
        assert len(page.request.get(charted.address + address).body()) <= HTML_MAX, address
        found = Axe().run(page)
        assert found.violations_count == 0, f"{address}: {found.generate_report()}"
        width = page.evaluate("document.documentElement.clientWidth")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def with_charts(page: Page, address: str) -> None:
    """Open a page once its charts are there."""
    for _ in range(240):
        page.goto(address)
        if page.locator("[data-chart=awaited]").count() == 0:
            return
        page.wait_for_timeout(1_000)
    raise AssertionError("the charts were not made")
