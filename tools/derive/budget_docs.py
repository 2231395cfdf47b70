"""The derived parts of the decision record on caps and budget."""

from collections.abc import Iterator

from exchange.core.admission.cap_rules import RULES, CapRule
from exchange.core.metrics.planning import budget_lines
from exchange.trial.sample.volumes import yearly_volumes
from exchange.wire.planned_sizes import national_clients, planned_sizes
from tools.derive.markdown import coded, table


def caps() -> Iterator[str]:
    """How many events of one client and period each cap admits, and its share of a sample."""
    kept = yearly_volumes().kept
    rows = (
        (
            f"`{rule.body.__name__}`" if rule.body else "any client's body",
            ("facts" if len(rule.strand) > 1 else f"`{rule.strand[0]}`") if rule.strand else "all",
            (rule.bit.name or "").lower(),
            _within(rule),
            f"{float(kept[rule]):.0%}" if rule in kept else "–",
        )
        for rule in RULES
    )
    yield from table(("body", "which", "bit", "within the cap", "of a sample's kept"), rows)


def _within(rule: CapRule) -> str:
    words = f"{rule.most} with another {coded([rule.group or rule.field])}" if rule.distinct else str(rule.most)
    return f"{words}, one choice for `{rule.choice}`" if rule.choice else f"{words}, ever" if rule.ever else words


def budget() -> Iterator[str]:
    """What `exchange budget` prints for a national year."""
    rows = (
        (
            f"`{line.table}`",
            line.released,
            line.cells_are,
            str(line.squared_l2),
            f"{line.rho:.6f}",
            f"{line.sigma:.2f}",
            str(line.cells),
            str(line.usable),
            str(line.usable_in_a_year),
        )
        for line in budget_lines(planned_sizes(national_clients()))
    )
    header = ("table", "released", "cells are", "L2²", "rho", "sigma", "cells", "usable", "usable, year")
    yield from table(header, rows)
