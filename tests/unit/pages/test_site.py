"""The page by HTTP: what is asked is checked, what cannot change is kept, embeds may be framed."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from consumers.files.brief_files import as_pdf
from consumers.pages import keeping_ready
from consumers.pages.beside.page_process import PageProcess
from consumers.pages.keeping_ready import with_site
from consumers.pages.rendering import SiteSetting
from consumers.serve.service import FOR_EVER, REVALIDATE, Service
from exchange.core.model.epochs import epoch_of
from tests.kits.page_world import MENU
from tests.kits.serve_world import JANUARY, Topics, asking, following, read_to

DECEMBER = JANUARY - 1
CHARTS_S = 120


@asynccontextmanager
async def site(topics: Topics, last: int) -> AsyncIterator[tuple[Service, httpx.AsyncClient]]:
    """The site over everything that was published up to a month."""
    service = Service()
    async with (
        with_site(service, SiteSetting("https://figures.example", brief_pdf=as_pdf)),
        following(topics.log, service),
    ):
        await read_to(service, last)
        async with asking(service) as client:
            yield service, client


@pytest.fixture
def topics() -> Topics:
    found = Topics()
    for month in range(epoch_of(2026, 2), DECEMBER + 1):
        found.publish(month)
    return found


async def test_every_section_answers_with_a_page_that_nobody_may_frame(topics: Topics) -> None:
    async with site(topics, DECEMBER) as (_, client):
        for address in (*(one.address for one in MENU), "/places/ca", "/places/new_england", "/figures/cases"):
            got = await client.get(address)
            assert got.status_code == 200, address
            assert got.headers["content-type"] == "text/html; charset=utf-8"
            assert "frame-ancestors 'none'" in got.headers["content-security-policy"]
            assert got.headers["referrer-policy"] == "no-referrer"
            assert "set-cookie" not in got.headers
            for loaded in re.findall(r'(?:src|href)="(/static/[^"]+)"', got.text):
                assert (await client.get(loaded)).status_code == 200


async def test_embeds_alone_may_be_framed_and_have_no_script(topics: Topics) -> None:
    async with site(topics, DECEMBER) as (_, client):
        got = await client.get("/embed/cases?as_of=2026-10")
        assert "frame-ancestors *" in got.headers["content-security-policy"]
        assert "<script" not in got.text
        assert 'target="_top"' in got.text


@pytest.mark.parametrize(
    ("address", "status", "near"),
    [
        ("/needs?as_off=2026-10", 400, "as_of"),
        ("/?year=2026Q1", 400, ""),
        ("/?as_of=2026-13", 400, ""),
        ("/?as_of=2031-01", 404, "2026-12"),
        ("/places/new_englnd", 404, "new_england"),
        ("/figures/nothing", 404, ""),
        ("/figures/cases?metric=x", 400, ""),
        ("/static/page.css", 404, ""),
        ("/static/..%2Ftemplating.py", 404, ""),
    ],
)
async def test_what_does_not_exist_is_a_problem(topics: Topics, address: str, status: int, near: str) -> None:
    async with site(topics, DECEMBER) as (_, client):
        got = await client.get(address)
        assert got.status_code == status
        assert got.headers["content-type"] == "application/problem+json"
        assert not near or near in got.text


async def test_a_brief_is_a_page_and_a_pdf_once_a_year_was_released(topics: Topics) -> None:
    async with site(topics, DECEMBER) as (service, client):
        assert (await client.get("/brief/ca")).status_code == 404
        topics.publish(JANUARY)
        await read_to(service, JANUARY)
        page, pdf = await client.get("/brief/ca"), await client.get("/brief/ca.pdf?as_of=2027-01")
        assert "What people needed" in page.text
        assert (pdf.content[:5], pdf.headers["content-type"]) == (b"%PDF-", "application/pdf")
        assert (await client.get("/brief/zz")).status_code == 404
        assert (await client.get("/brief/ca.docx")).status_code == 404


async def test_a_person_gets_a_problem_as_a_page(topics: Topics) -> None:
    async with site(topics, DECEMBER) as (_, client):
        got = await client.get("/places/new_englnd", headers={"accept": "text/html,*/*;q=0.8"})
        assert got.status_code == 404
        assert got.headers["content-type"] == "text/html; charset=utf-8"
        assert "new_england" in got.text
        assert "Leave this page" in got.text


async def test_two_figures_of_a_table_are_compared_by_a_form(topics: Topics) -> None:
    async with site(topics, DECEMBER) as (_, client):
        empty = await client.get("/compare")
        assert empty.status_code == 200
        assert (await client.get("/compare?figure=nothing")).status_code == 404
        assert (await client.get("/compare?metric=cases")).status_code == 400


async def test_a_page_as_of_a_month_has_the_same_bytes_after_the_next_month(topics: Topics) -> None:
    addresses = [f"{one.address}?as_of=2026-10" for one in MENU] + ["/figures/cases?as_of=2026-10"]
    async with site(topics, DECEMBER) as (service, client):
        before = {address: await client.get(address) for address in addresses}
        newest = (await client.get("/")).text
        topics.publish(JANUARY)
        await read_to(service, JANUARY)
        for address, got in before.items():
            again = await client.get(address)
            assert got.headers["cache-control"] == again.headers["cache-control"] == FOR_EVER
            assert got.content == again.content, address
            assert got.headers["etag"] == again.headers["etag"]
        assert (await client.get("/")).text != newest
        assert (await client.get("/")).headers["cache-control"] == "no-cache"


async def test_a_page_that_a_reader_has_is_not_sent_again(topics: Topics) -> None:
    async with site(topics, DECEMBER) as (_, client):
        got = await client.get("/needs")
        again = await client.get("/needs", headers={"if-none-match": got.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_citations_hold_the_public_address_and_the_caveat(topics: Topics) -> None:
    async with site(topics, DECEMBER) as (_, client):
        text = (await client.get("/figures/cases")).text
        assert "https://figures.example/figures/cases?as_of=2026-12" in text
        assert "these are services, not prevalence" in text
        assert "@misc{cases-2026-12" in text


async def test_before_anything_was_released_the_page_says_so() -> None:
    service = Service()
    async with with_site(service, SiteSetting()), following(Topics().log, service), asking(service) as client:
        got = await client.get("/")
        assert got.status_code in (404, 503)
        page = await client.get("/needs", headers={"accept": "text/html"})
        assert page.status_code in (404, 503)
        assert "No figures yet" in page.text
        assert 'hx-get="/needs"' in page.text
        assert "/v1/stream?after=-1" in page.text
        assert page.headers["cache-control"] == "no-store"


async def test_while_kafka_is_away_the_page_stands_and_says_so(topics: Topics) -> None:
    async with site(topics, DECEMBER) as (service, client):
        service.hearing.problem = "Kafka does not answer"
        assert "has not answered" not in (await client.get("/")).text
        service.hearing.problem = "Kafka does not answer"  # it may have answered since
        service.hearing.heard_s = (service.hearing.heard_s or 0.0) - 400
        text = (await client.get("/")).text
        assert "has not answered for more than 5 minutes" in text
        assert "Who is missing" in text


async def test_a_past_month_is_kept_for_ever_only_once_its_charts_are_there(topics: Topics) -> None:
    service, setting = Service(), SiteSetting(drawn=True)
    async with (
        PageProcess(service, setting) as pages,
        with_site(service, setting, pages),
        following(topics.log, service),
        asking(service) as client,
    ):
        await read_to(service, DECEMBER)
        address = "/figures/cases?as_of=2026-10"
        first = await client.get(address)
        assert first.headers["cache-control"] == REVALIDATE
        assert "<svg" not in first.text
        async with asyncio.timeout(CHARTS_S):
            while "<svg" not in (again := await client.get(address)).text:  # noqa: ASYNC110 - the page is asked for
                await asyncio.sleep(0.1)
        assert again.headers["cache-control"] == FOR_EVER
        assert (await client.get(address)).content == again.content


async def test_the_charts_of_a_page_are_drawn_when_it_is_asked_for(
    topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping_ready, "QUIET_S", 600.0)
    service, setting = Service(), SiteSetting(drawn=True)
    async with (
        PageProcess(service, setting) as pages,
        with_site(service, setting, pages),
        following(topics.log, service),
        asking(service) as client,
    ):
        await read_to(service, DECEMBER)
        first = (await client.get("/needs")).text
        assert "The charts of this page are being drawn." in first
        assert "load delay:" in first  # with scripts it asks again by itself
        drawn = await with_chart(client, "/needs")
        assert "being drawn" not in drawn
        assert "load delay:" not in drawn
        assert "<svg" not in (await client.get("/barriers")).text
        topics.publish(JANUARY)
        await read_to(service, JANUARY)
        assert "January 2027" in await with_chart(client, "/needs")


async def with_chart(client: httpx.AsyncClient, address: str) -> str:
    async with asyncio.timeout(CHARTS_S):
        while "<svg" not in (got := await client.get(address)).text:  # noqa: ASYNC110 - the page is asked for
            await asyncio.sleep(0.1)
    return got.text


async def test_a_preface_stands_on_every_page_and_in_what_is_taken_along(topics: Topics) -> None:
    service, preface = Service(), "A pilot: <do> not quote."
    async with (
        with_site(service, SiteSetting(preface=preface)),
        following(topics.log, service),
        asking(service) as client,
    ):
        await read_to(service, DECEMBER)
        for address in ("/", "/places/ca", "/figures/cases", "/embed/cases", "/compare"):
            assert "A pilot: &lt;do&gt; not quote." in (await client.get(address)).text, address
        text = (await client.get("/figures/cases")).text
        assert 'id="cases-text">A pilot: ' in text
        assert "note = {A pilot: " in text


@pytest.mark.parametrize("address", ["/nothing", "/places/atlantis", "/figures/no-such", "/needs/more", "/registry-x"])
async def test_a_problem_is_a_page_for_people_and_a_document_for_programs(topics: Topics, address: str) -> None:
    async with site(topics, DECEMBER) as (_, client):
        page = await client.get(address, headers={"accept": "text/html,*/*;q=0.8"})
        document = await client.get(address)
        assert page.status_code == document.status_code == 404
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert document.headers["content-type"] == "application/problem+json"
        assert document.json()["title"] in page.text
        assert "Leave this page" in page.text
        assert page.headers["vary"] == "accept"
        assert page.headers["content-security-policy"] == document.headers["content-security-policy"]
        below = await client.get("/v1/nothing", headers={"accept": "text/html"})
        assert below.headers["content-type"] == "application/problem+json"
