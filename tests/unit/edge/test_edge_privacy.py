"""Nothing that identifies leaves or stays: sent bytes, raw vault bytes, messages, logs, errors.

Every text that a source hands over is planted and looked for, as it is and in the forms it could be
written in.
"""

import json
import logging
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from exchange.core.model.vocabulary import LegalClass, UsState
from producers.errors import EdgeError
from producers.secret_files import Secret
from producers.sources.jsonl import JsonLines
from tests.kits.edge_kit.agency import Agency

PLANTED = [f"planted-{kind}-7Q" for kind in ("key", "client", "name", "value", "column", "note")]
KEY, CLIENT, NAME, VALUE, COLUMN, NOTE = PLANTED
FORMS = [
    form
    for text in PLANTED
    for form in (
        text.encode(),
        text.upper().encode(),
        text.encode("utf-16-le"),
        text.encode().hex().encode(),
        b64encode(text.encode())[:-3],
        sha256(text.encode()).digest(),
        sha256(text.encode()).hexdigest().encode(),
    )
]


UNSOUND = {"barrier": "staff_turnover", "service": "food"}


def lines() -> list[dict[str, object]]:
    good = {"period": "2026Q1", "client": CLIENT, "body": "need_identified", "fields": {"service": "food"}}
    return [
        {**good, "key": KEY},
        {**good, "key": KEY + "2", "first_name": NAME, "fields": {"service": "food", "notes": NOTE}},
        {**good, "key": KEY + "3", "fields": {"service": VALUE}},
        {**good, "key": KEY + "4", "fields": {"service": "food", COLUMN: VALUE}},
        {**good, "key": KEY + "5", "period": VALUE},
        {**good, "key": KEY + "6", "body": VALUE},
        {**good, "key": KEY, "state": VALUE},
        {**good, "key": KEY + "7", "body": "barrier_reported", "fields": UNSOUND},
        {"withdraw": KEY + "2"},
    ]


def files_of(agency: Agency) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in agency.folder.glob("agency.vault*")}


def found(octets: bytes) -> list[bytes]:
    return [form for form in FORMS if form in octets]


@pytest.mark.parametrize("legal_class", [LegalClass.individual, LegalClass.year_only, LegalClass.tally_only])
async def test_no_planted_text_is_anywhere_but_inside_the_encryption(
    tmp_path: Path, legal_class: LegalClass, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    source_file = tmp_path / "facts.jsonl"
    source_file.write_text("\n".join(json.dumps(line) for line in lines()), encoding="utf-8")
    agency = Agency(tmp_path, legal_class)
    agency.exchange.unknown_rules = 2
    said = []
    for _ in range(2):
        async with agency.edge() as edge:
            readings = list(JsonLines(source_file, UsState.ca).read())
            await edge.read_all(readings)
            edge.vault.commit()
            on_disk = files_of(agency)
        refused = edge.report.refused_rows
        said.append(repr([r for r in readings if type(r).__name__ == "RowRefused"]) + repr(edge.report) + repr(refused))
    assert "agency.vault-wal" in on_disk
    assert not found(b"".join(on_disk.values()) + agency.profile.vault.read_bytes())
    assert not found(b"".join(agency.exchange.inbox))
    assert not found("".join([*said, *agency.messages, caplog.text, *capfd.readouterr()]).encode())


async def test_the_vault_does_hold_them_so_that_the_test_above_can_fail(tmp_path: Path) -> None:
    agency = Agency(tmp_path)
    source_file = tmp_path / "facts.jsonl"
    source_file.write_text("\n".join(json.dumps(line) for line in lines()), encoding="utf-8")
    async with agency.edge() as edge:
        await edge.read_all(JsonLines(source_file, UsState.ca).read())
        rows = edge.vault.all("SELECT fact.key, client.name FROM fact JOIN client ON client.id = fact.client")
    assert found(b"".join(x for row in rows for x in row))


async def test_errors_hold_no_planted_text(tmp_path: Path) -> None:
    agency = Agency(tmp_path)
    texts = []
    for secret, away in ((Secret(passphrase=VALUE), 0), (None, 10**6)):
        agency.exchange.away = away
        try:
            async with agency.edge(**({"secret": secret} if secret else {})) as edge:
                await edge.publish(agency_fact())
                await edge.retract(KEY + "unknown")
        except EdgeError as error:
            texts.append(f"{error!r}{error}{error.__cause__}{error.__context__}")
    assert len(texts) == 2
    assert not found("".join(texts).encode())


def agency_fact():
    from exchange.core.model import events as e
    from exchange.core.model import vocabulary as v
    from exchange.core.model.period import parse_period
    from producers.facts import Fact, Where

    body = e.NeedIdentified(v.Service.food)
    return Fact(KEY, parse_period("2026Q1"), UsState.ca, body, CLIENT, Where("f", 1))


async def test_equal_facts_of_two_clients_leave_alike(tmp_path: Path) -> None:
    """But for its place in the chain, an event about one client equals another's in bytes."""
    agency = Agency(tmp_path)
    source_file = tmp_path / "facts.jsonl"
    good = {"period": "2026Q1", "body": "need_identified", "fields": {"service": "food"}}
    rows = [{**good, "key": f"{KEY}{n}", "client": f"{CLIENT}{n}"} for n in range(20)]
    source_file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    async with agency.edge() as edge:
        await edge.read_all(JsonLines(source_file, UsState.ca).read())
    assert len({value[45:] for value in agency.exchange.inbox[:20]}) == 1
