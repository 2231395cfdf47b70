"""The derived parts of `docs/PRIVACY.md` and `docs/mechanisms`.

What an opponent can learn. Everything published for ever about a client's period is worth at most
rho of zero-concentrated differential privacy, and the noise is Gaussian: against somebody who knows
all the rest, it tells as much as one number with noise of standard deviation 1 that the client
moves by √(2·rho) (J. Dong, A. Roth, W. J. Su, "Gaussian Differential Privacy", 2022). So the best
guess whether a client is there is right Φ(√(2·rho)/2) of the time (`right_guesses`), and for a
client who is there the logarithm of the odds moves by a normal number of mean rho and variance
2·rho (`belief`). Periods and agencies add their rho up. The lattice of whole numbers changes this
by less than is shown: the scales are far above 1.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, exp, prod, sqrt
from statistics import NormalDist
from typing import Final

from exchange.core.admission.reasons import SMALL_COUNT_MAX
from exchange.core.counting.tables import TALLIED, Tier, tally_length
from exchange.core.metrics.figures import K
from exchange.core.metrics.intervals import Z
from exchange.core.metrics.usability import EXPECTED_MIN, POPULATION, RELATIVE_SD_MAX
from exchange.core.metrics.view import ARRIVALS, Period, parts_of
from exchange.core.model.epochs import epoch_of
from exchange.core.model.period import period_of
from exchange.core.model.vocabulary import DIVISION
from exchange.core.release.budget import DELTA, PARTS, RESERVE, RHO_TOTAL, TABLE_COSTS, WHOLE, epsilon_of
from exchange.core.release.catalogue import CatalogueEntry
from exchange.core.release.client_tables import rows_of_tally, tally_bits
from exchange.core.release.disclosure import AGENCIES_MIN, AGENCY_RELEASES, REST_MIN, SHARE_MAX
from exchange.core.release.sensitivity import distinct
from exchange.core.release.tiers import periods_due
from tools.derive.markdown import coded, table

RARELY: Final = 1 / 1000
JANUARY: Final = epoch_of(2027, 1)
"""An epoch in which tables of every tier are due."""


@dataclass(frozen=True, slots=True)
class OpponentGoal:
    """An opponent's aim, in client-quarters: the rho of one client at one agency in one period.

    Telling two stories of a client apart is one quarter gone and another come: twice the distance,
    so four times the rho.
    """

    words: str
    units: int


LIVES: Final = (
    OpponentGoal("one quarter at one agency", 1),
    OpponentGoal("one quarter, and it is known; asked is which of two stories is true", 4),
    OpponentGoal("one year at one agency", 4),
    OpponentGoal("two years at one agency", 8),
    OpponentGoal("one year, at three agencies at once", 12),
    OpponentGoal("five years at one agency", 20),
)


@dataclass(frozen=True, slots=True)
class ErrorBar:
    """A figure whose error bar is shown."""

    words: str
    name: str
    period: Period


WIDTHS: Final = (
    ErrorBar("new cases of a quarter", "cases", period_of(2026, 1)),
    ErrorBar("new cases of a year", "cases", period_of(2026)),
    ErrorBar("a quarter's need of one service", "needs_by_service", period_of(2026, 1)),
    ErrorBar("a quarter's cases that were closed for one reason", "exits_by_reason", period_of(2026, 1)),
    ErrorBar("a month's arrivals of new cases", "arrivals_cases", ARRIVALS),
    ErrorBar("a state's new cases of a year", "state_cases", period_of(2026)),
    ErrorBar("a state's year of one group of needs", "state_needs_by_service_group", period_of(2026)),
)


def epsilon(life: OpponentGoal) -> float:
    """At delta 1e-6, of everything that is ever published."""
    return epsilon_of(life.units * float(RHO_TOTAL))


def right_guesses(life: OpponentGoal) -> float:
    """How often the best opponent guesses rightly whether a client is there, after a fair coin."""
    return NormalDist().cdf(sqrt(2 * life.units * float(RHO_TOTAL)) / 2)


def belief(life: OpponentGoal, rarely: float) -> float:
    """The belief, from 50 %, that a client is there, which a draw exceeds with this probability."""
    rho = life.units * float(RHO_TOTAL)
    return 1 / (1 + exp(-(rho + sqrt(2 * rho) * NormalDist().inv_cdf(1 - rarely))))


def reach(width: ErrorBar) -> int:
    """Half of the error bar, rounded up: the reach of the noise alone in 95 of 100 cases."""
    plan = TABLE_COSTS[width.name]
    return ceil(float(Z) * float(plan.scale) * sqrt(len(parts_of(plan.row.tier, width.period))))


def learned() -> Iterator[str]:
    """What anybody can learn about one client from everything that is ever published."""
    once = f"once in {round(1 / RARELY):,} draws it may reach"
    yield from table(
        (
            "somebody was a client for",
            "a coin's guess",
            "the best guess is right",
            once,
            f"ε, but for 1 in {round(1 / DELTA):,}",
        ),
        (
            (
                life.words,
                "50 %",
                f"{_percent(right_guesses(life))} of the time",
                _percent(belief(life, RARELY)),
                _up(epsilon(life), 2),
            )
            for life in LIVES
        ),
    )


def error_bars() -> Iterator[str]:
    """How far the noise alone may move some figures."""
    yield from table(
        ("figure", "95 times in 100 the noise moves it by at most"), ((w.words, str(reach(w))) for w in WIDTHS)
    )


def limits() -> Iterator[str]:
    """Every limit that a figure has to pass, and what it is a limit of."""
    yield from table(
        ("limit", "of what", "looks at"),
        (
            (str(K), "an estimate of clients' events below it is withheld", "the noised estimate"),
            (str(EXPECTED_MIN), "a figure is usable only where so many are expected at least", "public sizes"),
            (f"{float(RELATIVE_SD_MAX):.0%}", "and the noise has a standard deviation of at most so much", "public sizes, σ"),
            (str(AGENCIES_MIN), "agencies behind a cell of an agency table, or it is a hole", "exact sums"),
            (f"{float(SHARE_MAX):.0%}", "of such a cell no agency has more", "exact sums"),
            (f"{float(REST_MIN):.0%}", "of its largest agency's part is left without the two largest", "exact sums"),
            (f"1–{SMALL_COUNT_MAX}", "counts of a tally that leave only with small-counts consent", "the agency's own counts"),
        ),
    )  # fmt: skip


def tiers() -> Iterator[str]:
    """The releases with noise by cadence: tables, numbers in a draw, part of the budget, noise."""
    rows = []
    for tier in Tier:
        plans = [plan for plan in TABLE_COSTS.values() if plan.row.tier is tier]
        if plans:
            scales = sorted({float(plan.scale) for plan in plans})
            numbers = sum(len(periods_due(tier, JANUARY)) * plan.row.cells for plan in plans)
            part = Fraction(sum(PARTS[plan.row.name] for plan in plans), WHOLE)
            sigma = f"{scales[0]:g}" if len(scales) == 1 else f"{scales[0]:g}–{scales[-1]:g}"
            rows.append((tier.value, str(len(plans)), f"{numbers:,}", f"{float(part):.1%}", sigma))
    rows.append(("held back", "–", "–", f"{RESERVE / WHOLE:.1%}", "–"))
    yield from table(("released", "tables", "numbers in one draw", "part of the budget", "σ"), rows)


def sensitivities() -> Iterator[str]:
    """Every kind of cap and cells, with the squared distance that one client can move them."""
    kinds: Counter[tuple[int, str, int]] = Counter()
    for plan in TABLE_COSTS.values():
        rule, told_apart = plan.rule, plan.rule.most == 1 or distinct(plan.row, plan.rule)
        kinds[rule.most, "distinct" if told_apart else "shared", plan.squared_l2] += 1
    yield from table(
        ("within the cap (k)", "cells", "how it follows", "L2²", "tables"),
        (
            (str(k), cells, _followed(k, cells, squared), str(squared), str(count))
            for (k, cells, squared), count in sorted(kinds.items())
        ),
    )


def _followed(k: int, cells: str, squared: int) -> str:
    if cells == "shared":
        return f"k² = {k}²"
    return "k" if squared == k else "codes: there are fewer than k"


def state_tables() -> Iterator[str]:
    """The states' tables, and what their divisions are worth."""
    plans = [plan for plan in TABLE_COSTS.values() if plan.row.tier is Tier.STATE_YEARLY]
    yield from table(
        (
            "table",
            "places",
            "cells",
            "cap",
            "L2²",
            "σ",
            "95 % of a state's cell",
            f"95 % of a division's, {min(_divisions())}–{max(_divisions())} states",
        ),
        (
            (
                f"`{plan.row.name}`",
                str(len(plan.row.places)),
                str(plan.row.cells),
                str(plan.rule.most),
                str(plan.squared_l2),
                f"{float(plan.scale):g}",
                f"± {_summed(plan.scale, 1)}",
                f"± {_summed(plan.scale, min(_divisions()))}–{_summed(plan.scale, max(_divisions()))}",
            )
            for plan in plans
        ),
    )


def _divisions() -> list[int]:
    """How many states each Census division has."""
    return list(Counter(DIVISION[state] for state in POPULATION).values())


def _summed(scale: Fraction, cells: int) -> int:
    return ceil(float(Z) * float(scale) * sqrt(cells))


def agency_tables() -> Iterator[str]:
    """What is released exactly, under the rule about agencies."""
    yield from table(
        ("table", "counts", "released", "cells"),
        (
            (f"`{one.name}`", _counted(one), one.tier.value, str(len(one.places) * prod(map(len, one.codes))))
            for one in AGENCY_RELEASES
        ),
    )


def _counted(one: CatalogueEntry) -> str:
    if one.table is None:
        return "agencies themselves"
    return f"`{one.table.body.__name__}`" + (f", sum of `{one.table.measure}`" if one.table.measure else "")


def tallied_tables() -> Iterator[str]:
    """The tables that an agency may send as totals, with the releases and bits they feed."""
    yield from table(
        ("tally of", "counts", "bits", "feeds"),
        (
            (
                f"`{name}`",
                str(tally_length(tallied)),
                ", ".join(sorted(bit.name.lower() for bit in tally_bits(tallied) if bit.name)) or "none",
                coded(row.name for row in rows_of_tally(tallied)) or "nothing",
            )
            for name, tallied in TALLIED.items()
        ),
    )


def promise() -> Iterator[str]:
    """The promise in one sentence, and what of it is given out."""
    one, given = LIVES[0], float(1 - Fraction(RESERVE, WHOLE))
    yield "One client in one period at one agency: everything that is ever released, together, is"
    yield f"({_up(epsilon(one))}, {DELTA:g})-differentially private, by ρ = {float(RHO_TOTAL)} of Gaussian noise."
    yield f"Given out are {given:.0%} of it, {1 - given:.0%} are held back."


def _percent(share: float) -> str:
    return f"{_up(100 * share)} %"


def _up(number: float, decimals: int = 1) -> str:
    """Rounded up: what is said is never less than what is so."""
    return f"{ceil(10**decimals * number) / 10**decimals:.{decimals}f}"


PRIVACY_PARTS: Final[tuple[Callable[[], Iterator[str]], ...]] = (
    learned,
    error_bars,
    limits,
    promise,
    tiers,
    sensitivities,
    state_tables,
    agency_tables,
    tallied_tables,
)
