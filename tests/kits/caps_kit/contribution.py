"""One client's contribution to a release, epoch by epoch, and whether its bits keep the caps' laws.

`Sent` is all that a marker under test must give: the events of one client and one period at one
agency, with the epochs they arrive in. Written from the declarations alone, through
`cells.increments`, which defines what every table counts.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from exchange.core.admission import cap_rules
from exchange.core.admission.cap_rules import RULES, Cap, CapRule
from exchange.core.counting.cells import SEPARATOR, increments, parse_cell
from exchange.core.model.events import About, Body, Correction, Event, Tally
from exchange.core.release.client_tables import ReleasedTable

Counts = Callable[[int, Cap], bool]


@dataclass(frozen=True, slots=True)
class Sent:
    """An event, and the epoch it arrives in."""

    epoch: int
    event: Event


def contribution(
    row: ReleasedTable, sent: Iterable[Sent], counts: Counts = cap_rules.counts
) -> Counter[tuple[int, str, str]]:
    """(epoch, place, code) → what these events add to that increment of the released table."""
    found: Counter[tuple[int, str, str]] = Counter()
    for one in sent:
        if not counts(one.event.cap, row.bit):
            continue
        if row.table is None:
            found[one.epoch, "us", ""] += _clients_event(one.event)
            continue
        for cell, n in increments("an-agency", one.event):
            coordinates = parse_cell(cell)
            if coordinates.table is not row.table:
                continue
            value = row.value(SEPARATOR.join(coordinates.values))
            if value is not None:
                found[one.epoch, row.place(coordinates.place), value] += n
    return found


def _clients_event(event: Event) -> int:
    if isinstance(event.body, Correction):
        return -1 if event.body.body.about is About.CLIENT else 0
    return 1 if event.body.about is About.CLIENT else 0


def squared(row: ReleasedTable, sent: Iterable[Sent], counts: Counts = cap_rules.counts) -> int:
    """The squared L2 norm over all epochs and cells."""
    return sum(n * n for n in contribution(row, sent, counts).values())


def broken_law(sent: Sequence[Sent], rules: tuple[CapRule, ...] = RULES) -> str:
    """The law that the bits of one client's period break, in words; empty when they keep all."""
    current: dict[CapRule, Counter[str]] = {rule: Counter() for rule in rules}
    withdrawn: Counter[CapRule] = Counter()
    for number, one in enumerate(sent):
        body, cap = one.event.body, cap_rules.effective(one.event.cap)
        if isinstance(body, Correction):
            if not cap_rules.lawful(one.event.cap, body.cap):
                return "3: a correction takes back more than was added"
            if cap and isinstance(body.body, Tally):
                return "4: a tally's correction carries a bit"
            of: Body = body.body
            change = -1
        else:
            of, change = body, 1
        for rule in rules:
            if not cap & rule.bit or not rule.concerns(of):
                continue
            key = rule.key(of) if rule.distinct else (str(number) if change > 0 else next(iter(+current[rule]), ""))
            current[rule][key] += change
            withdrawn[rule] += change < 0
            if max(current[rule].values()) > 1 or (+current[rule]).total() > rule.most:
                return "1: more stand than the cap allows"
            if withdrawn[rule] > rule.corrections:
                return "2: more corrections carry the bit than may"
    return ""
