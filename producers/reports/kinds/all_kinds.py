"""Every kind of report. A new one is a table of its own, and one line here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from producers.reports.kinds.hmis_table import HMIS
from producers.reports.kinds.needs_table import NEEDS
from producers.reports.kinds.otip_table import OTIP
from producers.reports.kinds.ovw_table import OVW
from producers.reports.kinds.tims_table import TIMS
from producers.reports.report_rows import ReportKind, ReportTable

TABLES: Final[Mapping[ReportKind, ReportTable]] = MappingProxyType(
    {table.kind: table for table in (OTIP, TIMS, HMIS, OVW, NEEDS)}
)
