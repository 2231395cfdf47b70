"""A mapping: column of a sheet → field of our own sheet, and the sheet's words → codes.

    name = "services of our database"
    header = "3f0a…"               # the fingerprint of the header that it was made for

    [columns]
    case = "Client"                # used, and never sent
    quarter = "Given on"           # used for its quarter, and never sent
    need = "Service"

    [constants]
    served = "yes"                 # each row is a service that was given

    [words.need]
    "Bus pass" = "transportation"
    "Waiver" = ""                  # stands for nothing

Rules kept: a mapping counts only for the header that it was made for, cell by cell. One that names
a field, a code or a column that is not there is an error; it is never used in part.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, Self

from producers.errors import MappingInvalid
from producers.sources.sheets.form.form_columns import CASES, REQUIRED, FormColumn
from producers.sources.sheets.form.form_words import KEY, QUARTER, YES_NO, plain_form, said

FIELDS: Final[Mapping[str, FormColumn]] = {column.code: column for column in CASES}
PARTS: Final = ("name", "header", "columns", "constants", "words")
USED_NOT_SENT: Final = frozenset((KEY, QUARTER))
"""What a field holds that is used here and never sent."""
FOLDER: Final = "mappings"
PRODUCTS: Final = Path(__file__).parent / "products"


def fingerprint(header: Sequence[str]) -> str:
    """The fingerprint of a header, by its cells up to the last that has a text."""
    cells = [text.strip() for text in header]
    while cells and not cells[-1]:
        cells.pop()
    return blake2b(json.dumps(cells).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class SheetMapping:
    """One mapping. `columns`: field → name of a column; `words`: field → plain form → code."""

    name: str
    header: str
    columns: Mapping[str, str]
    constants: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The mapping of a TOML file; raises MappingInvalid."""
        try:
            data = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
        except OSError as error:
            raise MappingInvalid(f"The mapping {path} cannot be read: {error.strerror}.") from None
        except ValueError:
            raise MappingInvalid(f"The mapping {path} is not TOML in UTF-8.") from None
        if rule := next(_broken(data), ""):
            raise MappingInvalid(f"The mapping {path} {rule}.")
        words = {
            name: {plain_form(text): code for text, code in of.items()} for name, of in data.get("words", {}).items()
        }
        return cls(data["name"], data["header"], data["columns"], data.get("constants", {}), words)

    def places(self, header: Sequence[str], where: str) -> dict[str, int]:
        """Field → place of its column; raises MappingInvalid if the header lacks one.

        `where`: the sheet's name.
        """
        found: dict[str, int] = {}
        cells = [text.strip() for text in header]
        for name, column in self.columns.items():
            if column not in cells:
                raise MappingInvalid(f"The mapping names for {name} a column that {where} does not have.")
            if cells.count(column) > 1:
                raise MappingInvalid(f"The mapping names for {name} a column that {where} has twice.")
            found[name] = cells.index(column)
        return found

    def reword(self, name: str, text: str) -> str:
        """What the text of a cell stands for: a code that was confirmed, else the text itself."""
        words = self.words.get(name)
        return text if not words else words.get(plain_form(text), text)

    def as_toml(self, words: Mapping[str, Mapping[str, str]]) -> str:
        """The file of this mapping. `words`: field → the word as it was written → code."""
        lines = [f"name = {_quoted(self.name)}", f"header = {_quoted(self.header)}", "", "[columns]"]
        for name, column in self.columns.items():
            remark = "  # used, and never sent" if FIELDS[name].holds in USED_NOT_SENT else ""
            lines.append(f"{name} = {_quoted(column)}{remark}")
        if self.constants:
            lines += ["", "[constants]", *(f"{name} = {_quoted(text)}" for name, text in self.constants.items())]
        for name, of in words.items():
            if of:
                lines += ["", f"[words.{name}]", *(f"{_quoted(text)} = {_quoted(code)}" for text, code in of.items())]
        return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A text in TOML, whose basic strings are those of JSON but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _broken(data: Mapping[str, Any]) -> Iterator[str]:
    """The rules that a mapping breaks, in words without a value of it."""
    if unknown := [part for part in data if part not in PARTS]:
        yield f"has {len(unknown)} unknown keys; known are {', '.join(PARTS)}"
    if not all(isinstance(data.get(part), str) for part in ("name", "header")):
        yield "lacks its name or its header"
    tables = [data.get(part, {}) for part in ("columns", "constants", "words")]
    if not all(isinstance(table, dict) for table in tables) or not all(
        isinstance(of, dict) for of in tables[2].values()
    ):
        yield "has columns, constants or words that are no table"
    columns, constants, words = tables
    if not all(isinstance(text, str) for table in (columns, constants, *words.values()) for text in table.values()):
        yield "has a value that is no text"
    yield from _unfit(columns, constants, words)


def _unfit(
    columns: Mapping[str, str], constants: Mapping[str, str], words: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    for name in (*columns, *constants, *words):
        if name not in FIELDS:
            yield f"names a field that there is not; known are {', '.join(FIELDS)}"
    if missing := REQUIRED - columns.keys():
        yield f"names no column for {' and '.join(sorted(missing))}"
    if both := columns.keys() & constants.keys():
        yield f"has for {min(both)} both a column and a constant"
    for name, text in constants.items():
        if not is_word(FIELDS[name], text):
            yield f"has for {name} a constant that is no word of it"
    for name, of in words.items():
        if not all(not code or is_word(FIELDS[name], code) for code in of.values()):
            yield f"has for {name} a word that stands for no code of it"


def is_word(column: FormColumn, text: str) -> bool:
    """Whether a text is a word of a column with words."""
    return column.read(text) is not None or (column.holds == YES_NO and said(text) is not None)


def mappings_for(folder: Path) -> dict[str, SheetMapping]:
    """Fingerprint → mapping: those of products, and those of the agency, which go before.

    Raises MappingInvalid.
    """
    found: dict[str, SheetMapping] = {}
    for place in (PRODUCTS, folder):
        for path in sorted(place.glob("*.toml")) if place.is_dir() else ():
            mapping = SheetMapping.load(path)
            found[mapping.header] = mapping
    return found


def folder_of(vault: Path) -> Path:
    """The folder of an agency's mappings, beside its vault."""
    return vault.parent / FOLDER
