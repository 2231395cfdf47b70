"""Reads an HMIS CSV export (2026, and 2024's columns) into facts.

`HmisExport(path, HmisSettings(…)).read()`.

docs/adr/0010-hmis-reading.md says how each column is read, and why so cautiously. From the file to
the facts:

    reading/files, csv_rows, unique, walk    bytes, CSV and its quirks, repeated and withdrawn rows
    reading/layout, codes, dates, banded     columns that may be read; how a cell becomes a code
    rules/agency_rows, persons, stays        the agency, clients and stays that each row belongs to
    rules/enrollment, exits, trafficking, services, referrals, health     one a file or subject
    hmis_export                              the source
"""

from producers.sources.hmis.hmis_export import HmisExport
from producers.sources.hmis.hmis_settings import HmisSettings

__all__ = ["HmisExport", "HmisSettings"]
