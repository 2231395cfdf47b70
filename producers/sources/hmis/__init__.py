"""Reads an HMIS CSV export (2026, and 2024's columns) into facts: `HmisExport(path, HmisSettings(…)).read()`.

What is read as what, and why so cautiously, stands in docs/adr/0010-hmis-reading.md. From the file to the facts:

    files → rows → unique → walk        bytes, CSV and its quirks, repeated and withdrawn rows
    layout, codes, dates, bands         what may be read, and how a cell becomes a code
    agency, persons, stays              what every row is read against
    cases, exits, trafficking, services, referrals, health      one module a file or subject: what a row says
    export                              the source
"""

from producers.sources.hmis.hmis_export import HmisExport
from producers.sources.hmis.hmis_settings import HmisSettings

__all__ = ["HmisExport", "HmisSettings"]
