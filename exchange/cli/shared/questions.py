"""The evaluators' questions with their answers, as a table and as JSON."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from exchange.core.metrics.answers import Answer
    from exchange.core.metrics.estimates import Exact

COLUMNS: Final = ("asked in", "question", "period", "figures", "asked ±", "expected ±", "met")
TITLE: Final = "What evaluators ask, and whether the figures will be precise enough, at {:,} new clients a year"
CAPTION: Final = (
    "Expected: the 95 % half-width of the figure that decides, from public sizes and the noise. pp: percentage points."
)
NOT_MET: Final = ("not met", "why", "parts of the budget that would do, of 10,000")
NOISE: Final = "too much noise"


def as_plain(answer: "Answer") -> dict[str, object]:
    """An answer as JSON has it; widths are parts of the value, or shares."""
    question = answer.question
    return {
        "question": question.name,
        "source": question.source,
        "asks": question.asks,
        "metric": question.metric,
        "period": question.span.value,
        "unit": question.precision.unit,
        "asked": float(question.precision.most),
        "expected": None if answer.half_width is None else float(answer.half_width),
        "figures": answer.figures,
        "precise": answer.precise,
        "least": question.least or answer.figures,
        "met": answer.met,
        "why_not": "" if answer.met else question.missing or NOISE,
        "parts": {cost.table: {"now": cost.part, "needed": cost.needed} for cost in answer.costs},
    }


def rows(answers: Iterable["Answer"]) -> list[tuple[str, ...]]:
    """The rows of the table, in `COLUMNS`."""
    found: list[tuple[str, ...]] = []
    for answer in answers:
        question, precision = answer.question, answer.question.precision
        start, met = (question.source, question.asks, question.span.value), "yes" if answer.met else "no"
        if question.missing:
            found.append((*start, "", "", "", met))
            continue
        figures = f"{answer.precise} of {answer.figures}"
        wide = ("exact", "exact")
        if precision.most:
            wide = width(precision.most, points=precision.points), width(answer.half_width, points=precision.points)
        found.append((*start, figures, *wide, met))
    return found


def width(half_width: "Exact | None", *, points: bool) -> str:
    """A half-width for people, rounded up."""
    if half_width is None:
        return "no bound"
    tenths = -(-1000 * half_width.numerator // half_width.denominator)
    return f"{tenths / 10:.1f} {'pp' if points else '%'}"


def costs(answers: Iterable["Answer"]) -> list[tuple[str, str, str]]:
    """The questions that are not met, in `NOT_MET`."""
    return [
        (
            f"{answer.question.asks}, {answer.question.span.value}",
            answer.question.missing or NOISE,
            ", ".join(f"{cost.table} {cost.needed:,} (now {cost.part:,})" for cost in answer.costs),
        )
        for answer in answers
        if not answer.met
    ]


def show_questions(clients: int | None, *, as_json: bool) -> None:
    """Print the answers at so many new clients a year; None: the nation's."""
    import json

    import typer

    from exchange.core.metrics.answers import answers
    from exchange.wire.planned_sizes import national_clients, planned_sizes

    a_year = clients or national_clients()
    found = list(answers(planned_sizes(a_year)))
    if as_json:
        typer.echo(json.dumps({"clients_a_year": a_year, "questions": [as_plain(one) for one in found]}, indent=2))
    else:
        print_answers(found, a_year)


def print_answers(answers: list["Answer"], clients: int) -> None:
    """Print both tables."""
    from exchange.cli.shared.console import console, table

    asked = table(*COLUMNS, right=("asked ±", "expected ±"), title=TITLE.format(clients), caption=CAPTION)
    for row in rows(answers):
        asked.add_row(*row)
    screen = console()
    screen.print(asked)
    lacking = costs(answers)
    if lacking:
        shown = table(*NOT_MET, title="What is not met, and what it would cost")
        for row in lacking:
            shown.add_row(*row)
        screen.print(shown)
