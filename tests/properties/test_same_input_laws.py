"""Nobody can tell from a vault, an inbox or a report whether a run has read its file again."""

import shutil
from contextlib import suppress
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from exchange.core.model.vocabulary import LegalClass
from exchange.testing import InMemoryExchange
from producers.delivery.report import Report
from producers.delivery.run_options import RunOptions
from producers.edge import Edge
from producers.errors import EdgeError
from producers.profile_sections import HmisProfile
from producers.setup import hold_client, unhold_client
from producers.sources import open_source
from producers.vault.facts_compared import compare_facts
from producers.vault.store import SEAL, Vault
from tests.kits.export_damage import town
from tests.kits.hmis_exports import Written
from tests.kits.sizes import examples
from tests.properties.test_final_export import add, delete, edit

if TYPE_CHECKING:
    from producers.profile import Profile

AGENCY, START = "harbor-light", date(2026, 11, 29)
TABLES = ("client", "chain", "lost_withdrawal", "moved", "part", "recount", "refusal", "withdrawn")
FACT = "key, client, period, schema, want, sort, sent, todo, kept, refused, edition, spent, born, gone, gone_by"
CLIENTS = ("P1", "P2", "P3")
Seen = list[Any]


def contents(vault: Vault) -> Seen:
    """All that a vault holds, but for its seal; runs are counted from the last one."""
    run = int.from_bytes(vault.get("run"), "big")
    rows = vault.all(f"SELECT stated, {FACT} FROM fact ORDER BY key")
    facts = [(stated == run, stated == -run, *row) for stated, *row in rows]
    meta = [row for row in vault.all("SELECT * FROM meta ORDER BY name") if row[0] not in {SEAL, "run"}]
    return [meta, facts, *(vault.all(f"SELECT * FROM {table}") for table in TABLES)]


class World:
    """An agency and its exchange. `looks`: whether its runs look whether they need to read."""

    def __init__(self, exchange: InMemoryExchange, *, legal_class: LegalClass, looks: bool) -> None:
        self.exchange, self.looks, self.spared = exchange, looks, 0
        self.today = START
        hmis = HmisProfile(all_projects_trafficking=True)
        self.profile: Profile = exchange.profile(AGENCY, legal_class=legal_class, hmis=hmis)

    async def publish(self, path: Path, options: RunOptions, *, preview: bool = False) -> Seen:
        """What a run reports, and what it leaves in the vault."""
        source = open_source(path, self.profile)
        secret, link = self.exchange._secrets[AGENCY], self.exchange.link(AGENCY)
        opened = Edge.open(self.profile, secret=secret, link=link, today=self.today, options=options, preview=preview)
        seen: Seen = []
        with suppress(EdgeError):
            async with opened as edge:
                if self.looks and edge.same_input.again(source):
                    self.spared += 1
                else:
                    await edge.read_all(source.read())
                    if self.looks:
                        edge.same_input.read()
                if preview:
                    seen += [edge.leaving(), compare_facts(edge.vault).plain()]
        with Vault.open(self.profile, secret) as vault:
            return [*seen, told(opened.report), contents(vault)]


def told(report: Report) -> dict[str, object]:
    found = {**asdict(report), "files": sorted(report.files())}
    outcomes = {outcome.name: count for outcome, count in report.outcomes.items() if count}
    return {name: value for name, value in found.items() if name not in {"_seen", "kinds"}} | {"outcomes": outcomes}


def change(random: Random, worlds: list[World], written: Written, step: int) -> None:
    """Nothing, mostly; or any one of the things that may change between two runs."""
    what = random.choice(["nothing"] * 7 + ["file", "file", "hold", "unhold", "quarter", "profile", "day"])
    client, sex = random.choice(CLIENTS), random.random() < 0.5
    if what == "file":
        random.choice([edit, delete])(written, random)
        add(written, random, step)
        written.change("Export.csv", ExportDate=f"2026-10-{step + 5:02} 08:00:00")
    for world in worlds:
        secret = world.exchange._secrets[AGENCY]
        if what in {"hold", "unhold"}:
            with suppress(EdgeError):
                if what == "hold":
                    hold_client(world.profile, secret, client, retract=sex)
                else:
                    unhold_client(world.profile, secret, client)
        elif what == "quarter":
            world.today += timedelta(days=92)
        elif what == "day":
            world.today += timedelta(days=1)
        elif what == "profile":
            hmis = HmisProfile(all_projects_trafficking=True, gender_from_sex=sex)
            world.profile = world.profile.model_copy(update={"hmis": hmis})


@pytest.mark.parametrize("seed", range(examples(6)))
async def test_a_run_that_need_not_read_is_as_one_that_reads(seed: int, tmp_path: Path) -> None:
    random, written = Random(seed), town()
    legal_class = (LegalClass.individual, LegalClass.tally_only)[seed % 2]
    async with InMemoryExchange(today=START) as one, InMemoryExchange(today=START) as other:
        worlds = [World(one, legal_class=legal_class, looks=True), World(other, legal_class=legal_class, looks=False)]
        one.enrol(worlds[0].profile)
        shutil.copy(worlds[0].profile.vault, worlds[1].profile.vault)
        other.enrol(worlds[1].profile)
        for step in range(8):
            if step:
                change(random, worlds, written, step)
            folder = written.folder(tmp_path)
            options = RunOptions(withdraw=True, scheduled=random.random() < 0.5)
            for preview in (True, False):
                seen = [await world.publish(folder, options, preview=preview) for world in worlds]
                assert seen[0] == seen[1], (step, preview)
            assert one.gate(AGENCY).inbox == other.gate(AGENCY).inbox
        assert worlds[0].spared >= 2
        assert worlds[1].spared == 0
