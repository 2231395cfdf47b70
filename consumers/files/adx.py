"""ADX (IHE QRPH, Aggregate Data Exchange) for DHIS2: figures that are shown, and nothing else.

A group is a place and a period. Each figure is three data values: its own, and its `_low` and
`_high`, so that no number travels without its interval. Codes are attributes of a data value.

Rules kept: a figure that is not shown is left out, because the format has no word for it and a 0
would be read as none. An end without a bound is left out too.
"""

from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import quoteattr

from consumers.files.package import created
from consumers.files.published import PublishedMonth
from consumers.files.sdmx import area_of
from consumers.files.written_files import ExportFile
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.view import ARRIVALS
from exchange.core.model.epochs import epoch_text
from exchange.core.model.period import quarter_of, year_of
from exchange.core.picture.wording.statuses import status_of

NAMESPACE: Final = "urn:ihe:qrph:adx:2015"
DATA_SET: Final = "NATIONAL_PICTURE"
_MONTHS_OF_QUARTER: Final = 3


def adx(published: PublishedMonth) -> ExportFile:
    """All shown figures."""
    groups: dict[tuple[str, str], list[str]] = {}
    for point in published.points:
        if status_of(point).shows_number:
            groups.setdefault((area_of(point), interval_of(point)), []).extend(_values(point))
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<adx xmlns="{NAMESPACE}" exported="{created(published)}">',
        *(line for (area, period), values in sorted(groups.items()) for line in _group(area, period, values)),
        "</adx>",
    ]
    says = "ADX for DHIS2: shown figures only; what is not shown is left out"
    return ExportFile("adx/figures.xml", ("\n".join(lines) + "\n").encode(), "application/adx+xml", says)


def interval_of(point: MetricPoint) -> str:
    """`2026-01-01/P3M`, `2026-01-01/P1Y`, or the month of arrival."""
    if point.period is ARRIVALS:
        return f"{epoch_text(point.epoch)}-01/P1M"
    quarter = quarter_of(point.period)
    if not quarter:
        return f"{year_of(point.period)}-01-01/P1Y"
    return f"{year_of(point.period)}-{(quarter - 1) * _MONTHS_OF_QUARTER + 1:02}-01/P3M"


def _group(area: str, period: str, values: list[str]) -> Iterator[str]:
    yield f' <group orgUnit="{area}" period="{period}" dataSet="{DATA_SET}">'
    yield from values
    yield " </group>"


def _values(point: MetricPoint) -> Iterator[str]:
    codes = [(name, code) for name, code in point.dimensions if name not in ("state", "division")]
    attributes = "".join(f" {name}={quoteattr(code)}" for name, code in codes)
    for ending, number in (("", point.value), ("_low", point.low), ("_high", point.high)):
        if number is not None:
            yield f'  <dataValue dataElement="{point.metric}{ending}" value="{number:f}"{attributes}/>'
