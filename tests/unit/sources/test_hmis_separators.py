"""What stands between the fields of a file: found, taken from a first line `sep=…`, or named."""

import pytest

from producers.facts import Reading
from producers.sources.hmis import HmisExport
from producers.sources.hmis.reading.layout import SERVICES
from tests.kits.export_damage import Files
from tests.kits.hmis_exports import facts, readings, refusals, sample, settings


def read(contents, folder) -> list[Reading]:
    folder.mkdir()
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return list(HmisExport(folder, settings()).read())


def separated(separator: str) -> Files:
    files = Files.of(sample())
    files.separators = dict.fromkeys(files.tables, separator)
    return files


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "~", "^"])
@pytest.mark.parametrize("form", ["sep={}\n", "SEP={}\r\n", '"sep={}"\n', "sep={},,,\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_first_line_that_states_the_separator_is_no_row(tmp_path, separator, form, encoding):
    written = separated(separator).contents()
    stated = {name: (form.format(separator) + text.decode()).encode(encoding) for name, text in written.items()}
    found = read(stated, tmp_path / "export")
    assert not refusals(found)
    assert facts(found) == facts(readings(sample(), tmp_path))  # also the same rows


def test_a_first_line_that_states_another_separator_than_there_is_costs_nothing(tmp_path):
    written = {name: b"sep=;\n" + text for name, text in separated(",").contents().items()}
    assert facts(read(written, tmp_path / "export")) == facts(readings(sample(), tmp_path))


@pytest.mark.parametrize(
    ("separator", "how"),
    [("~", "tildes"), ("^", "circumflexes"), (":", "colons"), (" ", "spaces"), ("\x1f", "control characters")],
)
def test_a_separator_that_is_not_read_is_named(tmp_path, separator, how):
    files = Files.of(sample())
    files.separators["Services.csv"] = separator
    (refused,) = [one for one in refusals(read(files.contents(), tmp_path / "export")) if not one.follows]
    assert (refused.where.file, refused.where.row) == (SERVICES.name, 0)
    assert refused.rule == f"the columns are separated by {how}: save the file with commas between them"


def test_rows_in_one_pair_of_quotation_marks_are_named(tmp_path):
    written = Files.of(sample()).contents()
    written["Exit.csv"] = b"".join(b'"%s"\n' % line for line in written["Exit.csv"].splitlines())
    (refused,) = [one for one in refusals(read(written, tmp_path / "export")) if one.where.file == "Exit.csv"]
    assert "within one pair of quotation marks" in refused.rule
