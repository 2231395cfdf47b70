"""`exchange edge map`: which column of a sheet holds what, asked once and remembered.

At a terminal it asks what it is not sure of; elsewhere it takes what is sure or given, and stops if
that is not enough. Words of the sheet are shown at a terminal only, and in no message.
"""

import json
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.agency.publish import ProfileOption
from exchange.cli.shared.help import ending
from exchange.core.exit_status import ExitStatus

if TYPE_CHECKING:
    from producers.sources.sheets.form.form_columns import FormColumn
    from producers.sources.sheets.mapping.evidence import Suggestion
    from producers.sources.sheets.mapping.mapping_draft import MappingDraft

mapping = typer.Typer()

NONE, NOTHING = "-", "0"
CLOSE_WORDS, CLOSE = 3, 0.6
ONE_ROW = "What is one row: a service that was given, a need, or a case? (services, needs, cases)"


@mapping.command(
    name="map",
    epilog=ending(
        needs="a profile; its mappings are kept in the folder `mappings` beside its vault.",
        example="exchange edge map services.csv --profile agency.toml",
        statuses={ExitStatus.WAITS: "something is unsure and nobody is there to answer. Nothing was written."},
    ),
)
def map_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV or Excel file of another system.")],
    profile_file: ProfileOption,
    *,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="FIELD=NAME", help="The column of a field, none if NAME is empty."),
    ] = None,
    rows: Annotated[
        str | None,
        typer.Option("--rows", metavar="WHAT", help="What one row is: services, needs or cases.", show_default="asked"),
    ] = None,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="The name of the mapping's file.")] = "",
    check: Annotated[
        Path | None, typer.Option("--check", metavar="MAPPING", help="Only check that this mapping fits the file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Say once which columns of a sheet hold what; `exchange publish` remembers it by the header.

    Columns that look like identifiers are never looked at. The case number and dates are used here
    and never sent. Nothing is guessed: what is unsure is asked, and a word of the sheet becomes a
    code only if you say so.
    """
    import sys

    from producers.errors import MappingUnsure
    from producers.profile import Profile
    from producers.sources.sheets.mapping.mapping_draft import ROWS, MappingDraft
    from producers.sources.sheets.spreadsheet import Spreadsheet, recognised

    profile = Profile.load(profile_file)
    if check is not None:
        _check(check, file, profile_file)
        return
    if rows is not None and rows not in ROWS:
        raise typer.BadParameter(f"is one of {', '.join(ROWS)}", param_hint="--rows")
    sheets = Spreadsheet(file, profile).sheets()
    draft = MappingDraft.of(sheets, lambda sheet: recognised(sheet, profile) is not None)
    for given in column or ():
        draft.choose(*given.partition("=")[::2])
    asks = sys.stdin.isatty() and not as_json
    if rows is None and asks:
        rows = typer.prompt(ONE_ROW, type=str, err=True)
    draft.constants.update(ROWS.get(rows or "needs", {}))
    draft.take_sure()
    if asks:
        _ask_columns(draft)
        _ask_words(draft)
    elif unsure := sorted({one.code for one, found in draft.questions() if found} | set(draft.missing())):
        raise MappingUnsure(f"It is not sure which columns hold {', '.join(unsure)}.")
    if missing := draft.missing():
        raise MappingUnsure(f"No column was named for {' and '.join(missing)}.")
    _write(draft, profile.vault, name or file.stem, as_json=as_json)


def _check(path: Path, file: Path, profile_file: Path) -> None:
    """Whether a mapping fits a file: the same header, and every column that it names."""
    from producers.errors import MappingInvalid
    from producers.profile import Profile
    from producers.sources.sheets.mapping.mapping_draft import fitting_header
    from producers.sources.sheets.mapping.mapping_file import SheetMapping
    from producers.sources.sheets.spreadsheet import Spreadsheet

    wanted = SheetMapping.load(path)
    sheets = Spreadsheet(file, Profile.load(profile_file)).sheets()
    for sheet in sheets:
        if header := fitting_header(sheet, wanted):
            wanted.places(header.cells, sheet.name)
            typer.echo(f"{path} fits {sheet.name}: {len(wanted.columns)} columns.")
            return
    raise MappingInvalid(f"No sheet of {file} has the header that {path} was made for.")


def _ask_columns(draft: "MappingDraft") -> None:
    for column, _ in list(draft.questions()):
        found = draft.suggestions(column)  # anew: another field may have taken a column
        if not found and column.code not in draft.missing():
            continue
        choices = found or _all_free(draft)
        typer.echo(f"\n{column.en}: {column.hint_en}", err=True)
        for number, one in enumerate(choices, 1):
            typer.echo(f"  {number}  {one.column.name} ({one.why})", err=True)
        answer = typer.prompt(f"  Which column? A number, or {NONE} for none", default=NONE, err=True).strip()
        if answer.isdigit() and 0 < int(answer) <= len(choices):
            draft.chosen[column.code] = choices[int(answer) - 1].column
        else:
            draft.none.add(column.code)


def _all_free(draft: "MappingDraft") -> "list[Suggestion]":
    from producers.sources.sheets.mapping.evidence import Suggestion

    return [Suggestion(column, 0.0, 0.0) for column in draft.free()]


def _ask_words(draft: "MappingDraft") -> None:
    for column, unknown in draft.unknown():
        if unknown is None:
            typer.echo(
                f"\n{column.en}: some words of this column look like identifiers, or are too many to ask.", err=True
            )
            continue
        for spellings in unknown.values():
            code = _ask_word(column, spellings[0])
            if code is not None:
                draft.words.setdefault(column.code, {}).update(dict.fromkeys(spellings, code))


def _ask_word(column: "FormColumn", word: str) -> str | None:
    """The code that a person gives a word, empty for no answer; None if they leave it."""
    from producers.sources.sheets.form.form_words import plain_form
    from producers.sources.sheets.mapping.mapping_file import is_word

    labels = {plain_form(label): one for one in column.words for label in (one.en, one.es)}
    close = [labels[form] for form in get_close_matches(plain_form(word), labels, CLOSE_WORDS, CLOSE)]
    typer.echo(f"\n{column.en}: what is “{word}”?", err=True)
    for number, one in enumerate(close, 1):
        typer.echo(f"  {number}  {one.en}", err=True)
    asked = f"  A number, a code or label, {NOTHING} if it is no answer, {NONE} to refuse its rows"
    while True:
        answer = typer.prompt(asked, default=NONE, err=True).strip()
        if answer == NONE:
            return None
        if answer == NOTHING:
            return ""
        if answer.isdigit() and int(answer) <= len(close):
            return close[int(answer) - 1].code
        if is_word(column, answer):
            return str(column.read(answer) or answer)


def _write(draft: "MappingDraft", vault: Path, name: str, *, as_json: bool) -> None:
    from exchange.engine.private_file import write_private
    from producers.errors import MappingInvalid
    from producers.sources.sheets.mapping.mapping_file import FIELDS, USED_NOT_SENT, folder_of

    path, made = folder_of(vault) / f"{name}.toml", draft.mapping(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, made.as_toml(draft.words).encode())
    except OSError as error:
        raise MappingInvalid(f"The mapping {path} cannot be written: {error.strerror}.") from None
    left = sum(column.kind != "" for column in draft.seen if column.at not in draft.taken())
    refusing = draft.refusing()
    if as_json:
        typer.echo(
            json.dumps(
                {"mapping": str(path), "columns": made.columns, "constants": made.constants, "identifiers": left}
            )
        )
        return
    for code, column in made.columns.items():
        used = "   used here, never sent" if FIELDS[code].holds in USED_NOT_SENT else ""
        typer.echo(f"{FIELDS[code].en + ':':<24}{column}{used}")
    typer.echo(
        f"{len(draft.seen) - len(made.columns)} other columns are not read; {left} of them look like identifiers."
    )
    if refusing:
        typer.echo(f"Rows with words that are not mapped are refused: {', '.join(refusing)}.")
    typer.echo(f"{path} is written, and used whenever a file has this header.")
