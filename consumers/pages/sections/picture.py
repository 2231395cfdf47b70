"""The picture: who is missing, then clients, needs, services and unmet needs, then where."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from consumers.pages.figures_at_hand import Figures, span_of
from consumers.pages.making import across, name_of, over_time
from consumers.pages.parts.coverage_note import (
    PUBLISHING,
    SILENT,
    coverage_of,
    moved_into,
    newest_quarter,
    with_agencies,
)
from consumers.pages.parts.page_labels import period_in_title
from consumers.pages.parts.panels import PageLink, PageLinks, Panel, PanelChart, PanelRow, Part, PartHeading
from consumers.pages.parts.table_cells import value
from consumers.pages.sections.place_pages import address_of
from exchange.core.counting.tables import MISSING_CODES
from exchange.core.metrics.questions import Span
from exchange.core.model.period import parse_period, period_text, quarter_of
from exchange.core.picture.comparisons.coverage_notes import CoverageMoved
from exchange.core.picture.wording.phrases import month_words
from exchange.core.picture.wording.sentences import sentence_of

INTRO = (
    (
        "What survivors of human trafficking needed, what they got, and what they went without, as far as agencies report it. "
        "Every number says how sure it is."
    ),
)
ALL_SERVICES = {"service": "all"}
TWENTY = (
    "Each of the twenty dots is one way in twenty that the figure could have come out, as far as noise goes. Count dots to see "
    "how likely a range is: half of them are in the middle."
)
ALL_CELLS = "Answers that are missing for another reason than not known are in the files only: no agency is in them."


def parts(figures: Figures, chosen: Mapping[str, str]) -> Iterator[Part]:
    """The section. `chosen["year"]`: the year of the map."""
    yield from _missing(figures)
    yield from _nation(figures)
    yield from _largest(figures)
    yield from _places(figures, chosen.get("year", ""))
    yield from _life(figures)


def _missing(figures: Figures) -> Iterator[Part]:
    yield PartHeading(
        "missing",
        "Who is missing",
        (
            (
                "Only registered agencies can publish, and not all do. Agencies that never registered are in no figure. "
                "So a rise may be agencies that joined, and a low number may be agencies that are silent."
            ),
        ),
    )
    yield _agencies(figures)
    yield _by(figures, "division", "reporting_by_division", "Agencies heard from, by part of the country")
    yield _by(figures, "agency_type", "reporting_by_agency_type", "Agencies heard from, by kind")


def _agencies(figures: Figures) -> Panel:
    panel = over_time(figures, "reporting_coverage", "Agencies heard from, by quarter", name="agencies")

    def beside(row: PanelRow) -> tuple[str, ...]:
        period = row.point.period if row.point else None
        counts = (figures.one("reporting", period, presence=one) for one in (PUBLISHING, SILENT))
        others = (figures.one(name, period) for name in ("agencies_known", "reporting_on_time_share"))
        return (*map(value, counts), *map(value, others))

    rows = tuple(replace(row, more=(*beside(row), *row.more)) for row in panel.rows)
    heads = ("Heard from", "Silent", "Registered", "On time, of those heard from")
    return replace(panel, rows=rows, heads=(*heads, *panel.heads), sentences=_who(figures) or panel.sentences)


def _who(figures: Figures) -> tuple[str, ...]:
    """How many agencies are heard from, silent and on time, and whether that moved."""
    quarter = newest_quarter(figures)
    known = coverage_of(figures, quarter)
    if quarter is None or known.publishing is None or known.silent is None:
        return ()
    when = f"In the {period_in_title(quarter)}"
    said = f"{when}, {known.publishing:,} of {known.known:,} registered agencies were heard from. {known.silent:,} were silent."
    late = (
        f"Of those heard from, {known.on_time:,} were on time with every report." if known.on_time is not None else ""
    )
    moved = moved_into(figures, quarter)
    change = "" if moved is CoverageMoved.NO else f"Against the quarter before, {moved.value}."
    return tuple(one for one in (said, late, change) if one)


def _by(figures: Figures, dimension: str, counts: str, title: str) -> Panel:
    panel = across(
        figures, "reporting_coverage", dimension, title, span=Span.QUARTER, name=f"agencies-by-{name_of(dimension)}"
    )
    quarter = newest_quarter(figures)

    def beside(row: PanelRow) -> tuple[str, ...]:
        where = dict(row.point.dimensions) if row.point else {}
        return tuple(value(figures.one(counts, quarter, **where, presence=one)) for one in (PUBLISHING, SILENT))

    rows = tuple(replace(row, more=beside(row)) for row in panel.rows if _is_a_group(row, dimension))
    return replace(
        panel, rows=rows, heads=("Heard from", "Silent"), sentences=_least(rows) or panel.sentences, notes=(ALL_CELLS,)
    )


def _is_a_group(row: PanelRow, dimension: str) -> bool:
    """Whether agencies may be in it: of missing answers, only "not known" is given to them."""
    code = dict(row.point.dimensions)[dimension] if row.point else ""
    return code not in MISSING_CODES - {"not_known"}


def _least(rows: Sequence[PanelRow]) -> tuple[str, ...]:
    """The group from which fewest are heard; the numbers are exact."""
    shown = [row.point for row in rows if row.point and row.status.shows_number and not row.missing]
    if not shown:
        return ()
    return (f"Where fewest are heard from, among those that are shown: {sentence_of(shown[-1])}",)


def _nation(figures: Figures) -> Iterator[Part]:
    yield PartHeading("nation", "The nation, quarter by quarter")
    yield _headline(figures)
    for metric, title in (
        ("cases", "Clients whose case was opened"),
        ("needs", "Needs identified"),
        ("services", "Services given"),
        ("unmet_needs", "Needs that went unmet"),
    ):
        yield with_agencies(figures, over_time(figures, metric, title))
    yield over_time(
        figures,
        "served_elsewhere_share",
        "Cases that another program had served already",
        span=Span.YEAR,
        notes=("A person who goes to two agencies is counted at each. This share says how often that happens.",),
    )


def _headline(figures: Figures) -> Panel:
    """The share of needs that went unmet in the newest year, drawn as twenty possible figures."""
    panel = over_time(
        figures,
        "unmet_need_share",
        "Of all needs, how many went unmet",
        span=Span.YEAR,
        name="headline",
        where=ALL_SERVICES,
    )
    newest = panel.rows[-1:]
    reading = TWENTY if newest else panel.reading
    return replace(panel, rows=tuple(replace(row, more=()) for row in newest), heads=(), reading=reading)


def _largest(figures: Figures) -> Iterator[Part]:
    yield PartHeading("largest", "The largest unmet needs")
    title = "Unmet needs for each need, by group of services"
    yield across(figures, "unmet_need_share", "service_group", title, name="largest-unmet-shares")
    yield across(figures, "unmet_needs_by_service", "service", "Unmet needs, by service")


def _places(figures: Figures, year: str) -> Iterator[Part]:
    yield PartHeading(
        "places",
        "Where",
        ("Figures of places are for whole years. A place's own page has its needs, and what went unmet.",),
    )
    period = _year(figures, year)
    yield across(
        figures,
        "state_cases",
        "division",
        "Clients whose case was opened, by part of the country",
        period=period,
        name="cases-by-division",
        address=address_of,
    )
    years = [one for one in figures.periods("state_cases") if span_of(one) is Span.YEAR]
    yield PageLinks(
        "Year of the map",
        tuple(
            PageLink(period_in_title(one), f"/?year={period_text(one)}#state-cases", here=one == period)
            for one in years
        ),
    )
    yield across(
        figures,
        "state_cases",
        "state",
        "Clients whose case was opened, state by state",
        period=period,
        chart=PanelChart.TILES,
        address=address_of,
        notes=("Small states have much noise. The mean of several years, on the state's own page, has less.",),
    )


def _year(figures: Figures, text: str) -> int | None:
    if text:
        period = parse_period(text)
        if not quarter_of(period):
            return period
    return figures.newest("state_cases", Span.YEAR)


def _life(figures: Figures) -> Iterator[Part]:
    newest = figures.arrivals("arrivals_cases", 1)
    yield PartHeading(
        "arrivals",
        "The monthly sign of life",
        ("Four numbers a month show that reports arrive. They are part of no quarter's figure, so they stand apart.",),
    )
    words = (
        f"What arrived, month by month, up to {month_words(newest[-1].epoch)}" if newest else "What arrives each month"
    )
    yield PageLinks("On a page of its own", (PageLink(words, "/arrivals"),))
