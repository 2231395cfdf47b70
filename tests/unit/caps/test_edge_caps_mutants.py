"""Caps at the edge with one rule broken each: a law of `test_edge_caps.py` notices every one."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from exchange.core.model import events as e
from producers.caps import choice, marking
from producers.caps.choice import ClientPeriod, Ranks
from tests.kits.edge_kit.clients import Homes
from tests.unit.caps.test_edge_caps import SERVICES, by_hash, fact, furthest_from_alike, needs, run


def by_arrival(_: Ranks, *__: object) -> bytes:
    return bytes(8)


def forgotten(_: marking.Caps, *__: object) -> dict[int, object]:
    return {}


def uncounted(_: ClientPeriod, *__: object) -> None:
    return None


def history(agency: Homes) -> None:
    """Months of changes: two needs recorded, and both withdrawn, again and again."""
    for month in range(4):
        names = [f"{service}{month}" for service in by_hash(agency)[:2]]
        facts = [fact(name, e.NeedIdentified(s)) for name, s in zip(names, by_hash(agency), strict=False)]
        asyncio.run(run(agency, *facts))
        asyncio.run(run(agency, retract=names))


def batches(agency: Homes) -> None:
    """Everything there is, a little at a time."""
    services = SERVICES
    for first in range(0, len(services), 4):
        asyncio.run(run(agency, *needs(*services[first : first + 4])))


@pytest.mark.parametrize(
    ("place", "mutant", "life", "law"),
    [
        pytest.param((ClientPeriod, "count_correction"), uncounted, history, "2", id="correction not counted"),
        pytest.param((marking.Caps, "_read_chain"), forgotten, batches, "1", id="caps per batch, or per agency run"),
    ],
)
def test_a_mutant_breaks_a_law_that_the_real_thing_keeps(
    place: tuple[type, str],
    mutant: Callable[..., object],
    life: Callable[[Homes], None],
    law: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "real").mkdir()
    real = Homes(tmp_path / "real")
    life(real)
    assert real.broken_laws() == []
    monkeypatch.setattr(*place, mutant)
    (tmp_path / "mutant").mkdir()
    broken = Homes(tmp_path / "mutant")
    life(broken)
    assert [said[0] for said in broken.broken_laws()] == [law]


def test_the_mutant_caps_by_arrival_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice.Ranks, "of_key", by_arrival)
    monkeypatch.setattr(choice.Ranks, "of_fact", by_arrival)
    assert furthest_from_alike() > 50
