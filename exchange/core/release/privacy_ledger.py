"""The privacy budget that each period has spent, as a value: spending makes a new one, or raises.

A client's period pays for a released table once, whatever the number of epochs: `squared_l2`
already bounds all of them together. It pays as soon as the table was released in an epoch that
could hold one of its events. It never gets that back: not by the passing of time, not because a
table is retired, not because a draw was lost.

Laws:
- spent(ledger, period) never falls and never exceeds `RHO_TOTAL`.
- Epochs follow each other month by month; each is closed once.
- A table's terms (domain, caps, noise) are those of its first epoch for ever.
- A table that is added later may find past periods full. Then it is released with `periods_from`
  set to its first epoch: it must not count events of periods that began earlier (`covers` says
  which), and they do not pay.

A release counts no event whose period it does not cover. A period that has not begun when the epoch
closes is not covered.

Epochs are those of `exchange.core.model.epochs`, periods those of `exchange.core.model.period`. A
year is a period of its own, for agencies that report no finer one, and pays like a quarter.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from exchange.core.errors import BudgetExhausted, EpochOutOfOrder, TableChanged
from exchange.core.model.epochs import first_month
from exchange.core.release.budget import RHO_TOTAL, TableCost

EVERY_PERIOD: Final = 0
"""As `periods_from`: events of any period are counted, however old it is."""


@dataclass(frozen=True, slots=True)
class Account:
    """One table's spending: cost to each period, first month of its periods, last epoch."""

    rho: Fraction
    terms: str
    periods_from: int
    last_epoch: int

    def covers(self, period: int) -> bool:
        """Whether an event of this period may have been in a release of the table."""
        return self.periods_from <= first_month(period) <= self.last_epoch


@dataclass(frozen=True, slots=True)
class Ledger:
    """Every table's account, by name, and the last epoch that was closed; None before the first."""

    accounts: Mapping[str, Account] = field(default_factory=lambda: MappingProxyType({}))
    last_epoch: int | None = None


def spent(ledger: Ledger, period: int) -> Fraction:
    """The rho that a client's events of this period have paid so far."""
    return sum((a.rho for a in ledger.accounts.values() if a.covers(period)), Fraction(0))


def left(ledger: Ledger, period: int) -> Fraction:
    """The rho that a client's events of this period may still pay."""
    return RHO_TOTAL - spent(ledger, period)


def spend(ledger: Ledger, epoch: int, due: Iterable[TableCost], periods_from: int = EVERY_PERIOD) -> Ledger:
    """The ledger after these tables were released in this epoch.

    An epoch without any is closed too.

    `periods_from`: for tables that are released for the first time. Raises EpochOutOfOrder unless
    the epoch is the one after the last, TableChanged, and BudgetExhausted if a period would pay
    more than it has.
    """
    if ledger.last_epoch is not None and epoch != ledger.last_epoch + 1:
        raise EpochOutOfOrder
    accounts = dict(ledger.accounts)
    for plan in due:
        name = plan.row.name
        known = accounts.get(name, Account(plan.rho, plan.terms, periods_from, epoch))
        if (known.terms, known.rho) != (plan.terms, plan.rho):
            raise TableChanged(f"{name} is not what it was in its earlier epochs.")
        accounts[name] = replace(known, last_epoch=epoch)
    if most_spent(accounts.values()) > RHO_TOTAL:
        raise BudgetExhausted
    return Ledger(MappingProxyType(accounts), epoch)


def most_spent(accounts: Iterable[Account]) -> Fraction:
    """The most that any period pays.

    It is worked out by months, so no way of dividing time can pay more.
    """
    held = list(accounts)
    at_starts = (
        sum((a.rho for a in held if a.periods_from <= start <= a.last_epoch), Fraction(0))
        for start in {account.periods_from for account in held}
    )
    return max(at_starts, default=Fraction(0))
