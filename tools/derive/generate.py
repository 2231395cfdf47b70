"""Derives vocabulary, labels and the event schema: `python -m tools.derive.generate`.

- `exchange/core/model/vocabulary.py` is written from `schemas/vocabulary/*.csv`. The core reads no
  file, so the codes are Python there. So is `exchange/core/picture/wording/labels.py`: the labels
  of the codes, and the rows of the 2003 needs assessment and the 2008 brief.
- The schema of events follows from the classes in `exchange/core/model/bodies.py`, which use those
  codes. When it changed, `schemas/avro` gets a new file with a new id; `tools.derive.pinning` says
  how, and what it refuses.

Rules kept: an enum's symbols are the codes of its list in order, then the `missing_reason` codes
that the list lacks. A refused change leaves all as they were. `tests/contract` fails when a
committed file differs from the one that this module derives, or when a published symbol moved.
"""

import json
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

from schemas.lists import list_names, read_list, symbols
from tools.derive.pinning import SchemaRefused, pin_event

ROOT = Path(__file__).parents[2]
GROUPS = (
    ("age_band", "age_group", "AGE_GROUP"),
    ("service", "service_group", "SERVICE_GROUP"),
    ("us_state", "division", "DIVISION"),
    ("us_state", "region", "REGION"),
    ("barrier", "side", "BARRIER_SIDE"),
)
BANDS = (
    ("age_band", "years"),
    ("wait_band", "days"),
    ("duration_band", "days"),
    ("cost_band", "usd"),
    ("reporting_minutes", "minutes"),
    ("audience_band", "people"),
    ("unit_band", "units"),
    ("years_band", "years"),
)
HEADER = '''"""Codes, their groups and the bounds of bands, derived from `schemas/vocabulary/*.csv`. Do not edit.

`python -m tools.derive.generate` writes this module. A symbol's place in its enum is its Avro index, for ever: codes in the
order of the list, then the missing reasons that the list lacks. HTCDS codes: Human Trafficking Case Data Standard 2.0
by IOM (github.com/UNMigration/HTCDS), CC BY 4.0; IOM does not endorse this project.
"""

from enum import StrEnum
'''


def camel(name: str) -> str:
    """`us_state` → `UsState`."""
    return "".join(part.capitalize() for part in name.split("_"))


def _wrapped(text: str) -> str:
    return "\n".join(f'    "{line} "' for line in textwrap.wrap(text, 108))


def _mapping(name: str, column: str, constant: str) -> Iterator[str]:
    yield f"{constant}: dict[str, str] = {{"
    rows = [(row["code"], row[column]) for row in read_list(name)]
    known = {code for code, _ in rows}
    rows += [(code, code) for code in symbols(name) if code not in known]
    yield from (f'    "{code}": "{group}",' for code, group in rows if group)
    yield "}"


def _bounds(name: str, unit: str) -> Iterator[str]:
    yield f"{name.upper()}_{unit.upper()}: dict[str, tuple[int, int | None]] = {{"
    for row in read_list(name):
        low, high = row[f"min_{unit}"], row[f"max_{unit}"]
        if low:
            yield f'    "{row["code"]}": ({low}, {high or None}),'
    yield "}"


def vocabulary_module() -> str:
    """The text of `exchange/core/model/vocabulary.py`."""
    lines = [HEADER]
    lines += [
        f'{camel(name)} = StrEnum(\n    "{camel(name)}",\n{_wrapped(" ".join(symbols(name)))},\n)'
        for name in list_names()
    ]
    for name, column, constant in GROUPS:
        lines += ["", f"# {name} → {column}", *_mapping(name, column, constant)]
    for name, unit in BANDS:
        lines += ["", f"# {name}: least and greatest {unit}, both ends included; None: open", *_bounds(name, unit)]
    return "\n".join(lines) + "\n"


LABELS_HEADER = '''"""Labels of codes, and the rows of 2003 and 2008, derived from `schemas/vocabulary/*.csv`. Do not edit.

`python -m tools.derive.generate` writes this module. Codes without a label here are missing reasons. HTCDS codes: Human
Trafficking Case Data Standard 2.0 by IOM (github.com/UNMigration/HTCDS), CC BY 4.0; IOM does not endorse this project.
"""

from exchange.core.picture.wording.listed_rows import Practice, StudyFigure, ResearchTopic
'''


def _row(kind: str, row: dict[str, str], *columns: str) -> str:
    return f"    {kind}({', '.join(json.dumps(row[column], ensure_ascii=False) for column in columns)}),"


def labels_module() -> str:
    """The text of `exchange/core/picture/wording/labels.py`."""
    lines = [LABELS_HEADER, "LABELS: dict[str, dict[str, str]] = {"]
    for name in [*list_names(), "missing_reason"]:
        pairs = (
            f"{json.dumps(row['code'])}: {json.dumps(row['label'], ensure_ascii=False)}" for row in read_list(name)
        )
        lines += [f'    "{name}": {{', *(f"        {pair}," for pair in pairs), "    },"]
    lines += ["}", "", "STUDY_2003: tuple[StudyFigure, ...] = ("]
    of_study = ("code", "label", "source", "note", "published_figure", "live_measure")
    lines += [_row("StudyFigure", row, *of_study) for row in read_list("needs_assessment_figure")]
    lines += [")", "", "TOPICS_2008: tuple[ResearchTopic, ...] = ("]
    of_topics = ("code", "label", "source_code", "note")
    lines += [_row("ResearchTopic", row, *of_topics) for row in read_list("research_topic")]
    lines += [")", "", "PRACTICES: tuple[Practice, ...] = ("]
    of_practices = ("label", "source", "note", "link", "service")
    rows = ((row["number"], _row("", row, *of_practices).strip(" (),")) for row in read_list("practice"))
    lines += [f"    Practice({number}, {rest})," for number, rest in rows]
    return "\n".join([*lines, ")"]) + "\n"


def write(root: Path = ROOT) -> str:
    """Write all derived files. The name of a new schema file, or none; raises SchemaRefused."""
    core = root / "exchange" / "core"
    after = {
        core / "model" / "vocabulary.py": vocabulary_module(),
        core / "picture" / "wording" / "labels.py": labels_module(),
    }
    before = {path: path.read_text(encoding="utf-8") for path in after}
    _put({path: text for path, text in after.items() if text != before[path]})
    try:
        from exchange.wire.event_schema import event_schema  # reads the vocabulary just written

        return pin_event(event_schema(), root / "schemas" / "avro")
    except BaseException:
        _put(before)
        raise


def _put(texts: Mapping[Path, str]) -> None:
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")


def main() -> None:
    """Write all, and say what to do next."""
    try:
        file = write()
    except SchemaRefused as refused:
        sys.exit(f"Nothing was written. {refused}")
    if file:
        print(f"schemas/avro/{file}: pinned; next: python -m tests.contract.examples")  # noqa: T201 - a command


if __name__ == "__main__":
    main()
