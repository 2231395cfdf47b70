"""No restore publishes a client again who had been held, and withdrawn, after the backup.

Each seed is a life of an agency: records of a few clients, each in a state of their own, so that an
event tells whom it is about. After a backup more runs follow, in which records change, go and come;
one client withdraws consent. Then the backup is put back, and runs read the files, or parts of
them, which state that client still.
"""

from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random

import pytest

from exchange.core.model.events import Correction, Heartbeat
from exchange.core.model.period import period_of
from exchange.core.model.vocabulary import LegalClass, UsState
from exchange.trial.attack.two_worlds import BODIES
from producers.facts import Fact, Where
from producers.setup import confirm_holds, hold_client
from tests.kits.edge_kit.agency import SECRET, Agency

SEEDS = [*range(8), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(8, 200))]
HELD = UsState.nv
HOMES = (HELD, UsState.ca, UsState.tx, UsState.wa)
BEFORE, AFTER = date(2026, 5, 20), date(2026, 8, 20)
"""Days of the runs before the loss and after it, which may state facts of the next quarter."""
PERIODS = [period_of(2026, n) for n in (1, 2)]
HERE = Where("records", 1)


class Life:
    """An agency and its records."""

    def __init__(self, agency: Agency, random: Random) -> None:
        self.agency, self.random = agency, random
        self.records: dict[str, Fact] = {}

    def change(self, times: int, periods: list[int]) -> None:
        """Records are written, changed and removed."""
        for _ in range(times):
            home = self.random.choice(HOMES)
            key = f"{home}-{self.random.randrange(8)}"
            if self.random.random() < 0.3:
                self.records.pop(key, None)
            else:
                body, period = self.random.choice(BODIES), self.random.choice(periods)
                self.records[key] = Fact(key, period, home, body, f"of-{home}", HERE)

    async def run(self, today: date, part: float = 1.0, *, hold: bool = False) -> None:
        """One run over the records, or a part of them. `hold`: the one client refuses in it."""
        options = replace(self.agency.options, withdraw=True)
        async with self.agency.edge(today=today, options=options) as edge:
            for _, fact in sorted(self.records.items()):
                if self.random.random() < part:
                    await edge.publish(fact)
            for stated in edge._fact_store.keys(b"f:"):
                key = stated.decode()[2:]
                if key not in self.records and edge._fact_store.current(stated) is not None:
                    await edge.retract(key)
            if hold:
                edge.hold(f"of-{HELD}", retract=True)

    async def restored(self, changes: int, periods: list[int]) -> None:
        """The backup is put back, runs follow, a person enters the hold: nothing of the client."""
        agency, before = self.agency, len(self.said())
        agency.restore("backup")
        for _ in range(4):
            self.change(self.random.randrange(changes + 1), periods)
            await self.run(AFTER, self.random.choice([0.4, 1.0]) if changes else 1.0)
        assert HELD not in {state for _, state in self.said()[before:]}
        hold_client(agency.profile, SECRET, f"of-{HELD}", retract=True, unseen=True)
        confirm_holds(agency.profile, SECRET)
        await self.run(AFTER)
        assert HELD not in {state for _, state in self.said()[before:]}

    def said(self) -> list[tuple[int, UsState]]:
        """(period, state) of every event that the exchange has, but for corrections, heartbeats."""
        events = [event for _, event in self.agency.exchange.events()]
        return [(one.period, one.state) for one in events if not isinstance(one.body, Correction | Heartbeat)]


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_client_whom_the_backup_knows_is_not_published_again(seed: int, tmp_path: Path) -> None:
    life = Life(Agency(tmp_path, LegalClass.individual, seed), Random(f"lost holds|{seed}"))
    life.change(25, PERIODS)
    life.records[f"{HELD}-0"] = Fact(f"{HELD}-0", PERIODS[0], HELD, BODIES[0], f"of-{HELD}", HERE)
    await life.run(BEFORE)
    life.agency.keep("backup")
    refuses = life.random.randrange(3)
    for run in range(3):
        life.change(life.random.randrange(8), PERIODS)
        await life.run(BEFORE, hold=run == refuses)
    await life.restored(changes=8, periods=[*PERIODS, period_of(2026, 3)])


@pytest.mark.parametrize("seed", SEEDS)
async def test_what_was_sent_about_a_client_whom_it_does_not_know_is_not_either(seed: int, tmp_path: Path) -> None:
    """Nor is what else the same run reads about the client, in periods that are exhausted."""
    life = Life(Agency(tmp_path, LegalClass.individual, seed), Random(f"lost holds|{seed}"))
    life.change(12, PERIODS)
    all_records = life.records
    life.records = {key: fact for key, fact in all_records.items() if fact.state is not HELD}
    await life.run(BEFORE)
    life.agency.keep("backup")
    life.records = all_records | {f"{HELD}-0": Fact(f"{HELD}-0", PERIODS[0], HELD, BODIES[0], f"of-{HELD}", HERE)}
    await life.run(BEFORE)
    await life.run(BEFORE, hold=True)
    life.records[f"{HELD}-9"] = Fact(f"{HELD}-9", PERIODS[1], HELD, BODIES[1], f"of-{HELD}", HERE)
    await life.restored(changes=0, periods=PERIODS)
