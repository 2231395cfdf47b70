"""How far one client's period at one agency can move all releases of a table: squared L2.

Neighbours are two histories of the exchange that differ in everything an agency ever sends about
one client's period: its events, their corrections, its part of a tally, whenever they arrive.
`squared_l2` bounds the sum, over all epochs and cells, of the squared differences. It follows from
the declared caps alone (`exchange.core.admission.cap_rules`, laws 1–5).

Let k events be within the cap and c corrections carry the bit. The marked events that count never
exceed k, so at most k + c come and at most c go. Let x be the counting events of each cell, and d
the change of x in one epoch.
- *Distinct cells* (the dimension tells marked events apart: needs by service, with a cap of
  distinct services). A cell of x is 0 or 1, so a cell of d is -1, 0 or 1. Its square is at most the
  number of comings and goings behind it: **k + 2c** in all. A domain of n < k such codes holds at
  most n of them at a time: min(k, n) + 2c.
- *Shared cells* (services by wait band: three services may share a band). In one epoch at most k
  come and at most min(k, c) go. Squares are largest when as much as possible comes and goes at
  once: k² for the first, then c go and c come: **k² + 2c²** while c ≤ k. In general
  k² + 2(⌊c/k⌋k² + (c mod k)²).

With k = 1 both are 1 + 2c, the factor for a contribution that is corrected c times. Of k
contributions, c are corrected once.

Why cadence does not matter. Each event is in the increment of one epoch, the one it arrives in, and
there in one bucket (its quarter, its year, or `earlier`), because a period has one name and a
bucket is a function of period and epoch. So twelve monthly releases split a client's events among
them rather than repeat them. The bound is over all epochs already, whatever their number. Running
totals would repeat events; that is why increments are noised.

A *yearly* release adds up periods, and its caps are those of the period. One client-quarter is
still at most k of it, and another quarter of the same client does not change with it. Four quarters
of one client are four units, whose rho add up. A *tally* is sent with bits once and never corrected
with them, so one client adds at most k, or k² in shared cells. A *sum* of a client's numbers has no
bound without a cap on the number: such a table cannot be released at all.
"""

from exchange.core.admission.cap_rules import RULES, Cap, CapRule
from exchange.core.errors import TableUnbudgeted
from exchange.core.release.client_tables import ReleasedTable


def squared_l2(row: ReleasedTable, rules: tuple[CapRule, ...] = RULES) -> int:
    """The squared L2 sensitivity of all releases of a table together.

    Raises TableUnbudgeted without a cap that bounds it.
    """
    rule = bounding_rule(row, rules)
    codes = _codes_that_differ(row, rule)
    if codes:
        return min(rule.most, codes) + 2 * rule.corrections
    return rule.most**2 + 2 * _most_squares(rule.corrections, rule.most)


def bounding_rule(row: ReleasedTable, rules: tuple[CapRule, ...] = RULES) -> CapRule:
    """The one rule that covers every event in the table.

    Raises TableUnbudgeted unless there is exactly one.
    """
    found = [rule for rule in rules if rule.bit is row.bit and _bounds(rule, row)]
    if len(found) != 1 or row.bit in {Cap.UNMARKED, Cap(0)}:
        raise TableUnbudgeted(f"{row.name}: {len(found)} caps bound it, instead of one.")
    return found[0]


def _bounds(rule: CapRule, row: ReleasedTable) -> bool:
    """Whether every event in the table is under the rule.

    A rule with a strand needs one of its fields as a dimension.
    """
    if row.table is None or rule.body is None:
        return row.table is None and rule.body is None
    if row.table.measure or rule.body is not row.table.body:
        return False
    return not rule.strand or any(dimension.field in rule.strand for dimension in row.dimensions)


def distinct(row: ReleasedTable, rule: CapRule) -> bool:
    """Whether two marked events of one client and period never share a cell."""
    return bool(_codes_that_differ(row, rule))


def _codes_that_differ(row: ReleasedTable, rule: CapRule) -> int:
    """How many codes the dimension has that tells marked events apart; 0: no dimension does."""
    pairs = zip(row.dimensions, row.domains, strict=True)
    return next((len(codes) for d, codes in pairs if rule.field and (d.field, d.group) == (rule.field, rule.group)), 0)


def _most_squares(total: int, at_once: int) -> int:
    """The greatest sum of squares of numbers that add up to `total`, none over `at_once`."""
    whole, rest = divmod(total, at_once)
    return whole * at_once**2 + rest**2
