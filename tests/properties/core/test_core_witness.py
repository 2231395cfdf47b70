"""A witness follows one history and no other: whatever is put back, nothing is drawn again unseen.

A history is a list of steps; each gives the ledger that the step before led to. Any earlier ledger
of a history is a copy that could be put back.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.errors import ClusterLeft, ExchangeError, LedgerBehind, LedgerDiffers
from exchange.core.model.epochs import epoch_of
from exchange.core.model.ledger_head import LedgerHead
from exchange.core.release.witness import Trail, Witness, check_head, witnessed

START = epoch_of(2026, 1)


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a cluster shows at one moment."""

    trail: Trail
    cluster: str
    leaves: bool = False


def seen(witness: Witness | None, ledger: Ledger) -> Witness:
    return witnessed(witness, ledger.trail, ledger.cluster, leaves=ledger.leaves)


def closing(trail: Trail, epoch: int, noise: bytes) -> Trail:
    return trail.drawn(b"cases|%d" % epoch, b"noised " + noise).drawn(b"needs|%d" % epoch, noise).closed(epoch)


def history(steps: Sequence[str], noise: bytes = b"first") -> list[Ledger]:
    """Every ledger of an exchange that closes months, and now and then leaves and moves."""
    trail, moves, epoch = Trail(), 0, START
    ledgers = [Ledger(trail, "cluster-0")]
    for step in steps:
        cluster = ledgers[-1].cluster
        if step == "close" and not ledgers[-1].leaves:
            trail, epoch = closing(trail, epoch, noise), epoch + 1
            ledgers.append(Ledger(trail, cluster))
        elif step == "leave":
            ledgers.append(Ledger(trail, cluster, leaves=True))
        elif step == "move":
            moves += 1
            trail = trail.moved(cluster, f"cluster-{moves}")
            ledgers.append(Ledger(trail, f"cluster-{moves}"))
    return ledgers


steps = st.lists(st.sampled_from(["close", "close", "close", "move", "leave"]), max_size=12)
places = st.integers(0, 12)


@given(steps, st.lists(places))
def test_a_witness_follows_its_exchange_wherever_it_looks(script: list[str], looks: list[int]) -> None:
    """However seldom it looks, it agrees, and remembers the furthest."""
    ledgers, witness = history(script), None
    for place in sorted(min(one, len(ledgers) - 1) for one in looks):
        witness = seen(witness, ledgers[place])
        assert witness.head == ledgers[place].trail.head
        assert witness.clusters[-1] == ledgers[place].cluster
        assert seen(witness, ledgers[place]) == witness


@given(steps, places, places)
def test_a_copy_that_lacks_what_was_seen_is_refused(script: list[str], one: int, other: int) -> None:
    """An older ledger of the same exchange is refused unless nothing was drawn or moved since."""
    ledgers = history(script)
    older, newer = sorted((min(one, len(ledgers) - 1), min(other, len(ledgers) - 1)))
    witness = seen(None, ledgers[newer])
    lacks = [
        ledgers[older].trail.head != ledgers[newer].trail.head,
        ledgers[older].trail.at(ledgers[older].cluster) != ledgers[newer].trail.at(ledgers[newer].cluster),
        ledgers[newer].leaves and not ledgers[older].leaves,
    ]
    if not any(lacks):
        assert seen(witness, ledgers[older]) == witness
        return
    with pytest.raises((LedgerBehind, ClusterLeft)):
        seen(witness, ledgers[older])


@given(st.integers(1, 5), st.integers(0, 5))
def test_a_month_that_was_drawn_again_is_refused_for_ever(closed: int, further: int) -> None:
    witness = seen(None, history(["close"] * closed)[-1])
    again = history(["close"] * (closed + further), noise=b"second")[-1]
    with pytest.raises(LedgerDiffers):
        seen(witness, again)
    with pytest.raises(LedgerDiffers):
        check_head(witness.head, again.trail)


@given(steps, places)
def test_the_cluster_that_was_left_and_a_second_restore_of_it_are_refused(script: list[str], at: int) -> None:
    """Also where both have the same months: two clusters would draw the next one twice."""
    ledgers = history(script)
    origin = ledgers[min(at, len(ledgers) - 1)]
    moved = Ledger(origin.trail.moved(origin.cluster, "new"), "new")
    witness = seen(seen(None, origin), moved)
    for left in (origin, Ledger(origin.trail.moved(origin.cluster, "another"), "another")):
        with pytest.raises(ClusterLeft):
            seen(witness, left)


def test_a_cluster_archived_for_the_last_time_and_put_back_is_refused() -> None:
    before, after = history(["close", "leave"])[1:]
    with pytest.raises(ClusterLeft):
        seen(seen(None, after), before)


def test_the_first_closed_month_may_come_after_one_that_was_seen_nowhere() -> None:
    """A ledger that begins later than what was seen is another one."""
    witness = seen(None, history(["close"])[-1])
    later = Ledger(closing(Trail(), START + 1, b"first"), "cluster-0")
    with pytest.raises(LedgerDiffers):
        seen(witness, later)


@given(st.lists(st.tuples(st.binary(max_size=4), st.binary(max_size=4)), max_size=5), st.data())
def test_the_digest_shows_any_draw_that_changed(draws: list[tuple[bytes, bytes]], data: st.DataObject) -> None:
    changed = data.draw(st.lists(st.tuples(st.binary(max_size=4), st.binary(max_size=4)), max_size=5))

    def head(pairs: list[tuple[bytes, bytes]]) -> LedgerHead:
        trail = Trail()
        for pair in pairs:
            trail = trail.drawn(*pair)
        return trail.closed(START).head

    assert (head(draws) == head(changed)) == (draws == changed)


def test_every_refusal_names_a_month_or_a_cluster_and_what_to_do() -> None:
    ledgers = history(["close", "close", "move"])
    witness = seen(None, ledgers[-1])
    said = []
    for ledger in (ledgers[1], Ledger(Trail(clusters=("cluster-0", "cluster-1")), "cluster-1")):
        with pytest.raises(ExchangeError) as caught:
            seen(witness, ledger)
        said.append(str(caught.value))
    assert "cluster-0; it was last on cluster cluster-1" in said[0]
    assert "no closed month, and 2026-02 was closed" in said[1]
