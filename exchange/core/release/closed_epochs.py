"""What was closed so far, folded from the outcomes of the commands, one after the other.

Pure. `exchange.core.release.closing` decides about the next command from it.

Rules kept:
- A refusal changes nothing but the position and, forward only, the time.
- The ledger belongs to one cluster: the one of its last cut, or the one to which it was restored.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from exchange.core.errors import ClusterUnknown, ExchangeMoved, RestoreUnfinished
from exchange.core.model.epochs import DAY_MS, begins_ms
from exchange.core.release.agency_tables import PastEpochs, ProfileChange, ShownCount
from exchange.core.release.cuts import BEGINNING, Cut, Offsets, Relocation, moved
from exchange.core.release.privacy_ledger import Account, Ledger
from exchange.core.release.witness import Trail


@dataclass(frozen=True, slots=True)
class Moment:
    """When a command is handled, and how far to read the logs.

    `at_ms`: the lane's clock (ms since 1970). `ends`, `registered`: the ends of `events` and of
    `agencies` on the cluster with this id. `asked_ms`: when brokers wrote the command down; None:
    it was not looked at. `clients_a_year`: for which sizes are planned, by the lane's settings.
    """

    at_ms: int
    ends: Offsets
    registered: int
    cluster: str = ""
    asked_ms: int | None = None
    clients_a_year: int = 0

    @property
    def surely_ms(self) -> int:
        """The earlier of both clocks: one that is far ahead decides nothing."""
        return self.at_ms if self.asked_ms is None else min(self.at_ms, self.asked_ms)


@dataclass(frozen=True, slots=True)
class Closed:
    """Everything that was closed so far.

    `position`: of the next command. `at_ms`: the latest that it surely was at a command. `cuts`: of
    every closed epoch, by epoch. `when`: the time of each closing, by the lane's clock. `domains`:
    of each agency table that was ever released, its values. `cluster`: the id of the cluster on
    which the cuts have their addresses; empty before the first. `restoring`: the ids of the
    clusters to which a restore has begun and not ended. `leaves`: whether the cluster was archived
    for the last time. `clients_a_year`: for which sizes were planned at the first epoch, for ever;
    0 before. `trail`: what a witness outside of the brokers compares.
    """

    position: int = 0
    at_ms: int = 0
    registered: int = 0
    ledger: Ledger = field(default_factory=Ledger)
    cuts: Mapping[int, Cut] = field(default_factory=lambda: MappingProxyType({}))
    when: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    domains: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    kept: PastEpochs = field(default_factory=PastEpochs)
    cluster: str = ""
    restoring: frozenset[str] = frozenset()
    leaves: bool = False
    clients_a_year: int = 0
    trail: Trail = field(default_factory=Trail)

    @property
    def last_epoch(self) -> int | None:
        """The last closed epoch; None before the first."""
        return self.ledger.last_epoch

    @property
    def last_cut(self) -> Cut:
        """The end of the last closed epoch; before the first, the log's beginning."""
        return BEGINNING if self.last_epoch is None else self.cuts[self.last_epoch]

    def cut_before(self, month: int) -> Cut:
        """The cut before all events of periods that begin with a month, or later.

        It is the last that was taken before the month began, less a day for clocks and time zones.
        """
        begins = begins_ms(month) - DAY_MS
        before = [epoch for epoch, at_ms in self.when.items() if at_ms < begins]
        return self.cuts[max(before)] if before else BEGINNING


def check_cluster(closed: Closed, cluster: str) -> None:
    """Raise unless epochs may be closed on this cluster.

    Raises ExchangeMoved, and as `check_address` does.
    """
    check_address(closed, cluster)
    if closed.leaves:
        raise ExchangeMoved


def check_address(closed: Closed, cluster: str) -> None:
    """Raise unless the cuts have their addresses on this cluster.

    Raises ClusterUnknown or RestoreUnfinished.
    """
    if closed.restoring:
        raise RestoreUnfinished
    if closed.cluster and closed.cluster != cluster:
        raise ClusterUnknown(f"The ledger in `draws` belongs to cluster {closed.cluster}; this is cluster {cluster}.")


def refused_at(closed: Closed, position: int, at_ms: int) -> Closed:
    """After a command that was refused."""
    return replace(closed, position=position, at_ms=max(closed.at_ms, at_ms))


def carried_out(
    closed: Closed,
    position: int,
    moment: Moment,
    *,
    epoch: int,
    cut: Cut,
    accounts: Mapping[str, Account],
    shown: Iterable[ShownCount],
    profiles: Iterable[ProfileChange],
) -> Closed:
    """After a command that was carried out.

    `cut`: how much of `events` it read. `shown`, `profiles`: the changes that its agency tables
    made.
    """
    return replace(
        closed,
        position=position,
        at_ms=max(closed.at_ms, moment.surely_ms),
        registered=moment.registered,
        ledger=Ledger(MappingProxyType(dict(accounts)), epoch),
        cuts=MappingProxyType({**closed.cuts, epoch: cut}),
        cluster=cut.cluster,
        when=MappingProxyType({**closed.when, epoch: moment.at_ms}),
        kept=closed.kept.after(shown, profiles),
        clients_a_year=closed.clients_a_year or moment.clients_a_year,
        trail=closed.trail.closed(epoch),
    )


def drawn(closed: Closed, key: bytes, value: bytes) -> Closed:
    """After a draw of the epoch that is being closed: its key and its value in `releases`."""
    return replace(closed, trail=closed.trail.drawn(key, value))


def released(closed: Closed, table: str, domain: object) -> Closed:
    """After a release of an agency table, over these values."""
    return replace(closed, domains=MappingProxyType({**closed.domains, table: domain}))


def relocated(closed: Closed, relocation: Relocation) -> Closed:
    """After a restore has begun or has ended, or after the last archive."""
    if not relocation.cluster:
        return replace(closed, leaves=True)
    if not relocation.finished:
        return replace(closed, restoring=closed.restoring | {relocation.cluster})
    cuts = MappingProxyType(moved(closed.cuts, relocation))
    restoring = closed.restoring - {relocation.cluster}
    trail = closed.trail.moved(relocation.origin, relocation.cluster)
    return replace(closed, cuts=cuts, cluster=relocation.cluster, restoring=restoring, leaves=False, trail=trail)
