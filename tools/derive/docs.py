"""Writes the parts of the docs that follow from code: `python -m tools.derive.docs`.

A derived part is between `<!-- derived: NAME -->` and `<!-- end: NAME -->` in a Markdown file. The
text around it is written by hand and never touched. `PARTS` names every part and the function that
makes it. `tests/unit/tree/test_docs.py` fails when a committed file differs from the text that this
module would write, so no such table is ever out of date.

Not promised: docs in a wheel. They are written in a source tree.
"""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from enum import Enum
from math import prod
from pathlib import Path
from typing import Final

from exchange.core.admission.reasons import EXPLAINED
from exchange.core.counting.tables import TABLES, Table, domain
from exchange.core.model.events import BODIES, About, Body
from exchange.core.model.field_types import field_types
from producers.switches import RULES
from schemas.lists import list_names, read_list
from tools.derive.budget_docs import budget, caps
from tools.derive.check_docs import CHECK_PARTS, REPORT_PARTS
from tools.derive.commands_docs import agency_exit_statuses, commands, exit_statuses
from tools.derive.generate import camel
from tools.derive.markdown import coded as _coded
from tools.derive.markdown import table as _table
from tools.derive.metric_docs import evaluators_questions, metric_counts, metrics, not_metrics, statuses
from tools.derive.privacy_docs import PRIVACY_PARTS
from tools.derive.purposes import ReasonMissing, purpose_of, questions_of, reason_of
from tools.derive.state_docs import state_answers
from tools.derive.topic_docs import topic_settings, topics

ROOT: Final = Path(__file__).parents[2]
_PART: Final = re.compile(r"(<!-- derived: ([a-z_]+) -->\n).*?(<!-- end: \2 -->)", re.DOTALL)
_MARK: Final = re.compile(r"<!-- (derived|end): ([a-z_]+) -->")
_ABOUT: Final = {
    About.CLIENT: "A client's case",
    About.AGENCY: "The agency itself",
    About.EXCHANGE: "The exchange",
}


class DocsError(ValueError):
    """A mark in a Markdown file is wrong: it has no end, or no function makes its part."""


def markdown_files(root: Path = ROOT) -> list[Path]:
    """The files that may hold derived parts."""
    beside = (root / "README.md", root / "deploy" / "README.md")
    return [path for path in (*beside, *sorted((root / "docs").rglob("*.md"))) if path.is_file()]


def derived(text: str) -> str:
    """The text with every derived part made anew; raises DocsError."""
    marks = [name for _, name in _MARK.findall(text)]
    if len(marks) != 2 * len(_PART.findall(text)):
        raise DocsError(f"A derived part does not end: {', '.join(marks)}")
    return _PART.sub(lambda found: f"{found[1]}{_made(found[2])}\n{found[3]}", text)


def _made(name: str) -> str:
    if name not in PARTS:
        raise DocsError(f"No function makes the part {name}")
    return "\n".join(PARTS[name]())


def _shown(body: type[Body], name: str) -> str:
    """The values of a field: a link to its list of codes, or the kind of number."""
    one = next(field for field in field_types(body) if field.name == name)
    hint = one.hint
    if isinstance(hint, type) and issubclass(hint, Enum):
        code_list = re.sub(r"(?<!^)(?=[A-Z])", "_", hint.__name__).lower()
        return f"[{code_list}](BODIES.md#{code_list})" if code_list in list_names() else "a tally's table"
    if name == "period":
        return "period"
    if name == "body":
        return "any body but `Heartbeat` and `Correction`"
    if one.bounds:
        return f"{one.bounds.start}–{one.bounds.stop - 1}"
    if one.octets:
        many = "each " if hint is not int and hint is not bytes else ""
        return f"{many}{'bytes' if hint is bytes else 'a number'}, `fixed({one.octets})`"
    raise DocsError(f"{body.__name__}.{name} is of a kind that the docs do not know")


# Questions and reasons


def questions_of_field(body: type[Body], name: str) -> list[str]:
    """The questions whose tables count this field."""
    counting = (t for t in TABLES if t.body is body and (name == t.measure or name in [d.field for d in t.dimensions]))
    return list(dict.fromkeys(question for table in counting for question in questions_of(table.name)))


def fields_and_reasons() -> Iterator[str]:
    """Every field of every body: its codes, the questions that it serves, its reason."""
    for about, title in _ABOUT.items():
        yield f"**{title}**\n"
        rows = (row for body in BODIES if body.about is about for row in _field_rows(body))
        yield from _table(("body", "field", "holds", "serves", "why"), rows)
        yield ""


def _field_rows(body: type[Body]) -> Iterator[tuple[str, ...]]:
    shown = f"`{body.__name__}`"
    for field in fields(body):
        holds = _shown(body, field.name).replace("(BODIES.md", "(../BODIES.md")
        serves = _coded(questions_of_field(body, field.name)) or "–"
        yield shown, f"`{field.name}`", holds, serves, reason_of(body.__name__, field.name)
        shown = ""


def bodies() -> Iterator[str]:
    """Every body: the fact that it records, and its fields."""
    for body in BODIES:
        yield f"### {body.__name__}\n"
        yield f"{' '.join((body.__doc__ or '').split())} About: {_ABOUT[body.about].lower()}.\n"
        yield from _table(("field", "holds"), ((f"`{f.name}`", _shown(body, f.name)) for f in fields(body)))
        yield ""


def sensitive() -> Iterator[str]:
    """The answers that stay at the agency unless its profile names the switch."""
    rows = (
        (
            f"`{rule.switch}`",
            f"`{rule.body.__name__}`",
            f"`{rule.field}`",
            _coded(rule.codes) or "every answer",
            "no event is made" if rule.is_the_fact else f"`{rule.instead}` is sent",
        )
        for rule in RULES
    )
    yield from _table(("switch", "body", "field", "codes", "while it is off"), rows)


def codes() -> Iterator[str]:
    """Every list of codes, with labels and notes."""
    for name in list_names():
        if camel(name) not in _ENUMS_OF_BODIES:
            continue
        yield f"### {name}\n"
        rows = read_list(name)
        yield from _table(("code", "means", "note"), ((f"`{row['code']}`", row["label"], row["note"]) for row in rows))
        missing = [row["code"] for row in read_list("missing_reason") if row["code"] not in {r["code"] for r in rows}]
        yield f"\nAnd {_coded(missing)}.\n"


_ENUMS_OF_BODIES: Final = {
    one.hint.__name__
    for body in BODIES
    for one in field_types(body)
    if isinstance(one.hint, type) and issubclass(one.hint, Enum)
} | {"UsState"}


def missing_reasons() -> Iterator[str]:
    """The codes for missing answers."""
    yield from _table(
        ("code", "means", "note"),
        ((f"`{row['code']}`", row["label"], row["note"]) for row in read_list("missing_reason")),
    )


def refusals() -> Iterator[str]:
    """The reasons for which the gate refuses a record, and what to do."""
    yield from _table(
        ("reason", "what it means, what to do"), ((f"`{r.value}`", said) for r, said in EXPLAINED.items())
    )


# Counts


def tables() -> Iterator[str]:
    """Every table: its events and dimensions, its size, its release, its questions."""
    for about, title in _ABOUT.items():
        yield f"### {title}\n"
        yield from _table(
            ("table", "counts", "by", "cells", "released", "answers"),
            (_table_row(table) for table in TABLES if table.about is about),
        )
        yield ""


def _table_row(table: Table) -> tuple[str, ...]:
    answers = _coded(questions_of(table.name)) or purpose_of(table.name)
    return (
        f"`{table.name}`" + (" (T)" if table.tally else ""),
        f"`{table.body.__name__}`" + (f", sum of `{table.measure}`" if table.measure else ""),
        ", ".join([table.scope.value, *(f"`{d.name}`" for d in table.dimensions)]),
        str(prod(len(domain(table, d)) for d in table.dimensions)),
        table.tier.value,
        answers,
    )


def questions() -> Iterator[str]:
    """Every question of the study and the brief, with the tables that answer it."""
    yield from _table(
        ("question", "2003 said", "measured as", "tables"),
        (
            (f"{row['label']} (`{row['code']}`)", row["published_figure"], row["live_measure"], _answering(row["code"]))
            for row in read_list("needs_assessment_figure")
        ),
    )
    yield ""
    yield from _table(
        ("research topic of 2008", "limits", "tables"),
        (
            (f"{row['label']} (`{row['code']}`)", row["note"], _answering(row["code"]))
            for row in read_list("research_topic")
        ),
    )


def _answering(question: str) -> str:
    return _coded(t.name for t in TABLES if question in questions_of(t.name)) or "none: not computable from events"


PARTS: Final[dict[str, Callable[[], Iterator[str]]]] = {
    part.__name__: part
    for part in (
        fields_and_reasons,
        bodies,
        sensitive,
        codes,
        missing_reasons,
        refusals,
        tables,
        questions,
        metrics,
        metric_counts,
        not_metrics,
        statuses,
        evaluators_questions,
        caps,
        budget,
        *PRIVACY_PARTS,
        *CHECK_PARTS,
        *REPORT_PARTS,
        topics,
        topic_settings,
        state_answers,
        commands,
        exit_statuses,
        agency_exit_statuses,
    )
}


def write(root: Path = ROOT) -> list[Path]:
    """Make every derived part anew, in place; the files that changed."""
    changed = []
    for path in markdown_files(root):
        text = path.read_text(encoding="utf-8")
        fresh = derived(text)
        if fresh != text:
            path.write_text(fresh, encoding="utf-8")
            changed.append(path)
    return changed


def main() -> None:
    """Write the parts that are out of date, and name their files."""
    try:
        changed = write()
    except (DocsError, ReasonMissing) as error:
        sys.exit(str(error))
    for path in changed:
        print(f"{path.relative_to(ROOT)}: written")  # noqa: T201 - a command


if __name__ == "__main__":
    main()
