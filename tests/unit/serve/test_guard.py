"""Who may read, and how often: tokens are random and kept as digests; limits count by reader."""

import re
from hashlib import sha256
from pathlib import Path

import pytest

from consumers.serve.access import Terms
from consumers.serve.reader_tokens import TokenNameInvalid, Tokens, TokensUnusable, add_token, read_tokens
from exchange.web.problems import ProblemKind
from tests.kits.command_line import exchange
from tests.kits.serve_world import JANUARY, asking, that_has_read

ADDRESS = "/v1/metrics/cases"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens.txt"


def test_a_token_is_random_and_only_its_digest_is_kept(path: Path) -> None:
    made = [add_token(path, f"reader-{n}") for n in range(20)]
    assert len(set(made)) == 20
    assert all(len(token) >= 43 for token in made)
    text = path.read_text()
    assert not any(token in text for token in made)
    assert f"reader-3 {sha256(made[3].encode()).hexdigest()}" in text.splitlines()
    assert path.stat().st_mode & 0o777 == 0o600
    tokens = read_tokens(path)
    assert [tokens.reader(f"Bearer {token}") for token in made] == [f"reader-{n}" for n in range(20)]


def test_the_command_prints_the_token_once(path: Path) -> None:
    done = exchange("tokens", "add", "state-office", "--tokens", str(path))
    assert done.returncode == 0
    assert read_tokens(path).reader(f"Bearer {done.stdout.strip()}") == "state-office"
    again = exchange("tokens", "add", "state-office", "--tokens", str(path))
    assert again.returncode == 2
    assert "only once" in again.stderr


@pytest.mark.parametrize("name", ["", "A", "-a", "a b", "a" * 41, "ä", "a\nb"])
def test_a_name_that_could_be_read_otherwise_is_refused(path: Path, name: str) -> None:
    with pytest.raises(TokenNameInvalid):
        add_token(path, name)
    assert not path.exists()


def test_notes_and_withdrawn_lines_are_fine(path: Path) -> None:
    kept, withdrawn = add_token(path, "kept"), add_token(path, "withdrawn")
    lines = [line for line in path.read_text().splitlines() if not line.startswith("withdrawn")]
    path.write_text("# of 2026\n\n" + "\n".join(lines))
    third = add_token(path, "third")
    tokens = read_tokens(path)
    assert [tokens.reader(f"Bearer {one}") for one in (kept, withdrawn, third)] == ["kept", None, "third"]


def test_a_file_that_is_damaged_or_open_to_others_is_refused(path: Path) -> None:
    with pytest.raises(TokensUnusable, match="No such file"):
        read_tokens(path)
    token = add_token(path, "one")
    path.chmod(0o644)
    with pytest.raises(TokensUnusable, match="open to others"):
        read_tokens(path)
    path.chmod(0o600)
    path.write_text(f"one {token}\n")
    with pytest.raises(TokensUnusable, match="line 1") as raised:
        read_tokens(path)
    assert token not in str(raised.value)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(TokensUnusable, match="no tokens"):
        read_tokens(path)


async def test_with_tokens_only_their_holders_get_an_answer(path: Path) -> None:
    token = add_token(path, "one")
    service = that_has_read(JANUARY)
    async with asking(service, Terms(read_tokens(path))) as client:
        assert (await client.get(ADDRESS, headers={"authorization": f"Bearer {token}"})).status_code == 200
        assert (await client.get(ADDRESS, auth=("anybody", token))).status_code == 200
        for given in (
            None,
            "",
            token,
            f"Bearer {token}x",
            "Bearer",
            "Basic !!!",
            f"Digest {token}",
            "Basic " + "A" * 9,
        ):
            answer = await client.get(ADDRESS, headers={} if given is None else {"authorization": given})
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["type"] == ProblemKind.TOKEN_NEEDED.address
            assert answer.headers["referrer-policy"] == "no-referrer"
        assert (await client.get("/registry/subjects")).json()["error_code"] == 401
        assert (await client.get("/v1/stream")).status_code == 401
        assert (await client.get("/openapi.json")).status_code == 401


def test_no_token_fits_an_empty_file(path: Path) -> None:
    assert Tokens(()).reader("Bearer x") is None
    assert Tokens((("a", sha256(b"").hexdigest()),)).reader("Basic Og==") is None


async def test_a_reader_that_asks_too_often_waits_and_another_does_not() -> None:
    service, terms = that_has_read(JANUARY), Terms(per_minute=5)
    async with asking(service, terms, "192.0.2.1") as client:
        answers = [await client.get(ADDRESS) for _ in range(8)]
        assert [one.status_code for one in answers] == [200] * 5 + [429] * 3
        assert re.fullmatch(r"[1-9]\d?", answers[-1].headers["retry-after"])
        assert answers[-1].json()["type"] == ProblemKind.TOO_MANY_REQUESTS.address
    async with asking(service, Terms(per_minute=0), "192.0.2.1") as client:
        assert {(await client.get(ADDRESS)).status_code for _ in range(50)} == {200}


@pytest.mark.parametrize(
    ("proxy", "peer", "forwarded", "shared"),
    [
        ("", "192.0.2.9", ["198.51.100.1", "198.51.100.2"], True),
        ("192.0.2.9", "192.0.2.9", ["198.51.100.1", "198.51.100.2"], False),
        ("192.0.2.9", "192.0.2.8", ["198.51.100.1", "198.51.100.2"], True),
        ("192.0.2.9", "192.0.2.9", ["198.51.100.1, 203.0.113.5", "198.51.100.2, 203.0.113.5"], True),
        ("192.0.2.9", "192.0.2.9", ["2001:db8:0:1::5", "2001:db8:0:1::6"], True),
        ("192.0.2.9", "192.0.2.9", ["2001:db8:0:1::5", "2001:db8:0:2::5"], False),
        ("192.0.2.9", "192.0.2.9", ["nonsense", "other"], True),
    ],
)
async def test_readers_are_told_apart_by_what_cannot_be_made_up(proxy, peer, forwarded, shared) -> None:
    async with asking(that_has_read(JANUARY), Terms(per_minute=3, proxy=proxy), peer) as client:
        for _ in range(3):
            await client.get(ADDRESS, headers={"x-forwarded-for": forwarded[0]})
        other = await client.get(ADDRESS, headers={"x-forwarded-for": forwarded[1]})
        assert other.status_code == (429 if shared else 200)


async def test_guessing_tokens_is_limited_too(path: Path) -> None:
    token = add_token(path, "one")
    async with asking(that_has_read(JANUARY), Terms(read_tokens(path), 4)) as client:
        guesses = [(await client.get(ADDRESS, headers={"authorization": f"Bearer {n}"})).status_code for n in range(6)]
        assert guesses == [401] * 4 + [429] * 2
        assert (await client.get(ADDRESS, headers={"authorization": f"Bearer {token}"})).status_code == 200
