"""What stands between the fields of a file is found or named, and never guessed.

Each file of an export comes with a separator, a form of the line `sep=…`, an encoding and line ends
of its own. Laws: what the edge reads is what stands in the export; a separator that it does not
read is named once, with no row of that file; a `sep=` that contradicts the file costs nothing.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from producers.facts import Fact, Reading
from producers.sources.hmis import HmisExport
from producers.sources.hmis.reading import csv_rows
from producers.sources.hmis.reading.csv_rows import OTHER_SEPARATORS, SEPARATORS
from producers.sources.hmis.reading.layout import FILES
from tests.kits.broken_rules import BrokenRule, notices
from tests.kits.export_damage import Files, town
from tests.kits.hmis_exports import refusals
from tests.kits.hmis_exports import settings as reading_settings
from tests.kits.sizes import examples

NAMES = [file.name for file in FILES]
STATED = ["", "", "sep={}", "SEP={}", '"sep={}"', "sep={},,,,"]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "cp1252"]
UNREAD = sorted(set(OTHER_SEPARATORS) - {" ", "¦"})
"""A space and a broken bar are in texts, too, or in no encoding but one."""


class Form(NamedTuple):
    """How one file is written."""

    separator: str
    stated: str
    encoding: str
    ends: str


READ = st.builds(
    Form,
    st.sampled_from(SEPARATORS),
    st.sampled_from(STATED),
    st.sampled_from(ENCODINGS),
    st.sampled_from(["\n", "\r\n"]),
)
STATES = st.builds(
    Form,
    st.sampled_from([*SEPARATORS, "~", "^"]),
    st.sampled_from(STATED[2:]),
    st.sampled_from(ENCODINGS),
    st.just("\n"),
)
FORMS = st.dictionaries(st.sampled_from(NAMES), READ | STATES, min_size=1, max_size=5)
LAWS = settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


def written(forms: dict[str, Form], *, states: str = "") -> dict[str, bytes]:
    """The files of the town; those named each in its form. `states`: what `sep=` names instead."""
    files = Files.of(town())
    files.separators = {name: form.separator for name, form in forms.items()}
    contents = files.contents()
    for name, form in forms.items():
        text = contents[name].decode().replace("\n", form.ends)
        first = form.stated.format(states or form.separator)
        contents[name] = (first and first + form.ends).encode(form.encoding) + text.encode(form.encoding)
        if first and form.encoding in ("utf-16", "utf-8-sig"):
            contents[name] = (first + form.ends + text).encode(form.encoding)
    return contents


@contextmanager
def read(contents: dict[str, bytes]) -> Iterator[list[Reading]]:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in contents.items():
            (Path(folder) / name).write_bytes(content)
        yield list(HmisExport(Path(folder), reading_settings()).read())


def told(contents: dict[str, bytes]) -> list[Fact]:
    """The facts of an export, with the numbers of their rows."""
    with read(contents) as found:
        assert not refusals(found)
        return [one for one in found if isinstance(one, Fact)]


@cache
def as_it_is() -> list[Fact]:
    return told(Files.of(town()).contents())


@LAWS
@given(FORMS)
def test_however_fields_are_separated_the_same_is_read_from_the_same_rows(forms: dict[str, Form]) -> None:
    assert told(written(forms)) == as_it_is()


@LAWS
@given(FORMS, st.sampled_from([*SEPARATORS, "~"]))
def test_a_line_that_states_another_separator_costs_nothing(forms: dict[str, Form], states: str) -> None:
    assume(all(form.separator in SEPARATORS for form in forms.values()))
    assert told(written(forms, states=states)) == as_it_is()


@LAWS
@given(
    st.sampled_from([name for name in NAMES if name not in ("Export.csv", "Organization.csv")]),
    st.sampled_from(UNREAD),
    st.sampled_from(ENCODINGS),
)
def test_a_separator_that_is_not_read_is_named_once_and_no_row_of_the_file_counts(
    file: str, separator: str, encoding: str
) -> None:
    with read(written({file: Form(separator, "", encoding, "\n")})) as found:
        causes = [one for one in refusals(found) if one.where.file == file and not one.follows]
        assert [(one.where.row, one.rule) for one in causes] == [
            (0, f"the columns are separated {OTHER_SEPARATORS[separator]}: save the file with commas between them")
        ]
        assert not any(one.where.file == file for one in found if isinstance(one, Fact))


MUTANTS = {
    "a stated separator is not looked at": (
        BrokenRule(
            csv_rows, "CsvFile._header", "dict.fromkeys(self._stated + SEPARATORS)", "dict.fromkeys(SEPARATORS)"
        ),
        test_however_fields_are_separated_the_same_is_read_from_the_same_rows,
    ),
    "the line that states it is a row": (
        BrokenRule(csv_rows, "CsvFile._parsed", "text.readline(RECORD_CHARS_MAX)", "None"),
        test_however_fields_are_separated_the_same_is_read_from_the_same_rows,
    ),
    "the stated separator alone counts": (
        BrokenRule(csv_rows, "CsvFile._header", "self._stated + SEPARATORS", "(self._stated or SEPARATORS)"),
        test_a_line_that_states_another_separator_costs_nothing,
    ),
    "a header of one name names no separator": (
        BrokenRule(csv_rows, "CsvFile._fault", "len(self.names) == 1", "len(self.names) == 0"),
        test_a_separator_that_is_not_read_is_named_once_and_no_row_of_the_file_counts,
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_reader_with_one_rule_broken_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    notices(monkeypatch, MUTANTS[name][1], MUTANTS[name][0])
