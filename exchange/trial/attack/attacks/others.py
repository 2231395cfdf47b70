"""Does one client move anybody else? Two worlds that differ in one client, lived at real edges.

An attacker who sees a difference in what is said of others knows whether the one client is there,
whatever the noise: many clients move at once. So everything is compared exactly
(`exchange.trial.attack.two_worlds`). `found`: lives in which a difference shows.

Naive edges, each with a fault that ours once had:
- after a loss, only the periods of events with marks that were read back are exhausted;
- whatever run comes after a quarter closes it, a refusal too;
- a run by hand counts as one of the schedule;
- a record that moves exhausts both clients.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from exchange.core.model.vocabulary import LegalClass
from exchange.trial.attack.attack_findings import Finding, Measured
from exchange.trial.attack.two_worlds import others, script
from exchange.trial.attack.weakened_noise import Setting
from producers import edge
from producers.caps.marking import Caps
from producers.caps.tally import current_quarter
from producers.delivery import quarter_closing
from producers.vault.chain_row import ChainRow
from producers.vault.event_tail import cap_of
from producers.vault.fact_store import FactStore
from producers.vault.sent_chain import Chain

CLASSES: Final = (LegalClass.individual, LegalClass.tally_only)
WEEKS: Final = 30
OURS: Final = ""


class Moved(NamedTuple):
    """An edge, by its fault, and the lives in which one client moved another, of so many."""

    fault: str
    found: int
    lives: int


def lived(first: int, seeds: int, classes: Sequence[LegalClass] = CLASSES, fault: str = OURS) -> Moved:
    """Compare two worlds for so many scripts."""
    found = 0
    with FAULTS[fault]() if fault else nullcontext():
        for seed in range(first, first + seeds):
            for legal_class in classes:
                with tempfile.TemporaryDirectory(prefix="exchange-attack-") as folder:
                    with_one, without = others(script(seed, weeks=WEEKS), legal_class, Path(folder))
                found += with_one != without
    return Moved(fault, found, seeds * len(classes))


@contextmanager
def _instead(holder: object, name: str, faulty: Callable[..., Any]) -> Iterator[None]:
    honest = getattr(holder, name)
    setattr(holder, name, partial(faulty, honest) if isinstance(holder, type(edge)) else _method(faulty, honest))
    try:
        yield
    finally:
        setattr(holder, name, honest)


def _method(faulty: Callable[..., Any], honest: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given, **named: faulty(honest, *given, **named)


def _adopt(honest: Callable[..., None], chain: Chain, value: bytes, link: ChainRow) -> None:
    vault, before = chain._vault, chain._vault.get("exhausted")  # noqa: SLF001 - a fault looks inside
    honest(chain, value, link)
    if not cap_of(link.tail):
        vault.set("exhausted", before)


def _closes_before(_: Callable[..., int], _kind: LegalClass, _vault: object, today: date, **_named: object) -> int:
    return current_quarter(today)


def _closing_beat(honest: Callable[..., object], *given: object, scheduled: bool) -> object:  # noqa: ARG001
    return honest(*given, scheduled=True)


@contextmanager
def _moving_exhausts() -> Iterator[None]:
    exhausted: set[bytes] = set()

    def move(honest: Callable[..., None], store: FactStore, was_of: int | None, now_of: int | None) -> None:
        honest(store, was_of, now_of)
        query = "SELECT name FROM client WHERE id IN (?, ?)"
        exhausted.update(bytes(name) for (name,) in store._vault.all(query, (was_of, now_of)))  # noqa: SLF001

    def decide(honest: Callable[..., None], caps: Caps, client: int, name: bytes, *given: object, held: bool) -> None:
        honest(caps, client, name, *given, held=held or name in exhausted)

    with _instead(FactStore, "_move", move), _instead(Caps, "_decide_client", decide):
        yield


FAULTS: Final[Mapping[str, Callable[[], AbstractContextManager[None]]]] = {
    "exhausted by what was read back": partial(_instead, Chain, "adopt", _adopt),
    "any run closes a quarter": partial(_instead, quarter_closing, "closes_before", _closes_before),
    "by hand is scheduled": partial(_instead, edge, "closing_beat", _closing_beat),
    "a move exhausts": _moving_exhausts,
}


def outcomes(parts: Mapping[Setting, Sequence[Moved]]) -> tuple[Finding, ...]:
    """A row for each fault."""
    ours, naive = _measured(parts[Setting.OURS]), {one.fault: _measured([one]) for one in parts[Setting.NAIVE]}
    return tuple(
        Finding(f"others: {fault}", "lives", 0.0, 0.0, {Setting.NAIVE: naive[fault], Setting.OURS: ours})
        for fault in FAULTS
        if fault in naive
    )


def _measured(some: Sequence[Moved]) -> Measured:
    found = sum(one.found for one in some)
    return Measured(found, found > 0, sum(one.lives for one in some))
