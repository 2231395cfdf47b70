"""How far one client's period at one agency can move all releases of a table: squared L2.

Neighbours are two histories of the exchange that differ in everything an agency ever sends about
one client's period: its events, their corrections, its part of a tally, whenever they arrive.
`squared_l2` bounds the sum, over all epochs and cells, of the squared differences. It follows from
the declared caps alone (`exchange.core.admission.cap_rules`, laws 1–4).

A period is counted once, net of corrections at its cut. At every moment at most k marked events of
the client count, so they are what the whole difference is made of:
- *Distinct cells* (the dimension tells marked events apart: needs by service, with a cap of
  distinct services): each adds 1 to a cell of its own. **k**, or the number of codes if that is
  less.
- *Shared cells*: all of them may be in one. **k²**; with k = 1 both are 1.

By month of arrival an event counts in the one month in which it came. At most one event of the
client, period and body is ever sent with the bit, and corrections are not counted: **1** over all
months.

What came *too late* for a quarter is what the log holds of it one quarter later, less what it held
before. A client's case is in neither, in one or in both: the difference is -1, 0 or 1.

A *yearly* release adds up periods, and its caps are those of the period. One client-quarter is
still at most k of it, and another quarter of the same client does not change with it. Four quarters
of one client are four units, whose rho add up. A *tally* is sent with bits once and never corrected
with them, so one client adds at most k, or k² in shared cells. A *sum* of a client's numbers has no
bound without a cap on the number: such a table cannot be released at all.
"""

from exchange.core.admission.cap_rules import RULES, CapRule
from exchange.core.errors import TableUnbudgeted
from exchange.core.release.client_tables import ReleasedTable


def squared_l2(row: ReleasedTable, rules: tuple[CapRule, ...] = RULES) -> int:
    """The squared L2 sensitivity of all releases of a table together.

    Raises TableUnbudgeted without a cap that bounds it.
    """
    rule = bounding_rule(row, rules)
    codes = _codes_that_differ(row, rule)
    return min(rule.most, codes) if codes else rule.most**2


def bounding_rule(row: ReleasedTable, rules: tuple[CapRule, ...] = RULES) -> CapRule:
    """The one rule that covers every event in the table.

    Raises TableUnbudgeted unless there is exactly one.
    """
    found = [rule for rule in rules if rule.bit is row.bit and _bounds(rule, row)]
    if len(found) != 1 or not row.bit:
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
