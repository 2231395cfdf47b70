"""Derives what must agree with the vocabulary and the event model: `python -m tools.derive.generate` writes both.

- `exchange/core/model/vocabulary.py` from `schemas/vocabulary/*.csv` (the core reads no file, so the codes stand in it as Python);
- `schemas/avro/event.avsc` from the dataclasses of `exchange/core/model/bodies.py`, which use those codes.

Rules kept: an enum's symbols are its list's codes in order, then the `missing_reason` codes that it lacks, so that
appending to a list is the only change that an old event survives; `tests/contract` fails when a committed file
differs from what this module derives, or when a published symbol moved.
"""

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path

from schemas.lists import list_names, read_list, symbols

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


def main() -> None:
    """Write both derived files."""
    (ROOT / "exchange" / "core" / "model" / "vocabulary.py").write_text(vocabulary_module(), encoding="utf-8")
    from exchange.wire.event_schema import event_schema  # after the vocabulary it stands on

    text = json.dumps(event_schema(), indent=1) + "\n"
    (ROOT / "schemas" / "avro" / "event.avsc").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
