"""The catalogue of figures: their meaning, their formula, and how precise they are to be."""

from functools import cache

from consumers.serve.views.planned import answered
from consumers.serve.views.sheets import ServedSheet
from consumers.sheets.sheet import Column, Sheet
from exchange.core.metrics.answers import Answer
from exchange.core.metrics.shapes import Metric
from exchange.core.metrics.table import CAVEAT, COUNTS, MEANS, METRICS
from exchange.core.release.catalogue import DECLARED

_SAYS = {
    "name": "Name of the figure.",
    "meaning": "What it says.",
    "formula": "How it is computed from released tables.",
    "unit": "What is counted.",
    "dimensions": "By what it is broken down.",
    "cadence": "When it is released.",
    "answers": "The questions of 2003 and 2008 that it answers.",
    "precision": "The precision that was asked for, and whether it is met.",
}


@cache
def entries() -> tuple[dict[str, object], ...]:
    """An entry for each metric, in the order of the table. Takes a second the first time."""
    questions: dict[str, list[Answer]] = {}
    for answer in answered():
        questions.setdefault(answer.question.metric, []).append(answer)
    return tuple(_entry(metric, questions.get(metric.name, [])) for metric in METRICS)


def _entry(metric: Metric, asked: list[Answer]) -> dict[str, object]:
    return {
        "name": metric.name,
        "meaning": metric.says,
        "formula": formula_of(metric),
        "tables": list(metric.tables),
        "unit": metric.unit.name,
        "dimensions": [list(kind) for kind in metric.dimensions],
        "cadence": list(dict.fromkeys(DECLARED[table].tier.value for table in metric.tables)),
        "answers": list(metric.answers),
        "precision": [_precision(one) for one in asked],
        "address": f"/v1/metrics/{metric.name}",
    }


def formula_of(metric: Metric) -> str:
    """The formula in short: which released tables, and how they are put together."""
    tables = metric.tables
    if metric in COUNTS:
        return f"count of {tables[0]}"
    if metric in MEANS:
        return f"mean over two or three years of {tables[0]}"
    if any("quantile" in kind for kind in metric.dimensions):
        return f"quantile of {tables[0]}"
    if len(tables) == 1:
        return f"part of {tables[0]} / whole of {tables[0]}"
    pairs = zip(tables[::2], tables[1::2], strict=False)
    return ", or ".join(f"{over} / {under}" for over, under in pairs)


def _precision(answer: Answer) -> dict[str, object]:
    question = answer.question
    return {
        "question": question.name,
        "source": question.source,
        "asks": question.asks,
        "period": question.span.value,
        "unit": question.precision.unit,
        "asked": float(question.precision.most),
        "expected": None if answer.half_width is None else float(answer.half_width),
        "figures": answer.figures,
        "precise": answer.precise,
        "met": answer.met,
    }


def sheet() -> ServedSheet:
    """The catalogue as a view."""
    found = entries()
    columns = tuple(Column(name, says, [_text(one[name]) for one in found]) for name, says in _SAYS.items())
    made = Sheet("metrics", "Every figure of the exchange", columns, {"notes": CAVEAT})
    return ServedSheet(made, {"caveat": CAVEAT, "metrics": found})


def _text(value: object) -> str:
    if not isinstance(value, list):
        return str(value)
    parts = [_one(part) for part in value]
    return "; ".join(parts) or "none"


def _one(part: object) -> str:
    if isinstance(part, dict):
        met = "met" if part["met"] else "not met"
        return f"{part['asks']} by {part['period']}: {met}"
    return ", ".join(part) or "the nation" if isinstance(part, list) else str(part)
