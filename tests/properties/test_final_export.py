"""After any edits, the counts are those of an exchange that saw the last export alone.

No row of these exports is refused: a refused row is no evidence, so what it stated before stays.
"""

from datetime import date
from pathlib import Path
from random import Random

import pytest

from exchange.testing import InMemoryExchange
from producers.delivery.run_options import RunOptions
from producers.profile_sections import HmisProfile
from producers.sources import open_source
from producers.vault.fact_store import FactOutcome
from producers.vault.facts_compared import compare_facts
from tests.kits.export_damage import town
from tests.kits.hmis_exports import Written
from tests.kits.sizes import examples

TODAY = date(2026, 11, 29)
EDITS = {
    "Services.csv": {"TypeProvided": ("5", "7", "14"), "DateProvided": ("2026-03-09", "2026-05-07", "2026-06-01")},
    "Exit.csv": {"Destination": ("101", "215", "435", "24"), "ProjectCompletionStatus": ("1", "2", "3")},
    "Enrollment.csv": {"ReferralSource": ("1", "11", "30"), "LivingSituation": ("116", "204", "410")},
    "Event.csv": {"Event": ("1", "10", "13"), "ReferralResult": ("", "1", "2"), "EventDate": ("2026-05-03",)},
    "Client.csv": {"DOB": ("1999-09-09", "2008-01-01"), "DOBDataQuality": ("1", "2", "9")},
}
CHILDREN = ("Exit.csv", "Services.csv", "Event.csv", "HealthAndDV.csv")


def edit(written: Written, random: Random) -> None:
    for _ in range(random.randrange(1, 6)):
        file = random.choice([*EDITS])
        column = random.choice([*EDITS[file]])
        rows = [row for row in written.tables[file] if row.get("RecordType", "142") == "142"]
        if rows:
            random.choice(rows)[column] = random.choice(EDITS[file][column])


def delete(written: Written, random: Random) -> None:
    """A row is gone, or marked as deleted; or a whole household is gone, with all its rows.

    A member whose head is gone keeps what was known: nobody knows whether it moved in.
    """
    file = random.choice([*CHILDREN, "Enrollment.csv"])
    table = written.tables[file]
    if not table:
        return
    row = random.choice(table)
    if file == "Enrollment.csv":
        home = row.get("HouseholdID") or "none"
        gone = {one["EnrollmentID"] for one in table if one is row or one.get("HouseholdID") == home}
        for each in (file, *CHILDREN):
            written.tables[each] = [one for one in written.tables[each] if one["EnrollmentID"] not in gone]
    elif random.random() < 0.5:
        table.remove(row)
    else:
        row["DateDeleted"] = "2026-09-30 10:00:00"


def add(written: Written, random: Random, number: int) -> None:
    stays = [row for row in written.tables["Enrollment.csv"] if row["EnrollmentID"] == "E4"]
    for stay in stays:
        keys = {"EnrollmentID": stay["EnrollmentID"], "PersonalID": stay["PersonalID"]}
        day = f"2026-05-{random.randrange(1, 29):02}"
        kind = {"RecordType": "142", "TypeProvided": random.choice(("2", "5", "26"))}
        written.add("Services.csv", **keys, ServicesID=f"A{number}", DateProvided=day, **kind)
        written.add("Event.csv", **keys, EventID=f"B{number}", EventDate=day, Event=random.choice(("1", "10")))


async def publish(exchange: InMemoryExchange, agency: str, folder: Path) -> dict[FactOutcome, int]:
    profile = exchange.profile(agency, hmis=HmisProfile(all_projects_trafficking=True))
    if agency not in {code for code, _ in exchange.events}:
        exchange.enrol(profile)
    async with exchange.edge(profile, options=RunOptions(withdraw=True), preview=True) as edge:
        await edge.read_all(open_source(folder, profile).read())
        edge.leaving()
        foreseen = compare_facts(edge.vault)
    async with exchange.edge(profile, options=RunOptions(withdraw=True)) as edge:
        await edge.read_all(open_source(folder, profile).read())
    outcomes = edge.report.outcomes
    assert not outcomes[FactOutcome.REFUSED]
    assert foreseen.plain()["facts"] == {
        "new": outcomes[FactOutcome.PUBLISHED],
        "changed": outcomes[FactOutcome.CORRECTED],
        "withdrawn": outcomes[FactOutcome.RETRACTED],
        "same": outcomes[FactOutcome.KNOWN],
    }
    return outcomes


@pytest.mark.parametrize("seed", range(examples(6)))
async def test_counts_after_any_history_are_those_of_the_last_export_alone(seed: int, tmp_path: Path) -> None:
    random, written = Random(seed), town()
    async with InMemoryExchange(today=TODAY) as exchange, InMemoryExchange(today=TODAY) as fresh:
        changed = 0
        for step in range(4):
            if step:
                for change in (edit, delete):
                    change(written, random)
                add(written, random, step)
            written.change("Export.csv", ExportDate=f"2026-10-{step + 4:02} 08:00:00")
            folder = written.folder(tmp_path)
            outcomes = await publish(exchange, "harbor-light", folder)
            changed += outcomes[FactOutcome.CORRECTED] + outcomes[FactOutcome.RETRACTED] if step else 0
        assert changed > 2
        await publish(fresh, "harbor-light", folder)
        assert of_records(exchange) == of_records(fresh)
        again = await publish(exchange, "harbor-light", folder)
        stated = sum(outcomes[one] for one in (FactOutcome.PUBLISHED, FactOutcome.CORRECTED, FactOutcome.KNOWN))
        assert {one: count for one, count in again.items() if one is not FactOutcome.IGNORED and count} == {
            FactOutcome.KNOWN: stated
        }


def of_records(exchange: InMemoryExchange) -> dict[str, int]:
    """The counts of everything but heartbeats, of which each run has one."""
    return {cell: count for cell, count in exchange.counts.items() if not cell.startswith("heartbeats_")}
