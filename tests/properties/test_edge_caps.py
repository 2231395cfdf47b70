"""Whatever an agency does, what the exchange admits about each client keeps the laws of marks.

State machines of one agency with its real vault and the real gate. Runs publish, correct and
withdraw, hold and release clients; they are refused and killed.

`Life` also loses its vault and restores old copies. There every client lives in a state of their
own, and after each run all admitted events are checked, client by client
(`tests.kits.edge_kit.clients`). In `MovingLife` records move between clients, as they are or
changed, and the vault is asked whose an event is (`tests.kits.edge_kit.accounts`).

Both look at each event as it is chained: no prefix of the chain passes a cap. After each complete
run the marks are those that the present facts ask for, whatever was sent before.
"""

import asyncio
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.period import parse_period
from producers.facts import Fact
from producers.vault.store import Vault
from tests.kits.edge_kit.accounts import every_prefix_checked, unlike_its_facts, unlike_their_events
from tests.kits.edge_kit.agency import SECRET
from tests.kits.edge_kit.clients import HOMES, Homes, client_of
from tests.kits.edge_kit.exchange import Trouble
from tests.kits.sizes import examples

PERIODS = tuple(parse_period(p) for p in (*["2026Q1"] * 6, "2026Q2", "2026"))
SERVICES = list(v.Service)[:7]
TROUBLE = Trouble(lose_and_raise=0.1, kill_after_send=0.1, kill_before_send=0.05, kill_at_receipt=0.05, gate_sleeps=0.2)

bodies = st.one_of(
    st.sampled_from(SERVICES).map(e.NeedIdentified),
    st.builds(
        e.NeedUnmet,
        st.sampled_from(SERVICES),
        st.sampled_from(list(v.UnmetReason)[:2]),
        st.just(v.FundingSource.not_known),
    ),
    st.builds(
        e.CaseOpened,
        st.sampled_from(list(v.Gender)[:3]),
        st.just(v.AgeBand.not_known),
        st.just(v.ForeignNational.not_known),
        st.just(v.ReferralSource.not_known),
    ),
    st.builds(
        e.ExploiterObserved,
        st.sampled_from(list(v.TraffickerType)[:4]),
        st.just(v.TraffickerRole.not_applicable),
        st.just(v.RecruiterRelation.not_applicable),
        st.sampled_from([v.BuyerOrBeneficiaryType.not_applicable, list(v.BuyerOrBeneficiaryType)[1]]),
        st.just(v.SexExploitationType.not_applicable),
        st.just(v.LaborSector.not_applicable),
    ),
)

Change = tuple[int, tuple[int, e.Correctable] | None]
changes = st.lists(
    st.tuples(
        st.integers(0, 12),
        st.none() | st.tuples(st.sampled_from(PERIODS), bodies),
    ),
    min_size=1,
    max_size=10,
)


class Life(RuleBasedStateMachine):
    """An agency's life; every run ends with a look at what was admitted."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.agency = self.agency_in(self.folder)
        self.backups = 0

    def agency_in(self, folder: Path) -> Homes:
        return Homes(folder)

    def teardown(self) -> None:
        self.run_quietly(over_fork=True)
        self.run_quietly()
        shutil.rmtree(self.folder)

    @rule(changes=changes)
    def change(self, changes: list[Change]) -> None:
        """The records change, and nothing is sent yet."""
        for key, said in changes:
            if said is None:
                self.agency.truth.pop(str(key), None)
            else:
                self.agency.record(str(key), said[0], HOMES[key % len(HOMES)], said[1])

    @rule(changes=changes)
    def change_and_run(self, changes: list[Change]) -> None:
        self.change(changes)
        self.run_quietly()

    @rule()
    def run_quietly(self, *, over_fork: bool = False) -> None:
        agency = self.agency
        agency.exchange.trouble, agency.kill_at_commit = Trouble(), 0.0
        options = replace(agency.options, over_fork=over_fork)

        async def work() -> None:
            async with agency.edge(options=options) as edge:
                if over_fork:
                    await edge.flush()
                await agency.read_truth(edge)

        agency.exchange.judge_all()
        with every_prefix_checked():
            asyncio.run(work())
        self.look()
        self.look_closely()

    @rule(seed=st.integers(0, 2**16))
    def run_among_troubles(self, seed: int) -> None:
        self.agency.exchange.trouble, self.agency.kill_at_commit = TROUBLE, 0.05
        self.agency.exchange.random.seed(seed)
        with every_prefix_checked():
            asyncio.run(self.agency.run())
        self.look()

    @rule(each=st.booleans())
    def run_one_by_one(self, each: bool) -> None:
        """Code that publishes a fact, and sends it at once."""
        agency = self.agency
        agency.exchange.trouble, agency.kill_at_commit = Trouble(), 0.0

        async def work() -> None:
            async with agency.edge() as edge:
                for key in sorted(agency.truth)[:12]:
                    await edge.publish(agency.fact(key))
                    if each:
                        await edge.flush()

        agency.exchange.judge_all()
        asyncio.run(work())
        self.look()

    @rule(rules=st.sampled_from([0, 6]))
    def refuse(self, rules: int) -> None:
        self.agency.exchange.unknown_rules = rules

    @rule(home=st.sampled_from(HOMES), retract=st.booleans())
    def hold(self, home: v.UsState, retract: bool) -> None:
        async def work() -> None:
            async with self.agency.edge() as edge:
                edge.hold(client_of(home), retract=retract)

        self.agency.exchange.trouble, self.agency.kill_at_commit = Trouble(), 0.0
        self.agency.exchange.judge_all()
        asyncio.run(work())
        self.look()

    @rule(home=st.sampled_from(HOMES))
    def release(self, home: v.UsState) -> None:
        async def work() -> None:
            async with self.agency.edge() as edge:
                edge.unhold(client_of(home))

        self.agency.exchange.trouble, self.agency.kill_at_commit = Trouble(), 0.0
        self.agency.exchange.judge_all()
        asyncio.run(work())

    @rule()
    def back_up(self) -> None:
        self.agency.keep("backup")
        self.backups = 1

    @precondition(lambda self: self.backups)
    @rule()
    def restore(self) -> None:
        self.agency.exchange.judge_all()
        self.agency.restore("backup")
        self.run_quietly(over_fork=True)

    @rule()
    def lose(self) -> None:
        self.agency.exchange.judge_all()
        self.agency.lose_vault()
        self.backups = 0
        self.run_quietly(over_fork=True)

    @rule()
    def disown(self) -> None:
        async def work() -> None:
            async with self.agency.edge() as edge:
                edge.retract_unclaimed()

        self.agency.exchange.trouble, self.agency.kill_at_commit = Trouble(), 0.0
        self.agency.exchange.judge_all()
        asyncio.run(work())
        self.look()

    def look(self) -> None:
        assert self.agency.broken_laws() == []

    def look_closely(self) -> None:
        with Vault.open(self.agency.profile, SECRET) as vault:
            assert not unlike_its_facts(vault)
            assert not unlike_their_events(vault)


Life.TestCase.settings = settings(
    max_examples=examples(20), stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
test_every_life_keeps_the_laws_of_the_caps = Life.TestCase


class MovingLife(Life):
    """An agency whose records name another client now and then. Its vault is never lost."""

    restore = lose = disown = back_up = None

    def agency_in(self, folder: Path) -> Homes:
        self.movers = Movers(folder)
        return self.movers

    @rule(moves=st.lists(st.tuples(st.integers(0, 12), st.sampled_from(HOMES)), min_size=1, max_size=6))
    def move(self, moves: list[tuple[int, v.UsState]]) -> None:
        """Records name another client, and are otherwise as they were."""
        for key, to in moves:
            self.movers.named[str(key)] = to

    def look(self) -> None:
        """Here an event does not show whose it is."""


class Movers(Homes):
    """All records are of one state; which client each names is in `named`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.named: dict[str, v.UsState] = {}

    def fact(self, key: str) -> Fact:
        _, home, _ = self.truth[key]
        return replace(super().fact(key), state=HOMES[0], client=client_of(self.named.get(key, home)))


MovingLife.TestCase.settings = Life.TestCase.settings
test_records_that_move_keep_the_laws_of_the_caps = MovingLife.TestCase


class LongLife(Life):
    """The same, looked for longer."""


class LongMovingLife(MovingLife):
    """The same, looked for longer."""


LongLife.TestCase.settings = LongMovingLife.TestCase.settings = settings(Life.TestCase.settings, max_examples=100)
test_many_lives_keep_the_laws_of_the_caps = pytest.mark.slow(LongLife.TestCase)
test_many_moves_keep_the_laws_of_the_caps = pytest.mark.slow(LongMovingLife.TestCase)
