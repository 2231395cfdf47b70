"""No client's record changes what an edge says of others: two worlds that differ in one client.

The worlds, and edges with faults that show a difference, are the adversary's
(`exchange.trial.attack`, `tests/adversary/test_exact_attacks.py`). Here they live longer, and there
are more of them.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from random import Random

import pytest

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.period import period_of
from exchange.core.model.vocabulary import LegalClass, UsState
from exchange.trial.attack.two_worlds import ONE, Deed, Said, others, script
from producers.delivery import quarter_closing
from producers.delivery.withdrawal_guard import InQuestion, WithdrawalGuard
from tests.kits.broken_rules import BrokenRule, break_rule

SEEDS = [0, 1, 66, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 60))]
CLASSES = [LegalClass.individual, LegalClass.tally_only]


@pytest.mark.parametrize("legal_class", CLASSES)
@pytest.mark.parametrize("seed", SEEDS)
def test_one_client_moves_nobody_else(seed: int, legal_class: LegalClass, tmp_path: Path) -> None:
    with_one, without = others(script(seed), legal_class, tmp_path)
    assert with_one == without
    assert sum(1 for said in without if said[-1]), "nothing with marks was said of others"


# Shapes of lives in which one client once moved others

WA, CA = UsState.wa, UsState.ca
FOOD, HOUSING = e.NeedIdentified(v.Service.food), e.NeedIdentified(v.Service.housing)


def lived(*weeks: Deed | tuple[Deed, ...]) -> tuple[Deed, ...]:
    """Deeds, a week apart or in one week; the schedule runs after changes."""
    days = (date(2026, 1, 5) + timedelta(weeks=n) for n in count())
    return tuple(deed for week, day in zip(weeks, days, strict=False) for deed in _in_week(week, day))


def _in_week(week: Deed | tuple[Deed, ...], day: date) -> Iterator[Deed]:
    deeds = week if isinstance(week, tuple) else (week,)
    yield from (replace(deed, day=day) for deed in deeds)
    if any(deed.key for deed in deeds):
        yield Deed(day, "scheduled")


def of(
    what: str, client: UsState | None = None, key: str = "", body: e.Correctable = FOOD, to: UsState | None = None
) -> Deed:
    return Deed(date.min, what, client, key, period_of(2026, 1), body, to)


BACKUP, RESTORED, BY_HAND = of("keep a backup"), of("put the backup back"), of("by hand", ONE)
CONFIRMED = of("confirm holds")
FIRST, REMOVED, CHANGED = of("record", WA, "wa-1"), of("remove", WA, "wa-1"), of("record", WA, "wa-1", HOUSING)
SHAPES = {
    "what the run that reads back has read before waits for a person, like all that is read later": lived(
        FIRST, BACKUP, REMOVED, RESTORED, BY_HAND, FIRST, CHANGED, CONFIRMED, FIRST
    ),
    "and claims what a lost run sent": lived(FIRST, BACKUP, REMOVED, FIRST, RESTORED, BY_HAND, FIRST, CHANGED),
    "what the source states of a client who is held is not sent": lived(
        FIRST,
        of("hold", CA),
        BACKUP,
        REMOVED,
        RESTORED,
        BY_HAND,
        (FIRST, of("pass on", WA, "wa-1", to=CA)),
        of("record", ONE, "nv-1"),
    ),
    "a record that moves claims what a lost run sent": lived(
        of("record", ONE, "nv-1", HOUSING), BACKUP, FIRST, RESTORED, REMOVED, of("move", WA, "nv-1")
    ),
    "what was withdrawn of one client holds nobody back who gets the record": lived(
        of("record", ONE, "nv-1"), BACKUP, of("remove", ONE, "nv-1"), RESTORED, of("move", WA, "nv-1"), CHANGED
    ),
    "nor where the record had moved before the run that reads back": lived(
        (of("record", ONE, "nv-1"), of("record", CA, "ca-1")),
        BACKUP,
        (of("remove", ONE, "nv-1"), RESTORED, of("move", WA, "nv-1")),
        of("record", WA, "wa-2", HOUSING),
    ),
    "a client held after the backup is held back, and nobody else": lived(
        (FIRST, of("record", ONE, "nv-1"), of("record", CA, "ca-1", HOUSING)),
        BACKUP,
        of("hold and retract", CA),
        (RESTORED, BY_HAND),
        (of("record", CA, "ca-2"), CHANGED),
        CONFIRMED,
        FIRST,
    ),
    "what a person has confirmed is sent when it is read, by no other run": lived(
        FIRST, BACKUP, REMOVED, RESTORED, FIRST, CONFIRMED, BY_HAND, (CONFIRMED, CHANGED)
    ),
    "a record that moves leaves its client's arrival there": lived(
        of("record", ONE, "nv-1"), of("move", WA, "nv-1"), CHANGED
    ),
    "a client who goes with so many records that a person is asked withholds nobody else's": lived(
        (FIRST, *(of("record", ONE, f"nv-{n}") for n in range(11))),
        (
            *(of("remove", ONE, f"nv-{n}") for n in range(11)),
            of("record", WA, "wa-2", HOUSING),
            of("record", CA, "ca-1"),
        ),
        of("record", CA, "ca-2", HOUSING),
    ),
    "nor takes others' withdrawals along for good": lived(
        (FIRST, of("record", CA, "ca-1"), *(of("record", ONE, f"nv-{n}") for n in range(11))),
        (*(of("remove", ONE, f"nv-{n}") for n in range(11)), REMOVED, of("record", CA, "ca-2", HOUSING)),
        of("record", CA, "ca-3"),
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_one_client_moves_nobody_else_where_one_once_did(shape: str, tmp_path: Path) -> None:
    with_one, without = others(SHAPES[shape], LegalClass.individual, tmp_path)
    assert with_one == without
    assert any(said[0] != "heartbeat" for said in without)


def test_a_guard_that_stops_the_whole_run_moves_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person then sends by hand arrives by hand: one client would take all others along."""
    leave_out = WithdrawalGuard._leave_out

    def all_of_it(of: WithdrawalGuard, found: InQuestion) -> int:
        return leave_out(of, replace(found, new=None))

    monkeypatch.setattr(WithdrawalGuard, "_leave_out", all_of_it)
    shape = SHAPES["a client who goes with so many records that a person is asked withholds nobody else's"]
    with_one, without = others(shape, LegalClass.individual, tmp_path)
    assert with_one != without


# One client's row that cannot be read


SPOILED = period_of(2026, 2)
"""Rows of totals are spoiled from this quarter on; those before it have to be as they were."""
NIGHTLY = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 30))]


def spoiling(seed: int, legal_class: LegalClass) -> tuple[Deed, ...]:
    """A script in which rows of the one client cannot be read, for some weeks each."""
    random, spoiled = Random(f"spoiled|{seed}"), list[str]()
    totals = legal_class is LegalClass.tally_only
    found: list[Deed] = []
    for deed in script(2 * seed):
        if totals and "backup" in deed.what:  # what a lost vault withdrew waits for a person, in either world
            continue
        found.append(deed)
        if deed.client is ONE and deed.what == "record" and not (totals and deed.period < SPOILED):
            found.append(replace(deed, what="spoil", dated=totals or random.random() < 0.5))
            spoiled.append(deed.key)
        if deed.what == "scheduled" and spoiled and random.random() < 0.2:
            found.append(Deed(deed.day, "mend", ONE, spoiled.pop(random.randrange(len(spoiled)))))
    mends = [Deed(found[-1].day, "mend", ONE, key) for key in spoiled]
    return (*found, *mends, Deed(found[-1].day, "scheduled"))


@pytest.mark.parametrize("seed", NIGHTLY)
def test_a_row_of_one_client_that_cannot_be_read_moves_nobody_else(seed: int, tmp_path: Path) -> None:
    lived = spoiling(seed, LegalClass.individual)
    assert any(deed.what == "spoil" for deed in lived)
    with_one, without = others(lived, LegalClass.individual, tmp_path)
    assert with_one == without


def before_and_in_the_end(said: Said) -> tuple[Said, Counter[tuple[object, ...]]]:
    """What is said of the quarters before the spoiled ones, and what stands of the others."""
    late = {one for one in said if isinstance(one[0], int) and one[0] >= SPOILED}
    early = Counter({one: n for one, n in said.items() if one not in late})
    net: Counter[tuple[object, ...]] = Counter()
    for (period, state, body, back, _), times in ((one, said[one]) for one in late):
        for place, n in enumerate(body.counts) if isinstance(body, e.Tally) else [(body, 1)]:
            net[period, state, body.table if isinstance(body, e.Tally) else "", place] += (-n if back else n) * times
    return early, +net


@pytest.mark.parametrize("seed", NIGHTLY)
def test_a_row_of_one_client_that_cannot_be_read_delays_others_totals_from_its_quarter_on_and_no_more(
    seed: int, tmp_path: Path
) -> None:
    """Closing is the exception of ADR 48: totals wait, and count all that was entered meanwhile."""
    lived = spoiling(seed, LegalClass.tally_only)
    with_one, without = others(lived, LegalClass.tally_only, tmp_path)
    assert before_and_in_the_end(with_one) == before_and_in_the_end(without)
    assert any(one[0] == SPOILED for one in without)


def on(day: str, what: str, client: UsState | None = None, key: str = "", quarter: int = 1) -> Deed:
    body = HOUSING if key.endswith("2") else FOOD
    return Deed(date.fromisoformat(day), what, client, key, period_of(2026, quarter), body)


UNREAD = (
    on("2026-01-05", "record", WA, "wa-1"),
    on("2026-01-05", "scheduled"),
    on("2026-04-08", "record", ONE, "nv-1", quarter=2),
    on("2026-04-08", "spoil", ONE, "nv-1", quarter=2),
    on("2026-04-20", "scheduled"),
    on("2026-04-24", "record", WA, "wa-2"),
    on("2026-05-01", "mend", ONE, "nv-1"),
    on("2026-05-01", "scheduled"),
)
"""A quarter closes while a row of the next one cannot be read; then a record comes late."""


def test_a_refused_row_that_keeps_earlier_quarters_open_moves_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_one, without = others(UNREAD, LegalClass.tally_only, tmp_path / "kept")
    assert before_and_in_the_end(with_one) == before_and_in_the_end(without)
    broken = BrokenRule(
        quarter_closing, "sure_before", "[closed] if 0 in doubtful else _1", "[closed] if doubtful else _1"
    )
    break_rule(monkeypatch, broken)
    with_one, without = others(UNREAD, LegalClass.tally_only, tmp_path / "broken")
    assert before_and_in_the_end(with_one)[0] != before_and_in_the_end(without)[0]
