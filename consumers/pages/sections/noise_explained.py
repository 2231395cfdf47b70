"""What the noise is: its size, the privacy that is spent and left, the questions that are met."""

from collections.abc import Iterator, Mapping
from functools import cache

from consumers.pages.figures_at_hand import Figures
from consumers.pages.parts.panels import Grid, GridCell, KeyNumber, KeyNumbers, Part, PartHeading
from consumers.serve.views.planned import answered, noise
from exchange.core.metrics.answers import Answer
from exchange.core.metrics.planning import Line
from exchange.core.picture.wording.table_words import table_words
from exchange.core.release.budget import DELTA, PARTS, RESERVE, RHO_TOTAL, WHOLE, epsilon_of
from exchange.wire.planned_sizes import national_clients

INTRO = (
    (
        "A random number is added to each count about clients, once, before anybody sees it. It hides whether a client is in "
        "the count. Its size is public: that is what every interval on this site is made of."
    ),
    (
        "Counts of agencies, places, money and practices are about no client. They have no noise. They are left out where too "
        "few agencies are behind them."
    ),
)
_PERCENT = 100


def parts(figures: Figures, chosen: Mapping[str, str]) -> Iterator[Part]:
    """The section."""
    del figures, chosen
    return iter(_parts())


@cache
def _parts() -> tuple[Part, ...]:
    given = WHOLE - RESERVE
    total, now = epsilon_of(float(RHO_TOTAL)), epsilon_of(float(RHO_TOTAL) * given / WHOLE)
    met = sum(one.met for one in answered())
    return (
        PartHeading("spent", "What is spent, and what is left"),
        KeyNumbers(
            (
                KeyNumber(
                    f"{total:.3f}", f"epsilon: the most that a client's quarter may ever cost, at delta {DELTA:f}"
                ),
                KeyNumber(
                    f"{now:.3f}",
                    f"epsilon that all tables of today cost a client's quarter: {given:,} of {WHOLE:,} parts",
                ),
                KeyNumber(f"{RESERVE:,}", f"parts of {WHOLE:,} that are left for tables to come"),
                KeyNumber(
                    f"{met} of {len(answered())}", "questions of evaluators that the noise leaves precise enough"
                ),
            )
        ),
        PartHeading(
            "tables",
            "The noise of each table",
            (
                (
                    "The noise is normal, in whole numbers, with this standard deviation. About 95 in 100 draws are within "
                    f"twice that. Usable cells are counted for the planned size of {national_clients():,} new clients a year."
                ),
            ),
        ),
        Grid(
            "noise-table",
            "Standard deviation, cost and usable cells, table by table",
            (
                "Table",
                "Released",
                "Standard deviation",
                "Parts of 10,000",
                "Usable cells",
                "Usable cells of a whole year",
            ),
            tuple(map(_row, noise())),
        ),
        PartHeading("questions", "The questions, and whether they are met"),
        Grid(
            "questions-table",
            "Precision asked, and expected",
            ("Question", "Asked in", "Period", "Asked: within", "Expected: within", "Met"),
            tuple(map(_question, answered())),
        ),
    )


def _row(one: Line) -> tuple[GridCell, ...]:
    year = f"{one.usable_in_a_year:,}" if one.usable_in_a_year else "no usable cell, or no figure of a year"
    return (
        GridCell(table_words(one.table), f"/v1/metrics/{one.table}.csv"),
        GridCell(one.released),
        GridCell(f"{one.sigma:,.2f}", number=True),
        GridCell(f"{PARTS[one.table]:,}", number=True),
        GridCell(f"{one.usable:,} of {one.cells:,}", number=True),
        GridCell(year, number=bool(one.usable_in_a_year), quiet=not one.usable_in_a_year),
    )


def _question(one: Answer) -> tuple[GridCell, ...]:
    question = one.question
    if question.missing:
        return (
            GridCell(question.asks),
            GridCell(question.source),
            GridCell(question.span.value),
            GridCell("any", quiet=True),
            GridCell(question.missing, quiet=True),
            GridCell("no"),
        )
    return (
        GridCell(question.asks),
        GridCell(question.source),
        GridCell(question.span.value),
        GridCell(_wide(float(question.precision.most), points=question.precision.points)),
        GridCell(_expected(one)),
        GridCell("yes" if one.met else "no"),
    )


def _expected(one: Answer) -> str:
    if one.half_width is None:
        return "no bound"
    return _wide(float(one.half_width), points=one.question.precision.points)


def _wide(number: float, *, points: bool) -> str:
    if not number:
        return "exact"
    return f"{number * _PERCENT:.1f} {'points' if points else '%'}"
