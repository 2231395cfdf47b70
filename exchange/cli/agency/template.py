"""`exchange edge template`: a sheet for an agency without a case system, to be filled by hand."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from exchange.cli.shared.help import ending

template = typer.Typer()


class Language(StrEnum):
    """The language of the sheet's labels."""

    EN = "en"
    ES = "es"


@template.command(
    name="template",
    epilog=ending(
        needs='the extra `excel`: `pip install ".[excel]"` in the clone.',
        example="exchange edge template cases.xlsx --language es",
    ),
)
def write_template(
    out: Annotated[Path, typer.Argument(metavar="OUT.xlsx", help="Where to write it; nothing is overwritten.")],
    *,
    language: Annotated[Language, typer.Option("--language", help="The language of its labels.")] = Language.EN,
    xlsform: Annotated[
        bool, typer.Option("--xlsform", help="Write it as an XLSForm, for Kobo and ODK, in both languages.")
    ] = False,
) -> None:
    """Write an Excel sheet for cases, needs, services, barriers and outcomes, with drop-downs.

    `exchange publish` reads the filled sheet as it is, in either language, without a mapping. So it
    does with what Kobo or ODK export of the form (--xlsform), as CSV or Excel.
    """
    from exchange.engine.wall_clock import local_today
    from producers.errors import TemplateUnwritable
    from producers.sources.sheets.form.form_workbook import write_workbook
    from producers.sources.sheets.form.xlsform import write_xlsform

    if out.suffix.lower() != ".xlsx":
        raise typer.BadParameter("its name ends in .xlsx", param_hint="OUT.xlsx")
    if out.exists():
        raise TemplateUnwritable(f"{out} is there already, and may be filled.")
    try:
        if xlsform:
            write_xlsform(out)
        else:
            write_workbook(out, language.value, local_today().year)
    except OSError:
        raise TemplateUnwritable(f"{out} cannot be written.") from None
    typer.echo(f"{out} is written. Fill it, then look at what would leave:")
    typer.echo(f"  exchange publish {'EXPORT.csv' if xlsform else out} --profile agency.toml --dry-run")
