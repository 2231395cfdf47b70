"""The privacy budget that each period has spent, as a value: spending makes a new one, or raises.

A client's period pays for a released table once, in the epoch in which the table counts it. A table
of arrivals may count an event of any period, in any month: each period pays for it as soon as it is
released. A period never gets anything back: not by the passing of time, not because a table is
retired, not because a draw was lost.

Laws:
- spent(ledger, period) never falls and never exceeds `RHO_TOTAL`.
- Epochs follow each other month by month; each is closed once.
- A table's terms (domain, caps, noise) are those of its first epoch for ever.

Epochs are those of `exchange.core.model.epochs`, periods those of `exchange.core.model.period`. A
year is a period of its own, for agencies that report no finer one, and pays like a quarter.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from types import MappingProxyType

from exchange.core.counting.tables import Tier
from exchange.core.errors import BudgetExhausted, EpochOutOfOrder, TableChanged
from exchange.core.model.epochs import year_of_epoch
from exchange.core.model.period import period_of
from exchange.core.release.budget import RHO_TOTAL, TableCost
from exchange.core.release.tiers import due_epoch


@dataclass(frozen=True, slots=True)
class Account:
    """One table's spending: tier, cost to each period, terms, first and last epoch."""

    tier: Tier
    rho: Fraction
    terms: str
    first_epoch: int
    last_epoch: int

    def pays(self, period: int) -> bool:
        """Whether a release of the table has counted this period, or may have."""
        if self.tier is Tier.NATION_ARRIVALS:
            return True
        due = due_epoch(self.tier, period)
        return due is not None and self.first_epoch <= due <= self.last_epoch


@dataclass(frozen=True, slots=True)
class Ledger:
    """Every table's account, by name, and the last epoch that was closed; None before the first."""

    accounts: Mapping[str, Account] = field(default_factory=lambda: MappingProxyType({}))
    last_epoch: int | None = None


def spent(ledger: Ledger, period: int) -> Fraction:
    """The rho that a client's events of this period have paid so far."""
    return sum((account.rho for account in ledger.accounts.values() if account.pays(period)), Fraction(0))


def left(ledger: Ledger, period: int) -> Fraction:
    """The rho that a client's events of this period may still pay."""
    return RHO_TOTAL - spent(ledger, period)


def spend(ledger: Ledger, epoch: int, due: Iterable[TableCost]) -> Ledger:
    """The ledger after these tables were released in this epoch.

    An epoch without any is closed too. Raises EpochOutOfOrder unless the epoch is the one after the
    last, TableChanged, and BudgetExhausted if a period would pay more than it has.
    """
    if ledger.last_epoch is not None and epoch != ledger.last_epoch + 1:
        raise EpochOutOfOrder
    accounts = dict(ledger.accounts)
    for plan in due:
        name = plan.row.name
        known = accounts.get(name, Account(plan.row.tier, plan.rho, plan.terms, epoch, epoch))
        if (known.terms, known.rho) != (plan.terms, plan.rho):
            raise TableChanged(f"{name} is not what it was in its earlier epochs.")
        accounts[name] = replace(known, last_epoch=epoch)
    after = Ledger(MappingProxyType(accounts), epoch)
    if most_spent(after) > RHO_TOTAL:
        raise BudgetExhausted
    return after


def most_spent(ledger: Ledger) -> Fraction:
    """The most that any period pays."""
    years = {account.first_epoch // 12 for account in ledger.accounts.values()}
    if ledger.last_epoch is None or not years:
        return Fraction(0)
    first, last = period_of(min(years) - 1), year_of_epoch(ledger.last_epoch)
    return max(spent(ledger, period) for period in range(first, last + 5))
