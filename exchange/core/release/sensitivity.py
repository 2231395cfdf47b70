"""How far one client of one period at one agency can move everything that is ever released of a table: squared L2, exact.

Neighbours are two histories of the exchange that differ in all that an agency ever says of one client's period: its events,
their corrections, its part of a tally, whenever they arrive. `squared_l2` bounds the sum, over all epochs and all cells, of
the squares of the difference, computed from nothing but the declared caps (`exchange.core.admission.cap_rules`, laws 1–5).

Let k events be within the cap and c corrections carry the bit. Marked events that stand never exceed k, so at most k + c come
and at most c go; x is what stands, d its change in one epoch.
- *Distinct cells* (the dimension tells marked events apart: needs by service, a cap of distinct services). A cell of x is 0
  or 1, so one of d is -1, 0 or 1 and its square is at most the number of comings and goings behind it: **k + 2c** in all.
  A domain of n < k such codes holds at most n of them at a time: min(k, n) + 2c.
- *Shared cells* (services by wait band: three services may share a band). What comes in one epoch is at most k, what goes at
  most min(k, c), and squares are largest when as much as possible comes and goes at once: k² for the first, then c go and c
  come: **k² + 2c²** while c ≤ k. In general k² + 2(⌊c/k⌋k² + (c mod k)²).
With k = 1 both are 1 + 2c, the factor for a contribution that is corrected c times: of k contributions, c are corrected once.

Why cadence does not enter. Each event is in the increment of one epoch, the one it arrives in, and there in one bucket (its
quarter, its year, or `earlier`), because a period has one name and a bucket is a function of period and epoch. Twelve monthly
releases therefore split a client's events among them rather than repeat them; the bound is over all epochs already, whatever
their number. It would not be so for running totals, which is why increments are noised.

A *yearly* release adds up periods, and its caps are those of the period: one client-quarter is still at most k of it, and
another quarter of the same client does not change with it. Four quarters of one client are four units, whose rho add up.
A *tally* is sent with bits once and never corrected with them, so one client adds at most k, or k² where cells are shared.
A *sum* of a client's numbers has no bound without a cap on the number: such a table cannot be released at all.
"""

from exchange.core.admission.cap_rules import RULES, Cap, CapRule
from exchange.core.errors import TableUnbudgeted
from exchange.core.release.client_tables import ReleasedTable


def squared_l2(row: ReleasedTable, rules: tuple[CapRule, ...] = RULES) -> int:
    """The squared L2 sensitivity of all releases of a table together; raises TableUnbudgeted where no cap bounds it."""
    rule = bounding_rule(row, rules)
    told_apart = _told_apart(row, rule)
    if told_apart:
        return min(rule.most, told_apart) + 2 * rule.corrections
    return rule.most**2 + 2 * _most_squares(rule.corrections, rule.most)


def bounding_rule(row: ReleasedTable, rules: tuple[CapRule, ...] = RULES) -> CapRule:
    """The one rule that every event in the table is under; raises TableUnbudgeted unless there is exactly one."""
    found = [rule for rule in rules if rule.bit is row.bit and _bounds(rule, row)]
    if len(found) != 1 or row.bit in {Cap.UNMARKED, Cap(0)}:
        raise TableUnbudgeted(f"{row.name}: {len(found)} caps bound it, instead of one.")
    return found[0]


def _bounds(rule: CapRule, row: ReleasedTable) -> bool:
    """Whether no event outside the rule can be in the table: a strand is one of fields, and the table is of one of these."""
    if row.table is None or rule.body is None:
        return row.table is None and rule.body is None
    if row.table.measure or rule.body is not row.table.body:
        return False
    return not rule.strand or any(dimension.field in rule.strand for dimension in row.dimensions)


def distinct(row: ReleasedTable, rule: CapRule) -> bool:
    """Whether two marked events of one client and period never share a cell: the rule's key decides on the cell."""
    return bool(_told_apart(row, rule))


def _told_apart(row: ReleasedTable, rule: CapRule) -> int:
    """How many codes the dimension has by which marked events differ, in a table of one dimension or of two; 0: none does."""
    pairs = zip(row.dimensions, row.domains, strict=True)
    return next((len(codes) for d, codes in pairs if rule.field and (d.field, d.group) == (rule.field, rule.group)), 0)


def _most_squares(total: int, at_once: int) -> int:
    """The greatest sum of squares of numbers that add up to `total`, none over `at_once`."""
    whole, rest = divmod(total, at_once)
    return whole * at_once**2 + rest**2
