"""The calendar: what is due, sent, late or nothing to report, as the vault alone knows it."""

from datetime import date
from pathlib import Path

import pytest

from exchange.core.model.vocabulary import LegalClass
from exchange.testing import InMemoryExchange
from producers import Fact, NeedIdentified, Profile, Service, UsState, parse_period
from producers.delivery.run_options import RunOptions
from producers.edge import Edge
from producers.upkeep.reporting_calendar import QuarterLine, calendar_of, plain_line
from producers.vault.store import Vault
from tests.kits.edge_kit.agency import SECRET

CODE = "harbor-light"


def need(quarter: str, client: int = 1) -> Fact:
    key = f"case-{client}/{quarter}"
    return Fact(key, parse_period(quarter), UsState.ca, NeedIdentified(Service.housing), f"client-{client}")


class Agency:
    """An agency whose runs a test makes on days of its choice."""

    def __init__(self, folder: Path, legal_class: LegalClass = LegalClass.individual) -> None:
        own = {"agency": CODE, "state": "ca", "legal_class": legal_class, "vault": folder / "v"}
        self.profile = Profile.model_validate({**own, "small_counts": legal_class is LegalClass.tally_only})
        self.exchange = InMemoryExchange()
        self.exchange.enrol(self.profile, SECRET)

    async def run(self, on: date, *facts: Fact, nothing: bool = False, scheduled: bool = True) -> None:
        how = RunOptions(scheduled=scheduled)
        async with Edge.open(self.profile, secret=SECRET, link=self.exchange.link(CODE), today=on, options=how) as edge:
            if nothing:
                edge.nothing_to_report()
            await edge.read_all(facts)

    def lines(self, on: date) -> tuple[QuarterLine, ...]:
        with Vault.open(self.profile, SECRET) as vault:
            return calendar_of(vault, self.profile.legal_class, on)

    def states(self, on: date) -> dict[str, str]:
        return {line.quarter: line.standing.value for line in self.lines(on)}


def test_a_new_vault_owes_nothing_but_the_quarter_that_runs(tmp_path: Path) -> None:
    assert Agency(tmp_path).states(date(2026, 5, 3)) == {"2026Q2": "not over"}


@pytest.mark.parametrize(
    ("day", "state"),
    [
        (date(2026, 3, 31), "not over"),
        (date(2026, 4, 1), "due"),
        (date(2026, 5, 5), "due"),
        (date(2026, 5, 6), "late"),
    ],
)
async def test_a_quarter_is_due_when_it_is_over_and_late_five_weeks_after(
    tmp_path: Path, day: date, state: str
) -> None:
    agency = Agency(tmp_path)
    await agency.run(date(2026, 2, 10), need("2026Q1"))
    assert agency.states(day)["2026Q1"] == state


async def test_a_run_after_its_end_sends_a_quarter_also_over_the_new_year(tmp_path: Path) -> None:
    agency = Agency(tmp_path)
    await agency.run(date(2025, 12, 10), need("2025Q4"))
    await agency.run(date(2026, 1, 10), need("2025Q4", 2))
    (line, _) = agency.lines(date(2026, 2, 1))
    assert (line.quarter, line.standing.value, line.facts, line.waiting) == ("2025Q4", "sent", 2, 0)
    assert (line.runs, line.scheduled, line.by) == (1, 1, date(2026, 1, 15))


async def test_a_quarter_that_waited_for_the_second_one_after_it_was_sent_late(tmp_path: Path) -> None:
    agency = Agency(tmp_path)
    await agency.run(date(2025, 11, 10), need("2025Q4"))
    await agency.run(date(2026, 4, 10), need("2025Q4", 2), need("2025Q2", 3))
    states = agency.states(date(2026, 5, 1))
    assert states["2025Q4"] == "sent late"
    assert states["2025Q2"] == "sent"  # from before the first run: nobody waited for it
    assert agency.lines(date(2026, 5, 1))[-1].late == 1


async def test_nothing_to_report_is_what_a_person_stated_and_not_mere_silence(tmp_path: Path) -> None:
    agency = Agency(tmp_path)
    await agency.run(date(2026, 1, 20), need("2026Q1"))
    await agency.run(date(2026, 7, 2), nothing=True)
    await agency.run(date(2026, 10, 2))
    await agency.run(date(2027, 1, 2))
    states = agency.states(date(2027, 1, 20))
    assert [states[f"2026Q{n}"] for n in (1, 2, 3, 4)] == ["sent late", *["nothing to report"] * 2, "sent"]


async def test_what_the_exchange_has_not_accepted_is_not_sent(tmp_path: Path) -> None:
    agency = Agency(tmp_path)
    await agency.run(date(2026, 2, 10), need("2026Q1"))
    await agency.run(date(2026, 4, 3))
    async with Edge.open(
        agency.profile, secret=SECRET, link=agency.exchange.link(CODE), today=date(2026, 4, 4)
    ) as edge:
        await edge.publish(need("2026Q1", 2))
        edge.stage()
        (line, *_) = calendar_of(edge.vault, LegalClass.individual, date(2026, 4, 4))
    assert (line.standing.value, line.waiting) == ("due", 1)
    assert agency.states(date(2026, 4, 5))["2026Q1"] == "sent"


async def test_totals_are_sent_by_the_run_that_closes_their_quarter(tmp_path: Path) -> None:
    agency = Agency(tmp_path, LegalClass.tally_only)
    await agency.run(date(2026, 2, 10), need("2026Q1"))
    await agency.run(date(2026, 4, 3), need("2026Q1", 2))
    assert agency.states(date(2026, 4, 10))["2026Q1"] == "due"
    await agency.run(date(2026, 4, 20), need("2026Q1", 3))
    assert agency.states(date(2026, 4, 21))["2026Q1"] == "sent"


def test_a_line_as_json_has_plain_values(tmp_path: Path) -> None:
    (line,) = Agency(tmp_path).lines(date(2026, 5, 3))
    assert plain_line(line) == {
        "quarter": "2026Q2",
        "standing": "not over",
        "by": "2026-07-15",
        "facts": 0,
        "waiting": 0,
        "runs": 0,
        "scheduled": 0,
        "late": 0,
    }
