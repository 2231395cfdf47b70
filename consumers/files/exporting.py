"""All files of an export, made from what was published. To add a form, append it to `FORMS`.

Rules kept: the files are a function of what was published and of the versions of this software and
its libraries. No clock, no random number and no path is in them.
"""

from collections.abc import Callable, Sequence
from typing import Final

from consumers.files.adx import adx
from consumers.files.catalogs import catalog, json_ld
from consumers.files.exported_tables import tables_of
from consumers.files.package import datapackage
from consumers.files.published import PublishedMonth
from consumers.files.readme import readme
from consumers.files.sdmx import sdmx_csv, structure
from consumers.files.workbook import workbook
from consumers.files.written_files import ExportFile
from consumers.sheets.sheet import Sheet
from consumers.sheets.sheet_forms import as_csv, as_parquet

FORMS: Final[tuple[Callable[[PublishedMonth], ExportFile], ...]] = (sdmx_csv, structure, adx, workbook)
"""Beside the tables."""
Told = Callable[[int, int], None]


def files_of(
    published: PublishedMonth, told: Told = lambda *_: None, *, more: Sequence[ExportFile] = ()
) -> list[ExportFile]:
    """Every file; `told`: how many parts are made, and of how many. `more`: go along."""
    plain = tuple(tables_of(published))
    parts = len(plain) + len(FORMS)
    tables = []
    for done, table in enumerate(plain, 1):
        tables.append((table, _table_files(table)))
        told(done, parts)
    made = [file for _, files in tables for file in files]
    for done, form in enumerate(FORMS, 1):
        made.append(form(published))
        told(len(plain) + done, parts)
    made.append(datapackage(published, tables))
    described = tuple(made)
    made += [catalog(published, described), json_ld(published, described)]
    made += more
    return [readme(published, made), *made]


def _table_files(table: Sheet) -> tuple[ExportFile, ExportFile]:
    return (
        ExportFile(f"{table.name}.csv", as_csv(table), "text/csv", table.title),
        ExportFile(f"{table.name}.parquet", as_parquet(table), "application/vnd.apache.parquet", table.title),
    )
