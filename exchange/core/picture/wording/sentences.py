"""A figure as a sentence, and its short forms: heading, alternative text, copied text.

    sentence_of(point)
    'Of 100 needs for housing and shelter identified in the Pacific division in 2025, about 44 were
    reported unmet: between 34 and 55 of 100, 95 times in 100.'

Rules kept:
- Every sentence is made from a row of `exchange.core.picture.wording.metric_wording`, by one rule
  for each kind.
- No number stands without its interval. An exact number is called exact instead.
- A figure that is not shown has its status and the reason where the number would be.
- The numbers are those of `exchange.core.picture.wording.readings`.
- A text that leaves the page carries the caveat, the epoch and the address.
"""

import re
from decimal import Decimal
from typing import Final

from exchange.core.counting.tables import Tier
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.shapes import AGENCIES, CLIENTS
from exchange.core.metrics.table import BY_METRIC, CAVEAT
from exchange.core.metrics.view import ARRIVALS
from exchange.core.model.period import quarter_of
from exchange.core.picture.wording.metric_wording import MEAN, wording_of
from exchange.core.picture.wording.phrases import label_of, month_words, period_words, phrase, place
from exchange.core.picture.wording.readings import NumbersRead, is_exact, reading, text
from exchange.core.picture.wording.statuses import status_of
from exchange.core.picture.wording.wording_kinds import CountedThings, ForEach, PerHundred, UpTo
from exchange.core.release.catalogue import DECLARED

EXACT_CAVEAT: Final = (
    "Counted exactly from agencies' own reports, and left out where too few agencies are behind it: this is what agencies "
    "of the exchange report, not all there is."
)
"""For figures about agencies; `CAVEAT` is for the others."""
OFTEN: Final = "95 times in 100"
NOTHING: Final = Decimal(0)
MONTHS: Final = 12
_SLOT: Final = re.compile(r"{(\w+)}")


def sentence_of(point: MetricPoint) -> str:
    """What the point says, in one sentence; if no number is shown, its status and why."""
    status = status_of(point)
    if not status.shows_number:
        return f"{heading(point)}: {status.cell}. {status.sentence}"
    return f"{_said(point, reading(point))}."


def heading(point: MetricPoint) -> str:
    """What it is about, where and when, without a number: `Needs for food, California, 2026`."""
    return ", ".join((_first_large(_title(point)), place(point.dimensions), _when_short(point)))


def alt_text(point: MetricPoint) -> str:
    """For a chart of the point: its sentence, and where the numbers are."""
    return f"{sentence_of(point)} The numbers are in the table below."


def copied_text(point: MetricPoint, address: str) -> str:
    """Sentence, epoch, caveat and address: all that must go along with the number."""
    return f"{sentence_of(point)} Released for {month_words(point.epoch)}. {caveat_of(point)} {address}"


def caveat_of(point: MetricPoint) -> str:
    """What the figure is not."""
    return EXACT_CAVEAT if is_exact(point) else CAVEAT


def interval_words(numbers: NumbersRead, *, part: bool = True) -> str:
    """Such as `between 34 and 55 of 100, 95 times in 100`; of an exact number, that it is exact.

    `part`: of the base; else for every so many.
    """
    if numbers.bare:
        return "an exact count" if numbers.base == 1 else "exact, but for rounding"
    of = "" if numbers.base == 1 or not part else f" of {numbers.base:,}"
    often = "the band that is known" if numbers.band else OFTEN
    low = text(numbers.low or NOTHING)
    if numbers.high is None:
        return f"at least {low}{of}, with no upper limit, {often}"
    return f"between {low} and {text(numbers.high)}{of}, {often}"


def _said(point: MetricPoint, numbers: NumbersRead) -> str:
    """The sentence without its full stop."""
    number = text(numbers.value) if numbers.bare else f"about {text(numbers.value)}"
    interval = interval_words(numbers, part=not _is_per(point))
    there = f"in {place(point.dimensions)} in {period_words(point)}"
    counted = _once(point)
    match wording_of(point.metric):
        case CountedThings(things, reported):
            said = f"agencies reported {number}" if reported else f"there were {number}"
            return f"{_where_counted(point)}, {said} {_filled(things, point)}{counted}: {interval}"
        case PerHundred(_, of, are, per):
            lead = f"{'For every' if _is_per(point) else 'Of'} {numbers.base:,} {_filled(of, point)} {there}{counted}"
            verb = "there were " if per else ""
            return f"{lead}, {verb}{number} {_filled(are, point)}: {interval}"
        case ForEach(_, of, are):
            return (
                f"For each {_filled(of, point)} {there}, agencies received {number} {_filled(are, point)}: {interval}"
            )
        case UpTo(_, of, are, unit, open_from):
            part = label_of("quantile", dict(point.dimensions)["quantile"])
            lead = f"{part} of {_filled(of, point)} {there}{counted and f'{counted},'} {are} at most"
            if numbers.high is None and point.value == open_from:
                return f"{lead} a number of {unit} that is not known, but {text(numbers.value)} or more: {interval}"
            return f"{lead} {number} {unit}: {interval}"


def _where_counted(point: MetricPoint) -> str:
    where = place(point.dimensions)
    if point.period is ARRIVALS:
        return f"In reports that arrived from {where} in {period_words(point)}, of whatever quarter"
    if point.metric.endswith(MEAN):
        return f"In {where} in a year, on average over {_years(point)}"
    return f"In {where} in {period_words(point)}"


def _years(point: MetricPoint) -> str:
    """The years of a mean: each was released in the January after it."""
    years = [(origin.epoch - 1) // MONTHS for origin in point.computed_from]
    return f"{min(years)} to {max(years)}"


def _once(point: MetricPoint) -> str:
    """How the whole is counted, where that is no matter of course: clients once, agencies once."""
    wording = wording_of(point.metric)
    if isinstance(wording, CountedThings):
        units = {BY_METRIC[point.metric].unit}
    elif isinstance(wording, PerHundred) and wording.per:
        return ""
    else:
        units = {BY_METRIC[origin.table].unit for origin in point.computed_from}
    quarters = point.period is not ARRIVALS and not quarter_of(point.period) and _is_quarterly(point)
    if units == {CLIENTS}:
        return f", each counted with one record{' in each quarter' if quarters else ''}"
    return ", each counted once in each quarter" if units == {AGENCIES} and quarters else ""


def _is_quarterly(point: MetricPoint) -> bool:
    """Whether a year of it is the sum of its quarters."""
    return any(DECLARED[origin.table].tier is Tier.NATION_QUARTERLY for origin in point.computed_from)


def _is_per(point: MetricPoint) -> bool:
    """Whether a ratio is for every so many: no part of them, or maybe more than all of them."""
    wording = wording_of(point.metric)
    return isinstance(wording, PerHundred) and (wording.per or point.high is None or point.high > 1)


def _title(point: MetricPoint) -> str:
    wording = wording_of(point.metric)
    title = wording.things if isinstance(wording, CountedThings) else wording.title
    part = dict(point.dimensions).get("quantile")
    return f"{_filled(title, point)}: {label_of('quantile', part).lower()}" if part else _filled(title, point)


def _when_short(point: MetricPoint) -> str:
    if point.period is ARRIVALS:
        return f"arrived in {period_words(point)}"
    return f"a year of {_years(point)}" if point.metric.endswith(MEAN) else period_words(point)


def _filled(template: str, point: MetricPoint) -> str:
    """The template with its slots; a slot that the point lacks leaves no gap."""
    dimensions = dict(point.dimensions)
    slots = {slot: phrase(slot, dimensions) for slot in _SLOT.findall(template)}
    words = template.format_map(slots).split()
    return " ".join(words).removesuffix(" at agencies").replace(" ,", ",")


def _first_large(words: str) -> str:
    return words[:1].upper() + words[1:]
