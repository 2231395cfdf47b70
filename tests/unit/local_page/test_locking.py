"""The pages lock, forget what is secret, and are unlocked by whoever knows the passphrase."""

from pathlib import Path

import pytest

from exchange.cli.agency.local_page import idle_lock
from exchange.cli.agency.local_page.agency_pages import TOO_OFTEN, WRONG
from exchange.cli.agency.local_page.idle_lock import MINUTE_S
from exchange.cli.agency.local_page.showing import SECTIONS
from producers.practice import PRACTICE
from producers.profile import Profile
from producers.secret_files import Secret
from producers.vault.store import Vault
from tests.kits.own_page import PASSPHRASE, OwnPage, with_passphrase

LOCKED = "<h1>Locked</h1>"
OPEN = "Lock now"
TRIES = 3


@pytest.fixture
async def shut(page: OwnPage) -> OwnPage:
    """Pages over a vault that a passphrase opens: locked from the beginning."""
    page.pages.use_profile(with_passphrase(page.folder))
    return page


async def unlocked(page: OwnPage, passphrase: str = PASSPHRASE) -> str:
    await page.post("unlock", passphrase=passphrase)
    return (await page.get("file")).text


async def test_a_passphrase_is_asked_for_before_anything_is_shown(shut: OwnPage) -> None:
    for name in (*SECTIONS, "job", "nowhere"):
        answer = await shut.get(name)
        assert LOCKED in answer.text, name
        assert "harbor-light" not in answer.text
    assert (await shut.post("publish", nothing="yes")).text.count(LOCKED) == 1
    assert not shut.pages.job.kind
    assert OPEN in await unlocked(shut)
    assert "harbor-light" in (await shut.get("start")).text


async def test_a_file_is_not_taken_while_it_is_locked(shut: OwnPage) -> None:
    assert (await shut.put("x.csv", b"Case,Quarter\n")).status_code == 403
    assert shut.kept() == []


async def test_without_use_it_locks_and_forgets(shut: OwnPage) -> None:
    await unlocked(shut)
    assert (await shut.put("x.csv", b"Case,Quarter\n")).status_code == 204
    assert shut.pages.secret_at_hand() == Secret(PASSPHRASE)
    shut.clock.now_s += 10 * MINUTE_S - 1
    assert OPEN in (await shut.get("file")).text
    shut.clock.now_s += 10 * MINUTE_S
    assert LOCKED in (await shut.get("start")).text
    assert shut.pages.secret_at_hand() is None
    assert shut.pages.file is None
    assert shut.kept() == []
    assert OPEN in await unlocked(shut)


async def test_it_locks_by_itself_too_and_a_page_asks_when_it_is_time(shut: OwnPage) -> None:
    text = await unlocked(shut)
    assert f'content="{int(10 * MINUTE_S) + 2}" data-to="{shut.pages.door.root}/idle"' in text
    shut.clock.now_s += 10 * MINUTE_S
    shut.pages.lock_if_due()
    assert shut.pages.secret_at_hand() is None
    assert LOCKED in (await shut.get("idle")).text


async def test_what_a_page_asks_by_itself_is_no_use_of_it(shut: OwnPage) -> None:
    await unlocked(shut)
    for name in ("job", "idle"):
        shut.clock.now_s += 5 * MINUTE_S
        await shut.get(name)
    assert LOCKED in (await shut.get("start")).text


async def test_lock_now_locks_every_tab(shut: OwnPage) -> None:
    await unlocked(shut)
    assert (await shut.post("lock")).status_code == 303
    assert shut.pages.secret_at_hand() is None
    assert LOCKED in (await shut.get("holds")).text


async def test_wrong_tries_wait_longer_each_time_and_then_are_over(
    shut: OwnPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idle_lock, "TRIES", TRIES)
    assert WRONG in await unlocked(shut, "wrong")
    assert "Wait 1 seconds" in await unlocked(shut)
    assert LOCKED in (await shut.get("start")).text
    for tried in range(1, TRIES):
        shut.clock.now_s += 2.0 ** (tried - 1) - 0.1
        await shut.post("unlock", passphrase=PASSPHRASE)
        assert shut.pages.tries.failed == tried, "too soon, and not tried"
        shut.clock.now_s += 0.1
        answer = await shut.post("unlock", passphrase="wrong")
        assert shut.pages.tries.failed == tried + 1
    assert TOO_OFTEN in answer.text
    assert len(shut.shown) == 1
    assert (await shut.get("start")).status_code == 403
    assert (await shut.client.get(shut.shown[0])).status_code == 200
    assert OPEN in await unlocked(shut)


async def test_no_passphrase_comes_back_or_stands_in_an_address(shut: OwnPage) -> None:
    wrong = "Planted passphrase of Jane"
    answer = await shut.post("unlock", passphrase=wrong)
    assert wrong not in answer.text + str(answer.headers) + (await shut.get("start")).text
    assert wrong not in repr(shut.pages)
    await shut.post("unlock", passphrase=PASSPHRASE)
    assert PASSPHRASE not in repr(shut.pages)


async def test_with_a_key_file_only_the_terminal_opens_again(page: OwnPage) -> None:
    assert (await page.post("practice", path=str(page.folder / "practice"))).status_code == 303
    assert PRACTICE in (await page.get("start")).text
    await page.post("lock")
    assert page.pages.secret_at_hand() is None
    assert (await page.get("start")).status_code == 403
    assert (await page.client.get(page.shown[-1])).status_code == 200
    assert PRACTICE in (await page.get("start")).text


async def test_two_pages_on_one_vault_take_turns(shut: OwnPage) -> None:
    await unlocked(shut)
    profile = Profile.load(shut.folder / "agency.toml")
    with Vault.open(profile, Secret(PASSPHRASE)):
        assert "Another process publishes from" in (await shut.get("start")).text
    assert "Another process" not in (await shut.get("start")).text


async def test_a_profile_that_is_no_profile_changes_nothing(page: OwnPage, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("agency = 1", encoding="utf-8")
    for path in (str(tmp_path / "bad.toml"), "relative.toml", "", str(tmp_path / "none.toml"), "/\0"):
        await page.post("profile", path=path)
        assert page.pages.profile is None
        assert "notice" in (await page.get("start")).text
