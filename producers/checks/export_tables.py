"""Which files of an export can be read, which rules that disables, and what its structure lacks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from producers.checks.passes.live_table import CHECKED, LiveTable
from producers.checks.row_findings import Findings
from producers.checks.rules.all_rules import RULES
from producers.sources.hmis.reading import layout
from producers.sources.hmis.reading.encoding import encoding_of
from producers.sources.hmis.reading.files import Bundle
from producers.sources.hmis.reading.layout import FILES, GENDERS_2024, INDISPENSABLE, FileLayout

NOT_UTF8: Final = "cp1252"
FILLED: Final = frozenset({"Client.csv", "Enrollment.csv", "Project.csv", "Organization.csv"})
"""Files that no agency has nothing to write into."""
OF_A_VENDOR: Final = frozenset({"FunderID", "OtherFunder", "ImplementationID", *GENDERS_2024, "Sex"})
"""Columns that a good export may lack."""


@dataclass(frozen=True, slots=True)
class ExportTables:
    """The files. `readable`: those that can be read; `unreadable`: file → why not."""

    readable: dict[str, LiveTable]
    unreadable: Mapping[str, str]

    @classmethod
    def of(cls, bundle: Bundle) -> "ExportTables":
        """Open every file that is checked; raises SourceUnreadable."""
        readable, unreadable = {}, {}
        for file in CHECKED:
            if file.name not in bundle:
                unreadable[file.name] = "it is missing"
                continue
            table = LiveTable(bundle, file)
            if table.fault:
                unreadable[file.name] = table.fault
            else:
                readable[file.name] = table
        return cls(readable, unreadable)

    def disabled(self) -> dict[str, str]:
        """Rule → why it cannot be checked."""
        found = {}
        for rule in RULES:
            files = [file for file in (rule.table, *rule.needs) if file in self.unreadable]
            if files:
                found[rule.id] = f"{files[0]}: {self.unreadable[files[0]]}"
        return found


def check_structure(bundle: Bundle, tables: ExportTables, found: Findings) -> None:
    """Check the files as such; what publishing refuses whole, it finds itself."""
    for file in FILES:
        if file.name not in bundle:
            if file.name not in INDISPENSABLE:
                found.add("S02", 0, file=file.name)
            continue
        if encoding_of(bundle, file.name) == NOT_UTF8:
            found.add("S08", 0, file=file.name)
        if file.name in tables.readable:
            _columns(bundle, file, tables.readable[file.name], found)


def _columns(bundle: Bundle, file: FileLayout, table: LiveTable, found: Findings) -> None:
    for column in (*file.optional, layout.DELETED):
        if not table.has(column) and column not in OF_A_VENDOR and (file, column) != (layout.EXPORT, layout.DELETED):
            found.add("S07", 0, file=file.name, column=column)
    if _separated_otherwise(bundle, file.name):
        found.add("S09", 0, file=file.name)
    if file.name in FILLED and next(table.rows(), None) is None:
        found.add("S10", 0, file=file.name)


def _separated_otherwise(bundle: Bundle, name: str) -> bool:
    with bundle.opened(name) as stream:
        header = stream.readline(1 << 16)
    return b"," not in header and any(mark in header for mark in (b";", b"\t", b"|"))
