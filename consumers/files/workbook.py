"""An accessible workbook, by gptables: a cover, contents, the statuses as notes, a table a sheet.

It follows the United Kingdom's guidance for spreadsheets that people with screen readers can use:
no merged cells, no blank cells inside of a table, one table a sheet, marked as such. A cell whose
number is not shown has the words of its status. The document's dates are the month's end, so equal
figures have equal bytes.
"""

import io
import warnings
from datetime import UTC, datetime
from typing import Final

from consumers.files.exported_tables import figures_of
from consumers.files.published import PublishedMonth
from consumers.files.written_files import ExportFile
from exchange.core.metrics.table import BY_METRIC, CAVEAT
from exchange.core.picture.wording.statuses import FigureStatus

NAME_MAX: Final = 31
"""Letters in the name of a sheet."""


def workbook(published: PublishedMonth) -> ExportFile:
    """The workbook."""
    import gptables
    import pandas as pd

    sheets = {}
    for number, (metric, points) in enumerate(published.by_metric.items(), 1):
        table = figures_of(metric, points, {})
        sheets[f"{number} {metric}"[:NAME_MAX]] = gptables.GPTable(
            table=pd.DataFrame({column.name: column.cells for column in table.columns}, dtype=object),
            table_name=f"figures_{metric}",
            title=metric.replace("_", " ").capitalize(),
            subtitles=[BY_METRIC[metric].says, CAVEAT],
            scope=f"Released up to {published.month}",
            source=published.publisher.name,
            index_columns={},
        )
    notes = pd.DataFrame(
        {
            "Note reference": [status.value for status in FigureStatus],
            "Note text": [f"{status.cell}: {status.sentence}" for status in FigureStatus],
        }
    )
    cover = gptables.Cover(
        title=f"The shared national picture of anti-trafficking services, {published.month}",
        intro=[CAVEAT, "A cell without a number says why in words. The sheet Notes explains these words."],
        about=["Each sheet has one table. Values have their 95 % interval beside them, which covers the noise only."],
        contact=[published.publisher.contact],
    )
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it remarks that notes are not referred to by number
        made = gptables.produce_workbook(
            out, sheets=sheets, cover=cover, notes_table=notes, auto_width=False, workbook_options={"in_memory": True}
        )
    year, month, day = map(int, published.day.split("-"))
    made.set_properties(
        {"title": cover.title, "author": published.publisher.name, "created": datetime(year, month, day, tzinfo=UTC)}
    )
    made.close()
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return ExportFile("national-picture.xlsx", out.getvalue(), media_type, "Every figure, a sheet for each metric")
