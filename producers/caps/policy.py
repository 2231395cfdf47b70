"""What of a fact may leave this agency, and in which form.

The edge's own wall, the same for every source.

Rules kept: a body that breaks a rule is refused with the rule, never with the value. Sensitive
codes are off unless switched on. A year_only agency sends the year. A tally_only agency sends no
event about a client at all: such a fact is kept for the tally. The gate repeats all of this
independently.
"""

from dataclasses import dataclass
from typing import Final

from exchange.core.admission.soundness import unsound
from exchange.core.model import events as e
from exchange.core.model.events import CORRECTABLE, About, Correctable
from exchange.core.model.field_types import field_types
from exchange.core.model.period import LAST, is_period, quarter_of, year_period
from exchange.core.model.vocabulary import LegalClass, UsState
from producers.edge_phrases import code_rule
from producers.switches import Switches
from producers.vault.event_tail import fact_tail

_REMEMBERED: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Leaves:
    """The tail that may leave, without bits yet.

    `for_tally`: it never leaves, and counts in the tally of its period.
    """

    tail: bytes
    for_tally: bool = False


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """The agency has not switched this sensitive code on."""

    why: str


@dataclass(frozen=True, slots=True)
class Unfit:
    """The body breaks a rule."""

    column: str
    rule: str


Judged = Leaves | SwitchedOff | Unfit
SWITCHED_OFF: Final = SwitchedOff("switched off: sensitive")
IN_THE_FUTURE: Final = Unfit("period", "has not begun: this quarter or year lies in the future")


class Policy:
    """The rules of one agency. Remembers its judgements (at most 65,536), because facts repeat.

    `newest`: today's quarter; later periods have not begun. By default every period has begun.
    """

    def __init__(self, legal_class: LegalClass, sensitive: tuple[str, ...] = (), *, newest: int = LAST) -> None:
        self._class = legal_class
        self.newest = newest
        self._switches = Switches(sensitive)
        self._judged: dict[tuple[int, UsState, Correctable], Judged] = {}

    def judge(self, period: int, state: UsState, body: Correctable) -> Judged:
        """The judgement on this body."""
        key = (period, state, body)
        judged = self._judged.get(key)
        if judged is None:
            judged = self._judge(period, state, body)
            if len(self._judged) >= _REMEMBERED:
                self._judged.clear()
            self._judged[key] = judged
        return judged

    def _judge(self, period: int, state: UsState, body: Correctable) -> Judged:
        unfit = _unfit(period, state, body)
        if unfit:
            return unfit
        if period > self.newest:  # a year's number comes before those of its quarters
            return IN_THE_FUTURE
        allowed = self._switches.apply(body)
        if allowed is None:
            return SWITCHED_OFF
        kept = False
        if allowed.about is About.CLIENT:
            if self._class is LegalClass.year_only:
                period = year_period(period)
            elif self._class is LegalClass.tally_only:
                if not quarter_of(period):
                    return Unfit("period", "an agency that shares totals counts by quarter: a quarter, not a year")
                kept = True
        return Leaves(fact_tail(period, state, allowed), kept)


def _unfit(period: int, state: UsState, body: Correctable) -> Unfit | None:
    if isinstance(body, e.Tally) or type(body) not in _CHECKS:
        return Unfit("body", "is not a body that a source may have; the edge itself counts tallies")
    if not is_period(period):
        return Unfit("period", "must be a quarter or a year of 2000–2099")
    if type(state) is not UsState:
        return Unfit("state", "must be a code of us_state")
    for name, kind, below in _CHECKS[type(body)]:
        if not _fits(getattr(body, name), kind, below):
            return Unfit(name, f"must be a whole number from 0 to {below - 1}" if below else code_rule(kind))
    rule = unsound(body)
    return Unfit("body", rule) if rule else None


def _fits(value: object, kind: type, below: int) -> bool:
    if not isinstance(value, kind):
        return False
    return not below or (isinstance(value, int) and 0 <= value < below)


def _checks(body: type[Correctable]) -> tuple[tuple[str, type, int], ...]:
    """(field, type, bound of a number or 0) of each field."""
    return tuple((one.name, one.hint, one.below) for one in field_types(body) if isinstance(one.hint, type))


_CHECKS: Final = {body: _checks(body) for body in CORRECTABLE if body is not e.Tally}
