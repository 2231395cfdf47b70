"""What of a run waits for a person, in numbers, and the likely cause."""

from dataclasses import dataclass
from enum import Enum

from exchange.core.words import number_of
from producers import errors


class Cause(Enum):
    """The likely cause of a question, in words."""

    NEW_KEYS = "hardly any key of this file is known: it comes from another case system, or its keys were made anew"
    OTHER_FORM = "keys are written in another form than before, as a spreadsheet does (10.0 for 10, 17 for 017)"
    MARKED = "the file marks them as deleted"
    SWITCHED_OFF = "the profile no longer switches them on under `sensitive`"
    LESS = "the file holds less than before: fewer projects, a shorter window, or an account that sees less"


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """What waits for a person: numbers, and the likely cause.

    `withdraws`, of `published`, facts would be withdrawn; `new` facts wait, too. `holds`: how many
    clients on hold are not recognised under new keys.
    """

    cause: Cause
    withdraws: int
    published: int
    new: int = 0
    holds: int = 0

    @property
    def says(self) -> str:
        """What would be done, and the likely cause; for a person."""
        doing = []
        if self.withdraws:
            doing.append(f"withdraw {self.withdraws} of {number_of(self.published, 'published fact')}")
        if self.new:
            doing.append(f"publish {number_of(self.new, 'fact')} under new keys")
        held = f" {number_of(self.holds, 'client')} on hold cannot be recognised." if self.holds else ""
        return f"This run would {' and '.join(doing)}. Likely cause: {self.cause.value}.{held}"

    def error(self) -> errors.EdgeError:
        """The named error of a run in which this waits."""
        if self.holds:
            return errors.HoldsUnmatched(self.says)
        return errors.WithdrawalsUnconfirmed(self.says)
