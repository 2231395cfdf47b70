"""A client's refusal is kept and honoured; agencies see what is over caps, nobody a name."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from exchange.cli.agency.client_key import ClientKeyOnCommandLine, ClientKeyUnread
from exchange.core.admission.cap_rules import RULES, Cap
from exchange.core.exit_status import ExitStatus
from exchange.core.model import events as e
from exchange.core.model.events import Correction, Heartbeat
from exchange.core.model.vocabulary import LegalClass
from producers.errors import ClientUnknown, ExchangeSilent
from producers.facts import Fact
from producers.profile import Profile
from producers.setup import hold_client
from producers.vault.fact_store import FactOutcome
from producers.vault.store import Vault
from tests.kits.at_a_terminal import at_a_terminal
from tests.kits.edge_kit.agency import SECRET, Agency
from tests.kits.edge_kit.desk import PLANTED, Desk, need
from tests.kits.edge_kit.facts import FOOD, SHELTER, bodies, publish
from tests.kits.edge_kit.facts import need as need_of

SERVICES = (
    "food",
    "housing",
    "transportation",
    "legal",
    "emergency_shelter",
    "employment",
    "education",
    "advocacy",
)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    return Agency(tmp_path)


def fact(key: str, body: e.Correctable = SHELTER, client: str = "c-1") -> Fact:
    return replace(need_of(key, body), client=client)


async def hold(agency: Agency, *, retract: bool = False) -> None:
    async with agency.edge() as edge:
        edge.hold("c-1", retract=retract)


def said(agency: Agency) -> list[e.Body]:
    return [body for body in bodies(agency) if not isinstance(body, Heartbeat)]


async def test_nothing_more_about_a_client_who_refused_is_sent(agency: Agency) -> None:
    await publish(agency, fact("a"))
    before = said(agency)
    await hold(agency)
    outcomes = await publish(agency, fact("a", FOOD), fact("b"), fact("of another", FOOD, client="c-2"))
    assert outcomes == [FactOutcome.HELD, FactOutcome.HELD, FactOutcome.PUBLISHED]
    assert said(agency) == [*before, FOOD]


async def test_a_refusal_comes_before_anything_is_known_of_the_client(agency: Agency) -> None:
    await hold(agency)
    assert await publish(agency, fact("a")) == [FactOutcome.HELD]
    assert said(agency) == []


async def test_what_waits_is_not_sent_and_a_change_that_waits_is_not_either(agency: Agency) -> None:
    await publish(agency, fact("a"))
    async with agency.edge() as edge:
        await edge.publish(fact("a", FOOD))
        await edge.publish(fact("b", FOOD))
        edge.hold("c-1")
    assert len(said(agency)) == 1


async def test_what_the_source_no_longer_has_is_withdrawn_all_the_same(agency: Agency) -> None:
    await publish(agency, fact("a"))
    await hold(agency)
    async with agency.edge() as edge:
        await edge.retract("a")
    assert agency.admitted() == {}


@pytest.mark.parametrize("client", ["c-2", ""])
@pytest.mark.parametrize("retract", [False, True])
async def test_what_is_about_a_client_who_refused_stays_held_under_another_key_or_none(
    agency: Agency, client: str, retract: bool
) -> None:
    await publish(agency, fact("a"))
    await hold(agency, retract=retract)
    before = said(agency)
    assert await publish(agency, fact("a", FOOD, client=client)) == [FactOutcome.HELD]
    assert said(agency) == before
    async with agency.edge() as edge:
        edge.unhold("c-1")
        await edge.publish(fact("a", FOOD, client=client))
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|food"] == 1


async def test_what_the_exchange_refused_of_a_client_who_refuses_by_now_is_not_tried_again(agency: Agency) -> None:
    agency.exchange.refuse_body = FOOD
    agency.exchange.trouble.gate_sleeps = 1.0
    with pytest.raises(ExchangeSilent):
        await publish(agency, fact("a", FOOD), fact("of another", FOOD, client="c-2"))
    agency.exchange.trouble.gate_sleeps = 0.0
    hold_client(agency.profile, SECRET, "c-1", retract=False)
    await publish(agency)
    agency.exchange.refuse_body = None
    async with agency.edge() as edge:
        assert edge.retry_refused() == 1
    assert said(agency) == [FOOD]


async def test_what_was_sent_is_withdrawn_with_all_its_marks_when_the_client_wants_it(agency: Agency) -> None:
    await publish(agency, fact("a"), fact("b", FOOD))
    await hold(agency, retract=True)
    assert agency.admitted() == {}
    corrections = [event.cap for _, event in agency.exchange.events() if isinstance(event.body, Correction)]
    both = Cap.NATION | Cap.STATE
    assert sorted(corrections) == [both, both | Cap.ARRIVAL]
    assert await publish(agency, fact("a"), fact("b", FOOD)) == [FactOutcome.HELD, FactOutcome.HELD]
    assert agency.admitted() == {}


async def test_after_the_hold_is_released_the_next_run_sends_what_the_files_say(agency: Agency) -> None:
    await publish(agency, fact("a"))
    await hold(agency, retract=True)
    async with agency.edge() as edge:
        assert edge.unhold("c-1")
        assert not edge.unhold("nobody")
        assert await edge.publish(fact("a")) is FactOutcome.PUBLISHED
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|emergency_shelter"] == 1


async def test_a_client_who_refused_is_in_no_tally(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.tally_only)
    await publish(agency, fact("a"), fact("b", client="c-2"))
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|emergency_shelter"] == 2
    await hold(agency)
    assert agency.admitted()[b"needs_by_service|2026Q1|ca|emergency_shelter"] == 1


def test_a_hold_is_kept_without_an_exchange_and_shows_in_the_status(desk: Desk) -> None:
    desk.exchange.away = 1_000
    desk.run("edge", "hold", "--unseen", typed="client-1\n")
    assert json.loads(desk.run("edge", "status", "--json").stdout)["clients_held"] == 1
    desk.exchange.away = 0
    desk.write(need("1"), need("2"))
    plain = json.loads(desk.run("publish", "facts.jsonl", "--json").stdout)
    assert (plain["held"], plain["published"]) == (1, 1)
    assert desk.sent() == 1
    assert "No longer held" in desk.run("edge", "unhold", typed="client-1\n").stdout
    assert "nothing changed" in desk.run("edge", "unhold", typed="client-1\n").stdout
    desk.run("publish", "facts.jsonl")
    assert desk.sent() == 2


@pytest.mark.parametrize("words", [("hold",), ("hold", "--retract"), ("unhold",)])
def test_a_key_that_no_file_named_is_refused_by_name_and_the_vault_is_as_before(
    desk: Desk, words: tuple[str, ...]
) -> None:
    """A mistyped key would hold nobody, and events about the client would still be sent."""
    desk.write(need("1"))
    desk.run("publish", "facts.jsonl")
    before = contents(desk)
    refused = desk.run("edge", *words, typed="client-11\n", ends=1)
    assert isinstance(refused.exception, ClientUnknown)
    assert "client-11" not in refused.output + str(refused.exception)
    assert contents(desk) == before
    assert desk.sent() == 1
    assert "Held:" in desk.run("edge", "hold", typed="client-1\n").stdout


def contents(desk: Desk) -> list[tuple[object, ...]]:
    """Every row of the vault about clients and facts."""
    profile = Profile.load(desk.folder / "agency.toml")
    with Vault.open(profile, profile.secret()) as vault:
        return [*vault.all("SELECT * FROM client"), *vault.all("SELECT * FROM fact"), *vault.all("SELECT * FROM chain")]


@pytest.mark.parametrize("words", [("hold",), ("hold", "--retract"), ("unhold",)])
def test_a_clients_key_on_the_command_line_is_refused_and_not_repeated(desk: Desk, words: tuple[str, ...]) -> None:
    desk.write(need("1", client=PLANTED))
    desk.run("publish", "facts.jsonl")
    before = contents(desk)
    for keys in ([PLANTED], [PLANTED, PLANTED]):
        refused = desk.run("edge", *words, *keys, ends=1)
        assert isinstance(refused.exception, ClientKeyOnCommandLine)
        assert refused.exception.exit_code is ExitStatus.USAGE
        assert PLANTED not in str(refused.exception)
    assert contents(desk) == before


@pytest.mark.parametrize("typed", ["", "\n", "  \n", "client-1\nclient-2\n", "client-1\n\n"])
def test_standard_input_holds_one_key_or_nothing_is_done(desk: Desk, typed: str) -> None:
    desk.write(need("1"), need("2"))
    desk.run("publish", "facts.jsonl")
    assert isinstance(desk.run("edge", "hold", typed=typed, ends=1).exception, ClientKeyUnread)
    assert json.loads(desk.run("edge", "status", "--json").stdout)["clients_held"] == 0


def test_at_a_terminal_the_key_is_asked_for_twice_and_not_shown(desk: Desk) -> None:
    """In a process with a terminal of its own; nothing of the key is in its command line."""
    desk.write(need("1", client=PLANTED))
    desk.run("publish", "facts.jsonl")
    shown, command_lines, status = at_a_terminal(
        ["edge", "hold", "--profile", "agency.toml"], [PLANTED, PLANTED], desk.folder
    )
    assert status == 0, shown
    assert "Held:" in shown
    assert PLANTED not in shown
    assert all(PLANTED.encode() not in line for line in command_lines)
    assert json.loads(desk.run("edge", "status", "--json").stdout)["clients_held"] == 1


def test_no_command_prints_the_clients_key(desk: Desk) -> None:
    """`Desk.run` looks for it in all that is printed."""
    desk.write(need("1", client=PLANTED))
    desk.run("publish", "facts.jsonl")
    assert "Withdrawn: 1 fact about this client." in desk.run("edge", "hold", "--retract", typed=PLANTED + "\n").stdout
    assert desk.sent() == 2
    desk.run("publish", "facts.jsonl")
    desk.run("edge", "status")
    desk.run("edge", "unhold", typed=PLANTED + "\n")


def test_the_agency_sees_what_is_within_and_past_its_caps(desk: Desk) -> None:
    facts = [need(service, service, client="client-1") for service in SERVICES]
    nobodys = {name: value for name, value in need("nobody").items() if name != "client"}
    desk.write(*facts, nobodys)
    [most] = {rule.most for rule in RULES if rule.bit is Cap.NATION and rule.body is e.NeedIdentified}
    rule = f"NeedIdentified, nation: {most} with another service"
    dry = json.loads(desk.run("publish", "facts.jsonl", "--dry-run", "--json").stdout)
    assert {"rule": rule, "kept": most, "past": len(SERVICES) - most + 1} in dry["caps"]
    assert sum(item["count"] for item in dry["leaving"] if "nation" in item["caps"]) == most
    assert sum(item["count"] for item in dry["leaving"] if "past" in item["caps"]) == 1
    shown = desk.run("publish", "facts.jsonl").stdout
    assert rule in shown
    assert "1 fact about a client without a client key" in shown.replace("\n", " ")
    status = json.loads(desk.run("edge", "status", "--json").stdout)
    assert {"rule": rule, "kept": most, "past": len(SERVICES) - most + 1} in status["caps"]
    assert rule in desk.run("edge", "status").stdout


def test_where_all_is_within_the_caps_nothing_is_printed_about_them(desk: Desk) -> None:
    desk.write(need("1"))
    assert "caps" not in desk.run("publish", "facts.jsonl").stdout


def test_an_agency_of_totals_sees_it_of_the_facts_it_keeps(desk: Desk) -> None:
    profile = desk.folder / "agency.toml"
    text = profile.read_text(encoding="utf-8").replace('"individual"', '"tally_only"\nsmall_counts = true')
    profile.write_text(text, encoding="utf-8")
    (desk.folder / "harbor.vault").unlink()
    desk.run("edge", "init")
    desk.write(*(need(service, service, client="client-1") for service in SERVICES))
    dry = json.loads(desk.run("publish", "facts.jsonl", "--scheduled", "--dry-run", "--json").stdout)
    [most] = {rule.most for rule in RULES if rule.bit is Cap.NATION and rule.body is e.NeedIdentified}
    found = [one for one in dry["caps"] if one["rule"].startswith("NeedIdentified, nation")]
    assert [(one["kept"], one["past"]) for one in found] == [(most, len(SERVICES) - most)]
