"""Files of JSON Lines with about so many facts in each quarter."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from exchange.core.model.vocabulary import Gender, Service

QUARTERS_BEFORE: Final = ["2026Q2", "2026Q1", "2025Q4", "2025Q3", "2025Q2", "2025Q1", "2024Q4", "2024Q3"]
CASE: Final = {
    "age_band": "age_18_20",
    "foreign_national": "not_collected",
    "referral_source": "hotline",
    "elsewhere": "no",
}
Row = dict[str, object]


def history(
    quarters: Sequence[str], number: int, service: Service = Service.housing, opened: Gender | None = None
) -> list[Row]:
    """`number` needs in each quarter, one more or less in some; and cases, if `opened`."""
    rows: list[Row] = []
    for place, quarter in enumerate(quarters):
        many = number if len(quarters) == 1 else number + place % 3 - 1
        for one in range(many):
            key = f"{quarter}/{one}"
            row: Row = {"period": quarter, "client": key}
            rows.append({**row, "key": f"need/{key}", "body": "need_identified", "fields": {"service": str(service)}})
            if opened:
                fields = {"gender": str(opened), **CASE}
                rows.append({**row, "key": f"case/{key}", "body": "case_opened", "fields": fields})
    return rows


def write(folder: Path, rows: Sequence[Row]) -> Path:
    path = folder / "facts.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path
