"""Identifiers cannot leave: ten thousand planted ones, in every place of every source, none found.

Looked for, in every encoding of `identifiers.forms`: in the bytes of the inbox, what a person sees,
the log in full, previews, JSON, temporary files, and the vault as it lies on the disk. Only the
list of refused rows may name records. Each way to leak, put in, is found.
"""

import logging
import tempfile
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import typer

from exchange.cli.agency import refused_rows
from exchange.core.model.vocabulary import LegalClass
from producers import intake
from producers.facts import Fact
from producers.sources import FORMATS
from producers.sources.hmis.reading.row import Row
from producers.vault.store import Vault
from tests.kits.edge_kit.exchange import UnkindLink
from tests.kits.planted_kit.finder import Finder, packed
from tests.kits.planted_kit.identifiers import KINDS, Planter, forms
from tests.kits.planted_kit.plantings import PLANTINGS, hmis
from tests.kits.planted_kit.sheet_plantings import to_be_mapped
from tests.kits.planted_kit.watched_runs import WatchedDesk

BY_DAY, AT_NIGHT = 40, 200
"""Clients of each file."""
PLANTED_MIN = 10_000
ENDS = {0, 1, 3, 7}
"""Published, refused whole, some refused, something waits; never a traceback."""


def test_every_source_is_planted() -> None:
    assert {planting.format for planting in PLANTINGS} == {known.name for known in FORMATS}


def published(
    folder: Path, monkeypatch: pytest.MonkeyPatch, legal_class: LegalClass, planter: Planter, clients: int
) -> WatchedDesk:
    """Every planted file of every source, published one after another."""
    desk = WatchedDesk(folder, monkeypatch, legal_class)
    for planting in PLANTINGS:
        for what, write in planting.files(planter, clients):
            assert desk.publish(f"{planting.format}, {what}", write) <= ENDS
    write, words = to_be_mapped(planter, clients)
    assert desk.map(write, *words) == ENDS, "not sure at first, then mapped, which nobody knows without the profile"
    assert desk.look_after(offline=True) == {0}
    return desk


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("legal_class", "clients"),
    [
        (LegalClass.individual, BY_DAY),
        (LegalClass.tally_only, BY_DAY),
        pytest.param(LegalClass.individual, AT_NIGHT, marks=pytest.mark.slow),
    ],
)
def test_no_planted_identifier_is_found(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    legal_class: LegalClass,
    clients: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    planter = Planter(9)
    desk = published(tmp_path, monkeypatch, legal_class, planter, clients)
    finder = Finder(planter.planted)
    found = desk.leaks(finder, {})
    with capsys.disabled():
        octets = sum(map(len, desk.kept.values())) + len(desk.sent) + len(desk.records)
        met = len(set().union(*found.values()))
        print(f"\n{legal_class}: planted {len(planter.planted):,}, found {met} in {octets:,} bytes")
    assert not found
    assert not desk.written_elsewhere()
    assert not list(desk.temporary.rglob("*"))
    assert desk.exchange.events()
    assert finder.found(desk.records), "no list named a record"
    assert {one.kind for one in planter.planted} == {*KINDS}
    assert clients == BY_DAY or len(planter.planted) >= PLANTED_MIN


# The finder finds, and each way to leak is found


@pytest.mark.parametrize("kind", KINDS)
def test_every_form_is_found_wherever_it_stands(kind: str) -> None:
    planter = Planter(1)
    planter.some(kind)
    (one,) = planter.planted
    finder = Finder([one])
    encoded = one.text.encode()
    for before in range(4):
        around = b"x" * before + encoded + b"yz"
        assert finder.found(b64encode(around)) == {one}
        assert finder.found(packed(around)) == {one}
        assert finder.found(b"a" * before + sha256(encoded).digest()) == {one}
    assert all(finder.found(b"?" + form + b"?") == {one} for form in forms(one))
    assert not Finder([one]).found(b"harbor-light 2026Q1 9 needs, 3 services" * 99)


def value_in_a_rule(patch: pytest.MonkeyPatch) -> None:
    honest = Row.refuse

    def refuse(row: Row, column: str, rule: str, **how: Any) -> None:
        honest(row, column, f"{rule}: {row.text(column)}", **how)

    patch.setattr(Row, "refuse", refuse)


def row_in_the_log(patch: pytest.MonkeyPatch) -> None:
    honest = Row.key

    def key(row: Row, column: str) -> str:
        logging.getLogger("producers").debug("%r", row.cells)
        return honest(row, column)

    patch.setattr(Row, "key", key)


def copy_on_the_disk(patch: pytest.MonkeyPatch) -> None:
    on_take(patch, lambda fact: Path(tempfile.gettempdir(), "copy").write_bytes(packed(fact.client.encode())))


def copy_that_is_removed(patch: pytest.MonkeyPatch) -> None:
    def copy(fact: Fact) -> None:
        with tempfile.NamedTemporaryFile(prefix="export") as file:
            file.write(fact.client.encode())

    on_take(patch, copy)


def hash_of_a_client(patch: pytest.MonkeyPatch) -> None:
    on_take(patch, lambda fact: typer.echo(sha256(fact.client.encode()).hexdigest()))


def base64_of_a_key(patch: pytest.MonkeyPatch) -> None:
    on_take(patch, lambda fact: typer.echo(b64encode(f"k:{fact.client}:".encode()).decode(), err=True))


def client_on_the_wire(patch: pytest.MonkeyPatch) -> None:
    honest, clients = UnkindLink.send, list[bytes]()
    on_take(patch, lambda fact: clients.append(fact.client.encode("utf-16-le")) if fact.client else None)

    async def send(link: UnkindLink, values: Any) -> None:
        await honest(link, [*values, *clients[:1]])

    patch.setattr(UnkindLink, "send", send)


def key_beside_the_vault(patch: pytest.MonkeyPatch) -> None:
    honest = Vault.commit

    def commit(vault: Vault) -> None:
        names = vault.all("SELECT name FROM client")
        Path("harbor.vault-index").write_bytes(b"".join(bytes(name) for (name,) in names))
        honest(vault)

    patch.setattr(Vault, "commit", commit)


def record_on_the_screen(patch: pytest.MonkeyPatch) -> None:
    honest = refused_rows.causes_first

    def causes(rows: Any) -> Any:
        rows = list(rows)
        typer.echo(" ".join(row.record for row in rows))
        return honest(rows)

    patch.setattr(refused_rows, "causes_first", causes)


def on_take(patch: pytest.MonkeyPatch, leak: Callable[[Fact], object]) -> None:
    honest = intake.FactIntake.take

    def take(into: intake.FactIntake, fact: Fact) -> Any:
        leak(fact)
        return honest(into, fact)

    patch.setattr(intake.FactIntake, "take", take)


LEAKS = {
    value_in_a_rule: "output",
    row_in_the_log: "log",
    copy_on_the_disk: "temporary copy",
    copy_that_is_removed: "",
    hash_of_a_client: "output",
    base64_of_a_key: "errors",
    client_on_the_wire: "inbox",
    key_beside_the_vault: "harbor.vault-index",
    record_on_the_screen: "output",
}


@pytest.mark.parametrize("leak", LEAKS)
def test_each_way_to_leak_is_found(
    leak: Callable[[pytest.MonkeyPatch], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planter = Planter(2)
    desk = WatchedDesk(tmp_path, monkeypatch, LegalClass.individual)
    (_, _), (what, write), *_ = hmis(planter, 3)
    leak(monkeypatch)
    desk.publish(what, write)
    found = desk.leaks(Finder(planter.planted), {})
    if LEAKS[leak]:
        assert any(place.endswith(LEAKS[leak]) for place in found), found.keys()
    else:
        assert any(name.startswith("export") for name in desk.written_elsewhere())
