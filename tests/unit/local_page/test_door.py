"""Nobody but the browser that entered is answered, and nothing but its own forms does anything."""

from pathlib import Path

import httpx
import pytest

from exchange.cli.agency.local_page import door as door_module
from exchange.cli.agency.local_page import guard as guard_module
from exchange.cli.agency.local_page.doing import ACTIONS, WORKS
from exchange.cli.agency.local_page.forms import FORM_MAX
from exchange.cli.agency.local_page.local_server import listening_here
from exchange.cli.agency.local_page.showing import SECTIONS
from exchange.web.static_files import address
from tests.kits.broken_rules import BrokenRule, break_rule
from tests.kits.own_page import PORT, OwnPage

FORMS = (*WORKS, *ACTIONS, "lock", "unlock", "language", "file")
OTHER_HOSTS = (
    "localhost:7",
    "127.0.0.1",
    "127.0.0.1:8",
    "127.0.0.1:7.example.org",
    "example.org:7",
    "[::1]:7",
    "127.1:7",
    "",
)
OTHER_ORIGINS = ("null", "", "http://localhost:7", "http://127.0.0.1", "https://127.0.0.1:7", "http://example.org")


async def test_every_page_opens_for_the_browser_that_entered(page: OwnPage) -> None:
    for name in SECTIONS:
        answer = await page.get(name)
        assert answer.status_code == 200, name
        assert "<h1>" in answer.text


@pytest.mark.parametrize("host", OTHER_HOSTS)
async def test_no_other_name_of_this_machine_is_answered(page: OwnPage, host: str) -> None:
    for path in (f"{page.pages.door.root}/start", address("page.css"), page.pages.door.issue()):
        assert (await page.client.get(path, headers={"host": host})).status_code == 421


async def test_two_hosts_are_none(page: OwnPage) -> None:
    twice = [("host", page.pages.door.host), ("host", "example.org")]
    assert (await page.client.get(f"{page.pages.door.root}/start", headers=twice)).status_code == 421


async def test_the_other_end_is_this_machine(tmp_path: Path) -> None:
    far = OwnPage(tmp_path, peer="192.0.2.1")
    assert (await far.client.get(far.pages.door.issue())).status_code == 421
    assert not far.pages.door.root


@pytest.mark.parametrize("origin", OTHER_ORIGINS)
async def test_a_form_from_elsewhere_does_nothing(page: OwnPage, origin: str) -> None:
    answer = await page.post("lock", headers={"origin": origin})
    assert answer.status_code == 403
    assert not page.pages.lock.locked
    assert (await page.put("x.csv", b"Case", origin=origin)).status_code == 403
    assert page.kept() == []


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
async def test_a_form_that_the_browser_says_is_of_another_site_does_nothing(page: OwnPage, site: str) -> None:
    assert (await page.post("lock", headers={"sec-fetch-site": site})).status_code == 403
    assert not page.pages.lock.locked


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_page_is_not_shown_inside_another_site(page: OwnPage, site: str) -> None:
    assert (await page.get("start", headers={"sec-fetch-site": site})).status_code == 403


@pytest.mark.parametrize("name", FORMS)
async def test_a_form_without_the_key_of_the_page_does_nothing(page: OwnPage, name: str) -> None:
    for key in ("", "x", page.pages.door.form_key[:-1]):
        answer = await page.post(name, form_key=key, path="/", language="es")
        assert answer.status_code == 403, name
    assert not page.pages.lock.locked
    assert page.pages.sentences.language == "en"
    assert not page.pages.job.kind


async def test_an_address_opens_once_and_a_second_use_is_told(page: OwnPage) -> None:
    first = page.pages.door.issue()
    assert (await page.client.get(first)).status_code == 200
    root = page.pages.door.root
    other = httpx.AsyncClient(transport=page.client._transport, base_url=page.pages.door.origin)
    assert (await other.get(first)).status_code == 403
    assert page.pages.door.used_again
    assert page.pages.door.root == root
    assert (await page.get("start")).status_code == 200
    assert (await other.get(f"{root}/start")).status_code == 403, "the path alone does not open"


async def test_what_is_fetched_before_a_person_asks_uses_up_no_address(page: OwnPage) -> None:
    ticket = page.pages.door.issue()
    assert (await page.client.get(ticket, headers={"sec-purpose": "prefetch"})).status_code == 403
    assert (await page.client.get(ticket)).status_code == 200


async def test_entering_again_shuts_the_browser_before_out(page: OwnPage) -> None:
    before, cookies = page.pages.door.root, dict(page.client.cookies)
    await page.open()
    shut = httpx.AsyncClient(transport=page.client._transport, base_url=page.pages.door.origin, cookies=cookies)
    assert (await shut.get(f"{before}/start")).status_code == 403
    assert (await shut.get(f"{page.pages.door.root}/start")).status_code == 403


async def test_whoever_is_not_in_sees_no_path_and_no_key_of_the_pages(page: OwnPage) -> None:
    await page.open()
    outside = httpx.AsyncClient(transport=page.client._transport, base_url=page.pages.door.origin)
    for address_ in ("/", "/start", f"{page.pages.door.root}/start", "/open/none"):
        answer = await outside.get(address_)
        assert answer.status_code == 403
        assert page.pages.door.root not in answer.text
        assert page.pages.door.form_key not in answer.text


async def test_the_cookie_goes_to_these_pages_alone_and_to_no_script(page: OwnPage) -> None:
    answer = await page.open()
    name, *rest = answer.headers["set-cookie"].split("; ")
    assert set(rest) == {f"Path={page.pages.door.root}/", "HttpOnly", "SameSite=Strict"}
    assert name.partition("=")[2] not in answer.text
    for one in SECTIONS:
        assert "set-cookie" not in (await page.get(one)).headers


async def test_every_answer_stays_private(page: OwnPage) -> None:
    answers = [
        await page.get("start"),
        await page.get("nowhere"),
        await page.client.get("/"),
        await page.client.get(address("page.css")),
        await page.post("lock", form_key=""),
        await page.client.request("OPTIONS", f"{page.pages.door.root}/start", headers={"origin": "http://example.org"}),
    ]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert "server" not in answer.headers
    assert answers[-1].status_code == 405


@pytest.mark.parametrize(
    "path",
    ["/static/../local_app.py", "/static/%2e%2e%2flocal_app.py", "/static/edge.css", "/static/spanish.toml", "//start"],
)
async def test_no_path_of_a_request_reaches_the_disk(page: OwnPage, path: str) -> None:
    for before in ("", page.pages.door.root):
        assert (await page.client.get(before + path)).status_code in {403, 404}


async def test_a_long_form_is_not_read(page: OwnPage) -> None:
    assert (await page.post("file", path="x" * FORM_MAX)).status_code == 413
    assert (await page.post("file", headers={"content-type": "multipart/form-data; boundary=x"})).status_code == 415
    many = {f"f{number}": "x" for number in range(99)}
    assert (await page.post("file", **many)).status_code == 400


async def test_a_fault_shows_its_kind_and_never_its_words(page: OwnPage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ValueError("Jane Q. Planted")

    monkeypatch.setitem(ACTIONS, "stop", fails)
    answer = await page.post("stop")
    assert answer.status_code == 500
    assert "ValueError" in answer.text
    assert "Planted" not in answer.text


def test_it_listens_at_this_machine_alone() -> None:
    listener = listening_here(0)
    assert listener.getsockname()[0] == "127.0.0.1"
    listener.close()


BROKEN = {
    "host is not compared": BrokenRule(
        guard_module, "LocalGuard._refusal", "[self._door.host]", "all_of(headers, b'host')"
    ),
    "origin is not compared": BrokenRule(
        guard_module, "LocalGuard._is_from_here", "[self._door.origin]", "all_of(headers, b'origin')"
    ),
    "any cookie will do": BrokenRule(
        door_module, "Door.admits", '_same(cookies.get(self.cookie_name, ""), self._cookie)', "bool(self._cookie)"
    ),
    "an address opens again": BrokenRule(
        door_module, "Door.enter", 'self._used, self._ticket = self._ticket, ""', "pass"
    ),
    "any key will do": BrokenRule(door_module, "Door.is_form_key", "_same(given, self.form_key)", "True"),
}


async def _holds(page: OwnPage) -> bool:
    """Whether the five rules hold."""
    root = page.pages.door.root
    stranger = httpx.AsyncClient(transport=page.client._transport, base_url=page.pages.door.origin)
    used = page.pages.door.issue()
    codes = [
        (await page.get("start", headers={"host": f"localhost:{PORT}"})).status_code,
        (await page.post("language", headers={"origin": "null"})).status_code,
        (await page.post("language", form_key="x")).status_code,
        (await stranger.get(f"{root}/start")).status_code,
    ]
    await page.client.get(used)
    codes.append((await stranger.get(used)).status_code)
    return codes == [421, 403, 403, 403, 403]


@pytest.mark.parametrize("name", ["", *BROKEN])
async def test_each_rule_is_missed(page: OwnPage, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name:
        break_rule(monkeypatch, BROKEN[name])
    assert await _holds(page) is not bool(name)
