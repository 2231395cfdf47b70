"""The vault: what goes wrong with the file has a name, and nothing that was taken is lost."""

import shutil
import stat
from pathlib import Path

import pytest

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import LegalClass, UsState
from producers import errors
from producers.facts import Fact, Where
from producers.profile import Profile
from producers.secret_files import Secret
from producers.vault.fact_store import FactStore
from producers.vault.schema import SCHEMA, Row, Value
from producers.vault.sent_chain import Chain
from producers.vault.store import FORMAT, Vault
from tests.kits.edge_kit.agency import Agency

WORDS = Secret(passphrase="correct horse 'battery' staple")
RAW = Secret(raw_key=bytes(range(32)))


def profile(folder: Path, **changes: object) -> Profile:
    told = {"agency": "harbor-light", "state": "ca", "legal_class": "individual", "vault": folder / "a.vault"}
    return Profile.model_validate({**told, **changes})


@pytest.fixture(params=[WORDS, RAW], ids=["passphrase", "raw key"])
def secret(request: pytest.FixtureRequest) -> Secret:
    return request.param


def fact(key: str, body: e.Correctable) -> Fact:
    return Fact(key, parse_period("2026Q1"), UsState.ca, body, f"client-{key}", Where("f", 1))


def many(count: int) -> list[Fact]:
    return [fact(f"{n}", e.NeedIdentified(v.Service.food)) for n in range(count)]


async def publish(agency: Agency, count: int, pages_left: int | None = None) -> None:
    """Publish so many facts, on a disk with room for so many pages more."""
    async with agency.edge() as edge:
        pages = edge.vault.one("PRAGMA page_count")
        if pages and pages_left is not None:
            edge.vault.one(f"PRAGMA max_page_count = {pages[0] + pages_left}")
        for one in many(count):
            await edge.publish(one)


def test_what_is_kept_is_there_again(tmp_path: Path, secret: Secret) -> None:
    with Vault.create(profile(tmp_path), secret) as vault:
        vault.set("database", b"one")
        vault.commit()
        key = Chain(vault, FactStore(vault)).public_key
    with Vault.open(profile(tmp_path), secret) as vault:
        assert vault.get("database") == b"one"
        assert Chain(vault, FactStore(vault)).public_key == key


def test_what_was_not_committed_is_not_there(tmp_path: Path) -> None:
    with Vault.create(profile(tmp_path), RAW) as vault:
        vault.set("database", b"one")
    with Vault.open(profile(tmp_path), RAW) as vault:
        assert vault.get("database") == b""


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    with Vault.create(profile(tmp_path), RAW) as vault:
        vault.set("database", b"one")
        vault.commit()
        modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("a.vault*")}
    assert modes == {0o600}


def test_a_wrong_passphrase_does_not_open_it(tmp_path: Path, secret: Secret) -> None:
    Vault.create(profile(tmp_path), secret).close()
    for wrong in (Secret(passphrase="wrong"), Secret(raw_key=bytes(32))):
        with pytest.raises(errors.VaultNotOpened, match="Check the passphrase"):
            Vault.open(profile(tmp_path), wrong)
    Vault.open(profile(tmp_path), secret).close()


def test_an_empty_passphrase_is_none(tmp_path: Path) -> None:
    with pytest.raises(errors.PassphraseMissing, match="EXCHANGE_VAULT_PASSPHRASE"):
        profile(tmp_path).secret(lambda: "")


def test_a_missing_vault_is_reported_with_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(errors.VaultMissing, match="edge init"):
        Vault.open(profile(tmp_path), RAW)


def test_a_vault_is_never_overwritten(tmp_path: Path) -> None:
    Vault.create(profile(tmp_path), RAW).close()
    octets = (tmp_path / "a.vault").read_bytes()
    with pytest.raises(errors.VaultExists):
        Vault.create(profile(tmp_path), RAW)
    assert (tmp_path / "a.vault").read_bytes() == octets


def test_a_vault_that_was_never_finished_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.vault.unfinished").write_bytes(b"left by a kill")
    with pytest.raises(errors.VaultMissing):
        Vault.open(profile(tmp_path), RAW)
    Vault.create(profile(tmp_path), RAW).close()
    assert [file.name for file in tmp_path.iterdir()] == ["a.vault"]


def test_a_vault_that_cannot_be_made_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("producers.vault.store.schema_of", lambda _: (*SCHEMA, "CREATE nonsense"))
    with pytest.raises(Exception, match="nonsense"):
        Vault.create(profile(tmp_path), RAW)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.VaultUnwritable):
        Vault.create(profile(tmp_path, vault=tmp_path / "file" / "a.vault"), RAW)


def test_a_second_user_is_refused_while_the_first_is_there(tmp_path: Path) -> None:
    with Vault.create(profile(tmp_path), RAW), pytest.raises(errors.VaultInUse):
        Vault.open(profile(tmp_path), RAW)
    Vault.open(profile(tmp_path), RAW).close()


@pytest.mark.parametrize("change", [{"agency": "other-light"}, {"legal_class": "year_only"}])
def test_the_vault_of_another_agency_or_class_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    Vault.create(profile(tmp_path), RAW).close()
    with pytest.raises(errors.VaultOfAnother):
        Vault.open(profile(tmp_path, **change), RAW)


def test_a_newer_vault_is_refused(tmp_path: Path) -> None:
    with Vault.create(profile(tmp_path), RAW) as vault:
        vault.set("format", (FORMAT + 1).to_bytes(2, "big"))
        vault.commit()
    with pytest.raises(errors.VaultTooNew):
        Vault.open(profile(tmp_path), RAW)


def test_an_empty_file_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.vault").touch()
    with pytest.raises(errors.VaultDamaged, match="Restore it from your backup"):
        Vault.open(profile(tmp_path), RAW)


async def test_every_damaged_page_is_found_or_unused_and_named(tmp_path: Path) -> None:
    """One bit in each page: the run ends with a named error or all facts, never a wrong answer."""
    agency = Agency(tmp_path)
    async with agency.edge() as edge:
        for one in many(300):
            await edge.publish(one)
    whole = agency.profile.vault.read_bytes()
    ends = set()
    for page in range(0, len(whole), 4096):
        octets = bytearray(whole)
        octets[page + 2000] ^= 1
        agency.profile.vault.write_bytes(octets)
        try:
            async with agency.edge() as edge:
                for one in many(300):
                    await edge.publish(one)
        except errors.VaultError as error:
            ends.add(type(error))
        else:
            assert sum(edge.report.outcomes.values()) == 300
    assert ends == {errors.VaultNotOpened, errors.VaultDamaged}
    counts = agency.admitted()
    assert counts[b"needs_by_service|2026Q1|ca|food"] == 300


async def test_a_cut_file_is_damaged(tmp_path: Path) -> None:
    agency = Agency(tmp_path)
    async with agency.edge() as edge:
        for one in many(300):
            await edge.publish(one)
    whole = agency.profile.vault.read_bytes()
    agency.profile.vault.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(errors.VaultDamaged):
        await publish(agency, 300)


@pytest.mark.parametrize("room", [0, 3, 6, 10, 20])
async def test_a_full_disk_is_named_and_loses_nothing(tmp_path: Path, room: int) -> None:
    agency = Agency(tmp_path)
    with pytest.raises(errors.VaultFull, match="Free some space"):
        await publish(agency, 3_000, pages_left=room)
    await publish(agency, 3_000)
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|food"] == 3_000
    assert agency.exchange.refused == []


def test_a_kill_leaves_what_was_committed(tmp_path: Path) -> None:
    """The files as they are on the disk, write-ahead log too, open again with the last commit."""
    (tmp_path / "copy").mkdir()
    with Vault.create(profile(tmp_path), RAW) as vault:
        for number in range(50):
            vault.set("database", b"%d" % number)
            vault.commit()
            if number == 20:
                vault.set("database", b"never")
                for file in tmp_path.glob("a.vault*"):
                    shutil.copy(file, tmp_path / "copy")
                vault.rollback()
    with Vault.open(profile(tmp_path / "copy"), RAW) as vault:
        assert vault.get("database") == b"20"


async def test_what_is_to_be_sent_is_found_without_a_look_at_all_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = dict[str, tuple[Value, ...]]()
    ask = Vault.all

    def noting(vault: Vault, query: str, values: tuple[Value, ...] = ()) -> list[Row]:
        asked[query] = values
        return ask(vault, query, values)

    async with Agency(tmp_path).edge() as edge:
        await edge.read_all(many(20))
        monkeypatch.setattr(Vault, "all", noting)
        assert edge._outbox.fill(7) == 7
        plans = [str(ask(edge.vault, f"EXPLAIN QUERY PLAN {query}", values)) for query, values in asked.items()]
    assert len(plans) >= 4
    assert not [plan for plan in plans if "SCAN fact" in plan or "TEMP B-TREE" in plan]


@pytest.mark.parametrize("legal_class", ["individual", "year_only", "tally_only"])
def test_only_a_vault_that_keeps_facts_for_tallies_watches_them(tmp_path: Path, legal_class: str) -> None:
    with Vault.create(profile(tmp_path, legal_class=legal_class), RAW) as vault:
        watches = vault.all("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    assert bool(watches) is (legal_class == "tally_only")


def test_together_means_all_or_nothing(tmp_path: Path) -> None:
    with Vault.create(profile(tmp_path), RAW) as vault:
        vault.set("database", b"before")
        with pytest.raises(ZeroDivisionError), vault.writing():
            vault.set("database", b"%d" % (1 // (vault.run("INSERT INTO meta VALUES ('half', x'00')") - 1)))
        assert vault.get("database") == b"before"
        assert vault.one("SELECT 1 FROM meta WHERE name = 'half'") is None


def test_no_message_holds_the_secret_or_a_statement(tmp_path: Path) -> None:
    Vault.create(profile(tmp_path), WORDS).close()
    with pytest.raises(errors.VaultNotOpened) as caught:
        Vault.open(profile(tmp_path), Secret(passphrase="planted-wrong"))
    said = f"{caught.value!r}{caught.value}{WORDS!r}{RAW!r}"
    assert not any(word in said for word in ("planted", "horse", "SELECT", RAW.raw_key.hex()))
    assert caught.value.__cause__ is None


def test_legal_class_stays(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.tally_only)
    with pytest.raises(errors.VaultOfAnother, match="tally_only"):
        Vault.open(agency.profile.model_copy(update={"legal_class": LegalClass.individual}), RAW)
