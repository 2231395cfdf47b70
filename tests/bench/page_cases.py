"""Pages with their charts: how long all charts of a month take, when a page can be used in a real
Chromium, and how long a whole site takes as files."""

import time
from statistics import median

import psutil
from playwright.async_api import Browser, async_playwright

from consumers.charts.charting import Charts
from consumers.files.published import DataPublisher, published
from consumers.files.static_site import site_files
from consumers.pages.charted_pages import SiteCharts
from consumers.pages.page_maker import panels_of_menu
from exchange.settings import Settings
from exchange.trial.commands import variables_of
from tests.bench.load import Size
from tests.bench.serve_cases import NO_LIMIT, Result, all_drawn, asking, cpu_s, whole
from tests.bench.serve_load import fill
from tests.browser.conftest import LEFT_OUT, chromium
from tests.kits.page_world import figures
from tests.kits.serve_process import served
from tests.kits.two_years import LAST, national_points, national_releases

OPENED = ("/", "/needs", "/cases")
TIMES = 5
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"


async def charting(settings: Settings, size: Size) -> Result:
    """Every chart of the menu's pages, drawn by the helper, its start included."""
    del settings, size
    panels = list(panels_of_menu(figures()))
    async with Charts() as charts:
        clock = time.perf_counter()
        failed = await SiteCharts(charts).prepare(panels)
        took, cpu, drawn = time.perf_counter() - clock, helpers_cpu_s(), len(charts._made)
    note = f"{cpu:.1f} CPU s of the helper, {failed} failed"
    return drawn, took, cpu, note, {"charts_s": took, "charts_cpu_s": cpu}


def helpers_cpu_s() -> float:
    """CPU seconds of this process's children."""
    return sum(sum(one.cpu_times()[:2]) for one in psutil.Process().children(recursive=True))


async def exporting(settings: Settings, size: Size) -> Result:
    """Every page of a site as a file, those of all places with their charts."""
    del settings, size
    month = published(national_points(), national_releases(), LAST, DataPublisher())
    async with Charts() as charts:
        clock, own = time.perf_counter(), time.process_time()
        files = await site_files(month, SiteCharts(charts))
        took, cpu = time.perf_counter() - clock, time.process_time() - own
        drawn, beside = len(charts._made), helpers_cpu_s()
    note = (
        f"{drawn} charts by the helper in {beside:.1f} CPU s; {sum(len(one.content) for one in files) / 2**20:.0f} MB"
    )
    return len(files), took, cpu + beside, note, {"export_site_s": took, "export_site_cpu_s": cpu + beside}


async def opening(settings: Settings, size: Size) -> Result:
    """From the request of a page with its charts until a real Chromium has all of it."""
    program = chromium()
    if program is None:
        return 0, 1.0, 0.0, LEFT_OUT, {}
    await fill(settings, size.events)
    async with served(variables_of(settings), *NO_LIMIT) as serve, asking(serve) as client:
        await whole(client)
        for page in OPENED:
            await client.get(page)
        await all_drawn(serve)
        sizes = {page: len((await client.get(page)).content) / 1e3 for page in OPENED}
        before = cpu_s(serve)
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"]
            )
            found = {page: [await usable_ms(browser, serve.address + page) for _ in range(TIMES)] for page in OPENED}
            await browser.close()
        cpu = cpu_s(serve) - before
        await serve.stopped()
    middle = {page: median(some) for page, some in found.items()}
    note = ", ".join(f"{page} {middle[page]:.0f} ms ({sizes[page]:.0f} kB)" for page in OPENED)
    every = [one for some in found.values() for one in some]
    numbers = {"page_usable_ms": middle["/"], "page_usable_ms_worst": max(every)}
    return len(every), sum(every) / 1e3, cpu, f"until all is loaded, a new browser profile each: {note}", numbers


async def usable_ms(browser: Browser, address: str) -> float:
    """Milliseconds until page, style and scripts are there, and its figures can be seen."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(address, wait_until="load")
    assert await page.locator("article.figure svg").first.is_visible()
    assert await page.locator("[data-chart=awaited]").count() == 0
    took = float(await page.evaluate(LOADED))
    await context.close()
    return took
