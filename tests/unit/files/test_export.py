"""An export: every form says the same, without a blank, and it is whole or not there."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pyarrow.parquet as pq
import pytest
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from consumers.files.adx import NAMESPACE
from consumers.files.exported_tables import missing_values
from consumers.files.exporting import files_of
from consumers.files.published import DataPublisher, MonthIncomplete, MonthUnknown, PublishedMonth, published
from consumers.files.written_files import ExportFile, FilesNotWritten, FolderTaken, check_folder, write
from exchange.core.model.epochs import epoch_text
from exchange.core.picture.wording.statuses import FigureStatus, status_of
from exchange.core.release.catalogue import DECLARED
from exchange.wire.public_records import period_of_point_text
from tests.kits.national_year import AFTER, APRIL, TABLES, year_points, year_releases

STANDARDS = Path(__file__).parent / "standards"
WITH_AN_ADDRESS = DataPublisher("A publisher", "The data desk", "data@example.org", "https://picture.example.org")
BLANKS = {"", "-", "–", "—", "*", ".", "..", "n/a", "NA", "null", "None"}


@pytest.fixture(scope="module")
def picture() -> PublishedMonth:
    return published(year_points(*TABLES), year_releases(*TABLES), AFTER, WITH_AN_ADDRESS)


@pytest.fixture(scope="module")
def files(picture: PublishedMonth) -> Mapping[str, ExportFile]:
    return {file.path: file for file in files_of(picture)}


def rows(file: ExportFile) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.content.decode())))


def key(metric: str, dimensions: str, period: str, epoch: str) -> tuple[str, ...]:
    return metric, dimensions, period, epoch


# The same figures everywhere


def test_every_point_is_there_once_with_its_digits(picture: PublishedMonth, files: Mapping[str, ExportFile]) -> None:
    found = {
        key(row["metric"], row["dimensions"], row["period"], row["epoch"]): row
        for row in rows(files["all_figures.csv"])
    }
    assert len(found) == len(picture.points)
    for point in picture.points:
        dimensions = "|".join(f"{name}={code}" for name, code in point.dimensions) or "all"
        row = found[point.metric, dimensions, period_of_point_text(point.period), epoch_text(point.epoch)]
        assert row["status"] == status_of(point).value
        if status_of(point).shows_number:
            assert Decimal(row["value"]) == point.value
            assert row["high"] == ("no upper bound" if point.high is None else f"{point.high:f}")
        else:
            assert row["value"] == row["low"] == row["high"] == status_of(point).cell


def test_the_made_up_year_has_figures_of_every_kind(picture: PublishedMonth) -> None:
    assert {status_of(point) for point in picture.points} >= {
        FigureStatus.SHOWN,
        FigureStatus.PROVISIONAL,
        FigureStatus.WITHHELD,
        FigureStatus.HIDDEN_AGENCIES,
        FigureStatus.NOT_USABLE,
    }
    assert any(point.high is None and status_of(point).shows_number for point in picture.points)


def test_parquet_has_what_csv_has_and_null_where_nothing_is_shown(files: Mapping[str, ExportFile]) -> None:
    names = [path for path in files if path.endswith(".csv") and path.replace(".csv", ".parquet") in files]
    assert names
    for name in names:
        columns = pq.read_table(io.BytesIO(files[name.replace(".csv", ".parquet")].content)).to_pydict()
        for number, row in enumerate(rows(files[name])):
            for column, text in row.items():
                typed = columns[column][number]
                if isinstance(typed, str):
                    assert typed == text
                elif typed is None:
                    assert text in dict(missing_values())
                else:
                    assert float(text) == typed


def test_no_cell_of_any_table_is_a_blank_or_a_dash(files: Mapping[str, ExportFile]) -> None:
    for path, file in files.items():
        if path.endswith(".csv"):
            for row in csv.reader(io.StringIO(file.content.decode())):
                assert not BLANKS.intersection(row), path


def test_no_number_stands_where_nothing_is_shown(picture: PublishedMonth, files: Mapping[str, ExportFile]) -> None:
    for row in rows(files["all_figures.csv"]):
        if not FigureStatus(row["status"]).shows_number:
            assert not any(character.isdigit() for character in row["value"])
    for row in rows(files["sdmx/figures.csv"]):
        if not FigureStatus(row["STATUS"]).shows_number:
            assert (row["OBS_VALUE"], row["LOWER"], row["UPPER"]) == ("NaN", "NaN", "NaN")


def test_noisy_counts_are_those_of_the_releases(picture: PublishedMonth, files: Mapping[str, ExportFile]) -> None:
    found = rows(files["noisy_releases.csv"])
    counts = [count for release in picture.releases for count in release.counts]
    texts = ["hidden agencies [c]" if count is None else str(count) for count in counts]
    assert [row["count"] for row in found] == texts
    assert any(row["count"].startswith("-") for row in found)
    for row in found:
        exact = not DECLARED[row["table"]].bit
        assert (float(row["sigma"]) == 0) is exact


# Standards


def test_the_data_package_keeps_to_its_schema_and_describes_the_files(files: Mapping[str, ExportFile]) -> None:
    package = json.loads(files["datapackage.json"].content)
    Draft7Validator(json.loads((STANDARDS / "datapackage-2.0.json").read_bytes())).validate(package)
    assert {resource["path"] for resource in package["resources"]} == {
        path for path in files if path.endswith((".csv", ".parquet")) and not path.startswith("sdmx/")
    }
    for resource in package["resources"]:
        content = files[resource["path"]].content
        assert resource["hash"] == f"sha256:{sha256(content).hexdigest()}"
        assert resource["bytes"] == len(content)
        if resource["format"] == "csv":
            header = content.decode().splitlines()[0].split(",")
            assert [field["name"] for field in resource["schema"]["fields"]] == header


def test_every_cell_of_a_number_column_is_a_number_or_a_declared_missing_value(files: Mapping[str, ExportFile]) -> None:
    package = json.loads(files["datapackage.json"].content)
    for resource in package["resources"]:
        if resource["format"] != "csv":
            continue
        missing = {one["value"] for one in resource["schema"]["missingValues"]}
        numbers = [field["name"] for field in resource["schema"]["fields"] if field["type"] in ("number", "integer")]
        for row in rows(files[resource["path"]]):
            assert all(row[name] in missing or re.fullmatch(r"-?\d+(\.\d+)?", row[name]) for name in numbers)


def dcat_us(kind: str) -> Draft202012Validator:
    definitions = json.loads((STANDARDS / "dcat-us-3.0.json").read_bytes())
    registry = Registry().with_resources((name, DRAFT202012.create_resource(one)) for name, one in definitions.items())
    reference = {"$ref": f"https://resources.data.gov/dcat-us/3.0.0/definitions/{kind}"}
    return Draft202012Validator(reference, registry=registry, format_checker=FormatChecker())


@pytest.mark.parametrize("publisher", [WITH_AN_ADDRESS, DataPublisher()])
def test_the_catalogue_keeps_to_dcat_us(picture: PublishedMonth, publisher: DataPublisher) -> None:
    from consumers.files.catalogs import catalog

    made = json.loads(catalog(PublishedMonth(picture.epoch, picture.points, (), publisher), ()).content)
    dcat_us("catalog").validate(made)


def test_the_catalogue_names_every_file_and_a_broken_one_would_be_refused(files: Mapping[str, ExportFile]) -> None:
    made = json.loads(files["catalog.json"].content)
    dcat_us("catalog").validate(made)
    [dataset] = made["dataset"]
    named = {one["title"]: one["checksum"]["checksumValue"] for one in dataset["distribution"]}
    assert all(named[path] == sha256(files[path].content).hexdigest() for path in named)
    assert {"all_figures.csv", "national-picture.xlsx", "sdmx/figures.csv", "datapackage.json"} <= named.keys()
    del dataset["contactPoint"]
    assert not dcat_us("catalog").is_valid(made)


def test_json_ld_is_a_dataset_with_its_files(files: Mapping[str, ExportFile]) -> None:
    made = json.loads(files["dataset.jsonld"].content)
    assert (made["@context"], made["@type"]) == ("https://schema.org/", "Dataset")
    assert made["temporalCoverage"] == "2026/2026"
    assert all(
        one["contentUrl"].startswith("https://picture.example.org/files/2027-01/") for one in made["distribution"]
    )


@pytest.mark.filterwarnings("ignore")
def test_a_statistics_office_reads_the_same_figures_from_sdmx(
    picture: PublishedMonth, files: Mapping[str, ExportFile]
) -> None:
    from pysdmx.io import read_sdmx
    from pysdmx.model import Role

    structures = read_sdmx(files["sdmx/structure.json"].content.decode())
    [definition] = structures.get_data_structure_definitions()
    components = {one.id: one for one in definition.components}
    [found] = read_sdmx(files["sdmx/figures.csv"].content.decode(), validate=False).data
    data: Any = found
    assert set(components) <= set(data.data.columns)
    dimensions = [one.id for one in definition.components if one.role is Role.DIMENSION]
    assert not data.data.duplicated(subset=dimensions).any()
    for name, component in components.items():
        if component.local_codes is not None:
            assert set(data.data[name]) <= {code.id for code in component.local_codes}, name
    shown = data.data[data.data["OBS_STATUS"].isin(["A", "P"])]
    assert sorted(map(Decimal, shown["OBS_VALUE"])) == sorted(
        p.value for p in picture.points if status_of(p).shows_number
    )
    assert (data.data[~data.data["OBS_STATUS"].isin(["A", "P"])]["OBS_VALUE"] == "NaN").all()


def test_adx_has_the_shown_figures_with_their_intervals_and_nothing_else(
    picture: PublishedMonth, files: Mapping[str, ExportFile]
) -> None:
    root = ET.fromstring(files["adx/figures.xml"].content)
    values = root.findall(f"{{{NAMESPACE}}}group/{{{NAMESPACE}}}dataValue")
    plain = [one for one in values if not one.get("dataElement").endswith(("_low", "_high"))]
    shown = [point for point in picture.points if status_of(point).shows_number]
    assert sorted(Decimal(one.get("value")) for one in plain) == sorted(point.value for point in shown)
    assert len(values) - len(plain) == sum((p.low is not None) + (p.high is not None) for p in shown)
    for group in root:
        assert re.fullmatch(r"\d{4}-\d{2}-01/P(3M|1Y|1M)", group.get("period"))
        keys = [tuple(sorted(item for item in one.items() if item[0] != "value")) for one in group]
        assert len(keys) == len(set(keys))


ADX_RULES = {
    "adx": ({"exported": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?"}, "group"),
    "group": ({"orgUnit": r"\S+( \S+)*", "period": r"\d{4}-\d\d-\d\d/P\d+[DWMY]"}, "dataValue"),
    "dataValue": ({"dataElement": r"\S+( \S+)*", "value": r"[+-]?(\d+(\.\d*)?|\.\d+)"}, None),
}
"""What `adx_loose.xsd` of IHE demands: attributes of each element, and what stands in it at least
once. Other attributes may stand beside them."""


def against_adx(element: ET.Element) -> list[str]:
    name = element.tag.removeprefix(f"{{{NAMESPACE}}}")
    attributes, inner = ADX_RULES[name]
    found = [f"{name}: {one}" for one, rule in attributes.items() if not re.fullmatch(rule, element.get(one, ""))]
    tags = {child.tag for child in element}
    if tags != ({f"{{{NAMESPACE}}}{inner}"} if inner else set()) or (element.text or "").strip():
        return [*found, f"{name}: {sorted(tags)}"]
    return found + [error for child in element for error in against_adx(child)]


def test_adx_keeps_the_rules_of_its_schema(files: Mapping[str, ExportFile]) -> None:
    root = ET.fromstring(files["adx/figures.xml"].content)
    assert root.tag == f"{{{NAMESPACE}}}adx"
    assert against_adx(root) == []
    root[0][0].set("value", "1e3")
    root[-1].set("period", "2026Q1")
    assert against_adx(root) == ["dataValue: value", "group: period"]


def test_the_workbook_has_a_table_a_sheet_and_words_for_what_is_not_shown(
    picture: PublishedMonth, files: Mapping[str, ExportFile]
) -> None:
    with zipfile.ZipFile(io.BytesIO(files["national-picture.xlsx"].content)) as book:
        names = book.namelist()
        words = book.read("xl/sharedStrings.xml").decode()
        sheets = [book.read(name).decode() for name in names if name.startswith("xl/worksheets/sheet")]
        tables = [name for name in names if name.startswith("xl/tables/")]
    assert len(tables) >= len(picture.by_metric)
    assert not any("<mergeCell" in sheet for sheet in sheets)
    used = {status_of(point).cell for point in picture.points if not status_of(point).shows_number}
    assert all(cell in words for cell in used)


def test_the_readme_names_every_file_and_every_status(files: Mapping[str, ExportFile]) -> None:
    text = files["README.md"].content.decode()
    others = [path for path in files if not path.startswith("figures/") and path != "README.md"]
    assert all(f"`{path}`" in text for path in others)
    assert all(status.cell in text for status in FigureStatus if not status.shows_number)
    assert all(len(line) <= 100 for line in text.splitlines() if not line.startswith("`read.csv"))


# Twice the same, whole or not there


def test_twice_the_same_bytes_whatever_the_order_of_the_topic(
    picture: PublishedMonth, files: Mapping[str, ExportFile]
) -> None:
    points = year_points(*TABLES)
    again = published([*points[::-1], *points], year_releases(*TABLES)[::-1], AFTER, WITH_AN_ADDRESS)
    assert {file.path: file for file in files_of(again)} == files


def test_an_earlier_month_holds_nothing_of_a_later_one() -> None:
    early = published(year_points(*TABLES), year_releases(*TABLES), APRIL)
    assert {point.epoch for point in early.points} == {APRIL}
    assert {release.epoch for release in early.releases} == {APRIL}


def test_a_month_that_was_never_released_is_refused() -> None:
    with pytest.raises(MonthUnknown, match="2027-06"):
        published(year_points(*TABLES), year_releases(*TABLES), AFTER + 5)


def test_half_a_month_is_refused() -> None:
    points = year_points(*TABLES)
    newest = [point for point in points if point.epoch == AFTER]
    with pytest.raises(MonthIncomplete, match=f"{len(newest) - 1:,} of at least {len(newest):,}"):
        published([point for point in points if point is not newest[3]], year_releases(*TABLES), AFTER)
    oldest = next(point for point in points if point.epoch == APRIL)
    with pytest.raises(MonthIncomplete, match="of 2026-04"):
        published([point for point in points if point is not oldest], year_releases(*TABLES), AFTER)
    lacking = [one for one in year_releases(*TABLES) if (one.table, one.epoch) != ("state_cases", AFTER)]
    cases_only = [one for one in lacking if (one.table, one.epoch) != ("cases", AFTER)]
    with pytest.raises(MonthIncomplete):
        published(points, cases_only, AFTER)


def test_it_is_written_whole_and_into_no_folder_that_holds_anything(
    files: Mapping[str, ExportFile], tmp_path: Path
) -> None:
    folder = tmp_path / "picture"
    size = write(files.values(), folder)
    there = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert there == {path: file.content for path, file in files.items()}
    assert size == sum(map(len, there.values()))
    with pytest.raises(FolderTaken):
        write(files.values(), folder)
    empty = tmp_path / "empty"
    empty.mkdir()
    write(list(files.values())[:1], empty)
    with pytest.raises(FolderTaken):
        check_folder(tmp_path / "nowhere" / "picture")


def test_a_failure_leaves_nothing_behind(files: Mapping[str, ExportFile], tmp_path: Path) -> None:
    clash = [ExportFile("a", b"1", "text/plain", "a file"), ExportFile("a/b", b"2", "text/plain", "below a file")]
    with pytest.raises(FilesNotWritten):
        write(clash, tmp_path / "picture")
    assert list(tmp_path.iterdir()) == []


def test_every_status_has_a_code_in_sdmx() -> None:
    from consumers.files.sdmx import OBS_STATUS

    assert set(OBS_STATUS) == set(FigureStatus)
    assert all(code in "APQML" for code in OBS_STATUS.values())
    assert all(
        (OBS_STATUS[status] in "AP") is shows
        for status, shows in product(FigureStatus, [True, False])
        if status.shows_number is shows
    )
