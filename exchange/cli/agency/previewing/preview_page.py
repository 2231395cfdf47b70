"""What would leave, as one page for a privacy officer.

Rules kept: the page names codes, columns of a standard, rules and row numbers. No value of a record
is in it, nor the name of the file, which could hold one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from exchange.cli.agency.pages.one_file import one_file_page, write_page
from exchange.cli.agency.previewing.dry_run import AGAIN, DryRun
from exchange.cli.agency.previewing.event_sentences import sentence_of_event
from exchange.cli.agency.refused_rows import causes_first, row_numbers
from exchange.core.model.events import Body
from exchange.core.picture.wording.phrases import label_of
from exchange.core.words import number_of
from producers.checks.columns.staying import OTHER, Staying, staying_columns
from producers.delivery.preview import Leaving
from producers.delivery.report import Report
from producers.edge import Edge
from producers.facts import RowRefused, Source
from producers.sources.hmis import HmisExport
from producers.sources.hmis.reading.layout import FILES
from producers.vault.fact_store import FactOutcome
from producers.vault.facts_compared import FactChange

TITLE: Final = "What would leave this agency"
SENTENCES: Final = 10
ROWS_NAMED: Final = 40
CLASSES: Final[Mapping[str, str]] = {
    "individual": "Events about clients may leave, by quarter.",
    "year_only": "Events about clients may leave, by year.",
    "tally_only": "No event about a client leaves, only totals of quarters that are closed.",
}
TOTALS: Final[Mapping[FactChange, str]] = {
    FactChange.NEW: "new: they would be sent",
    FactChange.CHANGED: "changed: each would be corrected and sent anew",
    FactChange.WITHDRAWN: "withdrawn: what was sent would be taken back",
    FactChange.SAME: "the same as before: nothing is sent",
}
NAMED: Final = frozenset(file.name for file in FILES)
"""Names of files that a standard gives; a person gives any other, and it could hold a name."""
THE_FILE: Final = "the file"
JSON_LINES: Final = (
    "The key and the client of each line stay in the vault. A column that looks like an identifier is not read."
)


def write_preview(path: Path, found: DryRun, edge: Edge, source: Source, file: Path | None) -> None:
    """Write the page for its owner alone; raises PageUnwritable."""
    write_page(path, preview_page(found, edge, source, file))


def preview_page(found: DryRun, edge: Edge, source: Source, file: Path | None) -> str:
    """The page: the same run gives the same text."""
    return one_file_page("preview.html", preview_values(found, edge, source, file))


def preview_values(found: DryRun, edge: Edge, source: Source, file: Path | None) -> dict[str, Any]:
    """What the page shows, by the names of its template."""
    report, legal_class = edge.report, str(edge.profile.legal_class)
    staying = staying_columns(file) if file and isinstance(source, HmisExport) else []
    waits = report.unconfirmed
    return {
        "title": TITLE,
        "agency": edge.profile.agency,
        "legal_class": legal_class,
        "class_words": CLASSES[legal_class],
        "taken": report.taken,
        "totals": [(TOTALS[change], f"{found.compared.total(change):,}") for change in FactChange],
        "again": f"Sent again: {number_of(found.compared.again, 'fact')} {AGAIN}" if found.compared.again else "",
        "waits": waits.says if waits else "",
        "bodies": list(_bodies(found)),
        "code_columns": [("code", False), ("field", False), *((str(change), True) for change in FactChange)],
        "sentences_title": f"{SENTENCES} events as a person reads them",
        "sentences": list(_sentences(found.leaving)),
        "staying": [_group(one) for one in staying],
        "staying_words": " ".join([JSON_LINES, *_skipped(source.stays_here)]),
        "ignored": [(why, f"{count:,}") for why, count in sorted(report.ignored.items())],
        "refused": list(refused_by_rule(report.refused_rows)),
        "caps": [(rule.rule, f"{rule.kept:,}", f"{rule.past:,}") for rule in report.caps],
        "held": _held(found.clients_held, report),
    }


def _bodies(found: DryRun) -> Iterator[dict[str, object]]:
    about = {type(one.event.body).__name__: type(one.event.body) for one in found.leaving}
    for name in sorted(about):
        codes = [
            (_label(one.field, one.code), one.field.replace("_", " "), *_numbers(one.counts))
            for one in found.compared.codes
            if one.body == name
        ]
        yield {"name": name, "about": _meaning(about[name]), "codes": codes}


def _numbers(counts: Mapping[FactChange, int]) -> tuple[str, ...]:
    return tuple(f"{counts[change]:,}" for change in FactChange)


def _meaning(body: type[Body]) -> str:
    return (body.__doc__ or "").strip().splitlines()[0]


def _label(field: str, code: str) -> str:
    label = label_of(field, code)
    return label if label == code else f"{label} ({code})"


def _sentences(leaving: Sequence[Leaving]) -> Iterator[str]:
    """Different bodies first, so that few sentences show much."""
    seen: Counter[str] = Counter()
    placed = []
    for number, one in enumerate(leaving):
        name = type(one.event.body).__name__
        placed.append((seen[name], number, one))
        seen[name] += 1
    for _, _, one in sorted(placed, key=lambda item: item[:2])[:SENTENCES]:
        yield f"{sentence_of_event(one.event, withdrawn=one.retracts)} ({number_of(one.count, 'time')})"


def _group(one: Staying) -> dict[str, object]:
    more = number_of(one.more, "column") if one.why == OTHER else f"{one.more} more"
    return {"why": one.why[:1].upper() + one.why[1:], "names": one.names, "more": one.more, "more_words": more}


def _skipped(stays_here: Mapping[str, int]) -> Iterator[str]:
    for kind, count in sorted(stays_here.items()):
        yield f"Not read: {number_of(count, 'cell')} of the kind {kind}."


def refused_by_rule(rows: Iterable[RowRefused]) -> Iterator[tuple[str, str, str, str, str]]:
    """(rule, file, column, number, row numbers), causes first."""
    grouped: dict[tuple[str, str, str], list[int]] = {}
    for row in causes_first(rows):
        file = row.where.file if row.where.file in NAMED else THE_FILE
        grouped.setdefault((row.rule, file, row.column), []).append(row.where.row)
    for (rule, file, column), numbers in grouped.items():
        yield rule, file, column, f"{len(numbers):,}", row_numbers(numbers, ROWS_NAMED)


def _held(clients: int, report: Report) -> str:
    facts = report.outcomes[FactOutcome.HELD]
    verb = "is" if clients == 1 else "are"
    return (
        f"{number_of(clients, 'client')} {verb} on hold, so {number_of(facts, 'fact')} of this file would not be sent."
    )
