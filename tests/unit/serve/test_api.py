"""The API: its figures are the topic's, its errors name what is near, its pages never change."""

import csv
import gzip
import hashlib
import io
import json
import zipfile
from collections.abc import AsyncIterator, Iterable
from itertools import product
from xml.etree import ElementTree as ET

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from consumers.files.exported_tables import tables_of
from consumers.files.published import published
from consumers.serve.service import FOR_EVER, REVALIDATE, Service
from consumers.serve.views.forms import ACCEPTED, FORMS
from consumers.serve.views.requested import PARAMETERS
from consumers.sheets.figure_columns import dimensions_of
from consumers.sheets.sheet_forms import as_csv, as_parquet
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.table import CAVEAT, METRICS
from exchange.core.model.epochs import epoch_text
from exchange.core.picture.wording.statuses import NO_HIGH, NO_LOW, FigureStatus, status_of
from exchange.web.problems import ProblemKind
from exchange.web.safe_headers import SAFE
from exchange.wire.public_records import period_of_point_text
from tests.kits.serve_world import (
    FIRST,
    JANUARY,
    Topics,
    asking,
    following,
    of_epoch,
    read_to,
    releases,
    soon,
    that_has_read,
    world,
)

METRICS_THERE = sorted({point.metric for point in world()})
OCTOBER = JANUARY - 3


@pytest.fixture
async def service() -> Service:
    return that_has_read(JANUARY)


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(service) as found:
        yield found


def plain(point: MetricPoint) -> dict:
    status = status_of(point)
    numbers = {name: getattr(point, name) if status.shows_number else None for name in ("value", "low", "high")}
    return {
        "dimensions": dict(point.dimensions),
        "period": period_of_point_text(point.period),
        "epoch": epoch_text(point.epoch),
        "status": status.value,
        **{name: None if number is None else float(number) for name, number in numbers.items()},
        "unit": point.unit,
        "computed_from": [{"table": one.table, "epoch": epoch_text(one.epoch)} for one in point.computed_from],
    }


def by_words(figures: Iterable[dict]) -> list[str]:
    return sorted(json.dumps(one, sort_keys=True) for one in figures)


async def all_pages(client: httpx.AsyncClient, address: str) -> list[dict]:
    found, following_page = [], address
    while following_page:
        page = (await client.get(following_page)).raise_for_status().json()
        found += page["figures"]
        following_page = page["next"]
    return found


async def test_every_figure_of_the_topic_is_in_the_api_and_no_other(client: httpx.AsyncClient) -> None:
    for name in METRICS_THERE:
        got = await all_pages(client, f"/v1/metrics/{name}?limit=500")
        numbers = [
            {**one, **{n: None if one[n] is None else float(one[n]) for n in ("value", "low", "high")}} for one in got
        ]
        assert by_words(numbers) == by_words(plain(one) for one in world() if one.metric == name), name


async def test_a_metric_without_figures_answers_with_none_of_them(client: httpx.AsyncClient) -> None:
    absent = next(one.name for one in METRICS if one.name not in METRICS_THERE)
    found = (await client.get(f"/v1/metrics/{absent}")).json()
    assert (found["total"], found["figures"], found["next"]) == (0, [], None)


async def test_filters_by_dimension_and_period(client: httpx.AsyncClient) -> None:
    address = "/v1/metrics/needs_by_service?service=housing,legal&service=food&period=2026Q2"
    got = (await client.get(address)).json()
    assert {one["dimensions"]["service"] for one in got["figures"]} == {"housing", "legal", "food"}
    assert {one["period"] for one in got["figures"]} == {"2026Q2"}
    assert got["total"] == 3
    states = (await client.get("/v1/metrics/state_cases?division=pacific")).json()["figures"]
    assert [one["dimensions"] for one in states] == [{"division": "pacific"}]


async def test_no_dimension_has_the_name_of_a_parameter() -> None:
    assert not {name for metric in METRICS for name in dimensions_of(metric.name)} & set(PARAMETERS)


@pytest.mark.parametrize("suffix", ["json", "csv", "parquet", "arrow", "xlsx", "zip", "metadata.json"])
async def test_a_suffix_and_accept_give_the_same_bytes_twice(
    client: httpx.AsyncClient, service: Service, suffix
) -> None:
    form = next(form for form in FORMS if form.suffix == suffix)
    for address in ("/v1/metrics", "/v1/metrics/state_cases"):
        first = await client.get(f"{address}.{suffix}")
        assert first.status_code == 200
        assert first.headers["content-type"] == form.media_type
        service.prepared.clear()
        assert (await client.get(f"{address}.{suffix}")).content == first.content
        if form.accepted:
            accept = {"accept": form.media_type.partition(";")[0]}
            assert (await client.get(address, headers=accept)).content == first.content


async def test_all_forms_hold_the_same_rows(client: httpx.AsyncClient) -> None:
    for name in METRICS_THERE:
        text = (await client.get(f"/v1/metrics/{name}.csv")).text
        rows = list(csv.DictReader(io.StringIO(text)))
        arrow = pa.ipc.open_file((await client.get(f"/v1/metrics/{name}.arrow")).content).read_all()
        parquet = pq.read_table(io.BytesIO((await client.get(f"/v1/metrics/{name}.parquet")).content))
        figures = await all_pages(client, f"/v1/metrics/{name}?limit=10000")
        assert arrow.to_pylist() == parquet.to_pylist()
        assert len(rows) == arrow.num_rows == len(figures)
        for row, typed, one in zip(rows, arrow.to_pylist(), figures, strict=True):
            assert (row["status"], row["period"], row["epoch"]) == (one["status"], one["period"], one["epoch"])
            assert {name: row[name] for name in one["dimensions"]} == one["dimensions"]
            assert [typed[n] for n in ("value", "low", "high")] == [one[n] for n in ("value", "low", "high")]
            for column in ("value", "low", "high"):
                if one[column] is not None:
                    assert float(row[column]) == one[column]
        with zipfile.ZipFile(io.BytesIO((await client.get(f"/v1/metrics/{name}.zip")).content)) as archive:
            assert archive.read(f"{name}.csv").decode() == text


def cells_of(workbook: bytes) -> list[list[str]]:
    """The rows of the first sheet, as texts."""
    main = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(io.BytesIO(workbook)) as parts:
        strings = ["".join(one.itertext()) for one in ET.fromstring(parts.read("xl/sharedStrings.xml"))]
        rows = ET.fromstring(parts.read("xl/worksheets/sheet1.xml")).iter(f"{main}row")
    return [
        [strings[int(cell.findtext(f"{main}v"))] if cell.get("t") == "s" else cell.findtext(f"{main}v") for cell in row]
        for row in rows
    ]


async def test_a_workbook_has_the_rows_of_the_csv_below_its_notes(client: httpx.AsyncClient) -> None:
    for name in METRICS_THERE:
        table = list(csv.reader(io.StringIO((await client.get(f"/v1/metrics/{name}.csv")).text)))
        lines = cells_of((await client.get(f"/v1/metrics/{name}.xlsx")).content)
        notes, rows = lines[: -len(table)], lines[-len(table) :]
        assert CAVEAT in [line[0] for line in notes]
        numbers = [table[0].index(column) for column in ("value", "low", "high")]
        for text, cells in zip(table, rows, strict=True):
            assert len(text) == len(cells)
            for at, (one, other) in enumerate(zip(text, cells, strict=True)):
                assert one == other or (at in numbers and float(one) == float(other))


async def test_no_cell_of_a_file_is_blank_and_none_that_is_not_shown_has_a_number(client: httpx.AsyncClient) -> None:
    unbounded = {NO_LOW, NO_HIGH}
    for name in METRICS_THERE:
        for row in csv.DictReader(io.StringIO((await client.get(f"/v1/metrics/{name}.csv")).text)):
            assert all(cell.strip() and cell != "-" for cell in row.values()), row
            status = FigureStatus(row["status"])
            for column in ("value", "low", "high"):
                words = row[column] == status.cell or row[column] in unbounded
                assert words != (status.shows_number and row[column] not in unbounded), row


async def test_rows_of_a_file_are_told_apart_by_their_names(client: httpx.AsyncClient) -> None:
    for name in METRICS_THERE:
        rows = list(csv.DictReader(io.StringIO((await client.get(f"/v1/metrics/{name}.csv")).text)))
        keys = [tuple(row[n] for n in (*dimensions_of(name), "period", "epoch")) for row in rows]
        assert len(set(keys)) == len(keys), name


async def test_an_export_has_the_bytes_of_the_api(client: httpx.AsyncClient) -> None:
    made = {sheet.name: sheet for sheet in tables_of(published(world()[::-1], releases(), JANUARY))}
    for name in METRICS_THERE:
        sheet = made[f"figures/{name}"]
        for form, octets in (("csv", as_csv(sheet)), ("parquet", as_parquet(sheet))):
            assert (await client.get(f"/v1/metrics/{name}.{form}?as_of={epoch_text(JANUARY)}")).content == octets


async def test_excel_gets_a_mark_and_its_own_line_ends(client: httpx.AsyncClient) -> None:
    common = (await client.get("/v1/metrics/cases.csv")).content
    excel = (await client.get("/v1/metrics/cases.csv?excel=1")).content
    assert excel == "﻿".encode() + common.replace(b"\n", b"\r\n")


async def test_an_etag_is_strong_and_saves_the_body(client: httpx.AsyncClient) -> None:
    first = await client.get("/v1/metrics/needs_by_service", headers={"accept-encoding": "identity"})
    tag = first.headers["etag"]
    assert tag.startswith('"')
    assert "content-encoding" not in first.headers
    for given in (tag, f'"x", {tag}', f"W/{tag}", "*"):
        headers = {"accept-encoding": "identity", "if-none-match": given}
        again = await client.get("/v1/metrics/needs_by_service", headers=headers)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = await client.get("/v1/metrics/needs_by_service", headers={"if-none-match": '"other"'})
    assert other.status_code == 200
    assert other.headers["content-encoding"] == "gzip"
    assert other.headers["etag"] != tag
    assert other.content == first.content
    assert gzip.decompress(gzip.compress(other.content)) == first.content


async def test_gzip_goes_to_those_who_take_it(client: httpx.AsyncClient) -> None:
    address = "/v1/metrics/needs_by_service.csv"
    plain = await client.get(address, headers={"accept-encoding": "identity"})
    for given, zipped in (
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("GZIP", True),
        ("gzip;q=0", False),
        ("gzip;q=0.0, br", False),
        ("deflate", False),
        ("", False),
    ):
        answer = await client.get(address, headers={"accept-encoding": given})
        assert (answer.headers.get("content-encoding") == "gzip") is zipped, given
        assert answer.content == plain.content
        assert "accept-encoding" in answer.headers["vary"]


@pytest.mark.parametrize("given", ["bytes=0-9", "bytes=-5", "bytes=99999999-", "nonsense"])
async def test_a_range_is_not_taken_and_the_whole_is_sent(client: httpx.AsyncClient, given: str) -> None:
    """RFC 9110, 14.2: who does not serve parts leaves the header aside, and does not claim to."""
    whole = await client.get("/v1/metrics/cases.csv")
    answer = await client.get("/v1/metrics/cases.csv", headers={"range": given})
    assert (answer.status_code, answer.content) == (200, whole.content)
    assert "accept-ranges" not in answer.headers
    assert "content-range" not in answer.headers


@pytest.mark.parametrize("address", ["/v1/metrics/cases", "/v1/metrics/cases.xlsx", "/v1/epochs", "/v1/nothing"])
async def test_head_has_every_header_of_get(client: httpx.AsyncClient, address: str) -> None:
    for headers in ({}, {"accept-encoding": "identity"}):
        got, head = await client.get(address, headers=headers), await client.head(address, headers=headers)
        assert (head.status_code, head.content) == (got.status_code, b"")
        without = {"x-exchange-heard-seconds-ago"}
        assert {k: v for k, v in head.headers.items() if k not in without} == {
            k: v for k, v in got.headers.items() if k not in without
        }


async def test_pages_as_of_a_month_are_the_same_for_ever() -> None:
    await views_are_the_same_for_ever(METRICS_THERE, [form.suffix for form in FORMS])


async def views_are_the_same_for_ever(metrics: Iterable[str], suffixes: Iterable[str]) -> None:
    """Hash every view of an epoch, then let the next ones come."""
    topics, hashes = Topics(), {}
    for epoch in range(FIRST, OCTOBER + 1):
        topics.publish(epoch)

    async def pages(client: httpx.AsyncClient) -> dict[str, str]:
        found = {}
        for name, suffix, month in product(metrics, suffixes, (FIRST, FIRST + 2, OCTOBER)):
            address = f"/v1/metrics/{name}.{suffix}?as_of={epoch_text(month)}"
            answer = await client.get(address)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == FOR_EVER
            found[address] = hashlib.sha256(answer.content).hexdigest() + answer.headers["etag"]
        return found

    async with following(topics.log) as service, asking(service) as client:
        await read_to(service, OCTOBER)
        hashes = await pages(client)
        now = await client.get("/v1/metrics/cases")
        for epoch in range(OCTOBER + 1, JANUARY + 1):
            topics.publish(epoch)
        await read_to(service, JANUARY)
        assert await pages(client) == hashes
        assert (await client.get("/v1/metrics/cases")).headers["etag"] != now.headers["etag"]
        assert (await client.get(now.json()["permanent"])).json()["figures"] == now.json()["figures"]
    async with following(topics.log) as again, asking(again) as client:
        await read_to(again, JANUARY)
        assert await pages(client) == hashes


async def test_the_newest_view_is_asked_for_again_each_time(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/metrics/cases")
    assert answer.headers["cache-control"] == REVALIDATE
    assert answer.headers["x-exchange-as-of"] == epoch_text(JANUARY)
    assert answer.headers["x-exchange-complete"] == "true"


PROBLEMS = [
    ("/v1/metrics/casess", ProblemKind.METRIC_UNKNOWN, "cases"),
    ("/v1/metrics/cases.xls", ProblemKind.SUFFIX_UNKNOWN, "csv"),
    ("/v1/metrics.xls", ProblemKind.SUFFIX_UNKNOWN, "csv"),
    ("/v1/metrics/needs_by_service?servicee=legal", ProblemKind.DIMENSION_UNKNOWN, "service"),
    ("/v1/metrics/needs_by_service?as_off=2026-10", ProblemKind.DIMENSION_UNKNOWN, "as_of"),
    ("/v1/metrics/needs_by_service?service=hosing", ProblemKind.CODE_UNKNOWN, "housing"),
    ("/v1/metrics/cases?as_of=2030-01", ProblemKind.EPOCH_UNKNOWN, "2027-01"),
    ("/v1/metrics/cases?as_of=2025-01", ProblemKind.EPOCH_UNKNOWN, "2027-01"),
    ("/v1/metrics/cases?as_of=yesterday", ProblemKind.PARAMETER_INVALID, ""),
    ("/v1/metrics/cases?as_of=2026-10&as_of=2026-11", ProblemKind.PARAMETER_INVALID, ""),
    ("/v1/metrics/cases?period=2026Q7", ProblemKind.PARAMETER_INVALID, ""),
    ("/v1/metrics/cases?limit=0", ProblemKind.PARAMETER_INVALID, ""),
    ("/v1/metrics/cases?limit=%D9%A3", ProblemKind.PARAMETER_INVALID, ""),
    ("/v1/metrics/cases?start=-1", ProblemKind.PARAMETER_INVALID, ""),
    ("/v1/metrics/cases?excel=yes", ProblemKind.PARAMETER_INVALID, ""),
    ("/v1/metrics?limit=3", ProblemKind.DIMENSION_UNKNOWN, "excel"),
    ("/v1/metrics/needs_by_service?service=" + ",".join(["legal"] * 201), ProblemKind.TOO_MUCH_ASKED, ""),
    ("/v1/metrics/needs_by_service?service=" + "x" * 5_000, ProblemKind.TOO_MUCH_ASKED, ""),
    ("/v1/metrics/", ProblemKind.ADDRESS_UNKNOWN, ""),
    ("/v1/nothing", ProblemKind.ADDRESS_UNKNOWN, ""),
    ("/v1/metrics/cases/more", ProblemKind.ADDRESS_UNKNOWN, ""),
]


@pytest.mark.parametrize(("address", "kind", "near"), PROBLEMS)
async def test_each_problem_is_named_with_what_is_near(
    client: httpx.AsyncClient, address: str, kind: ProblemKind, near: str
) -> None:
    answer = await client.get(address)
    found = answer.json()
    assert answer.status_code == found["status"] == kind.status
    assert answer.headers["content-type"] == "application/problem+json"
    assert found["type"] == kind.address
    assert found["type"] in {one["type"] for one in (await client.get("/problems")).json()}
    assert near in found.get("near", [""])
    assert len(answer.content) < 1_500


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("*/*", "json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "json"),
        ("text/csv", "csv"),
        ("TEXT/CSV;charset=utf-8", "csv"),
        ("application/json;q=0.1, text/*", "csv"),
        ("application/json;q=0, */*", "csv"),
        ("application/vnd.apache.arrow.file, application/json;q=0.9", "arrow"),
        ("", "json"),
    ],
)
async def test_accept_chooses_the_form(client: httpx.AsyncClient, accept: str, form: str) -> None:
    answer = await client.get("/v1/metrics/cases", headers={"accept": accept})
    assert answer.headers["content-type"] == next(one.media_type for one in FORMS if one.suffix == form)
    assert "accept" in answer.headers["vary"]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("image/png", ProblemKind.NOT_ACCEPTABLE),
        ("text/html", ProblemKind.NOT_ACCEPTABLE),
        ("application/json;q=0", ProblemKind.NOT_ACCEPTABLE),
        ("json", ProblemKind.ACCEPT_INVALID),
        ("*/json", ProblemKind.ACCEPT_INVALID),
        ("text/csv;q=much", ProblemKind.ACCEPT_INVALID),
        ("text/csv," * 200, ProblemKind.ACCEPT_INVALID),
        ("\xff/\xfe", ProblemKind.ACCEPT_INVALID),
    ],
)
async def test_an_accept_that_names_no_form_is_a_problem(
    client: httpx.AsyncClient, accept: str, kind: ProblemKind
) -> None:
    answer = await client.get("/v1/metrics/cases", headers=[(b"accept", accept.encode("latin-1"))])
    assert answer.json()["type"] == kind.address
    assert list(ACCEPTED) == answer.json().get("near", list(ACCEPTED))


async def test_nothing_can_be_written(client: httpx.AsyncClient) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = await client.request(method, "/v1/metrics/cases")
        assert answer.json()["type"] == ProblemKind.METHOD_NOT_ALLOWED.address
        assert answer.headers["allow"] == "GET, HEAD"


async def test_every_answer_keeps_its_reader_safe(client: httpx.AsyncClient) -> None:
    addresses = (
        "/v1/metrics",
        "/v1/metrics/cases.csv",
        "/v1/status",
        "/nothing",
        "/subjects",
        "/openapi.json",
        "/problems",
    )
    for address in addresses:
        answer = await client.get(address)
        for name, value in SAFE:
            assert answer.headers[name.decode()] == value.decode(), address
        assert "set-cookie" not in answer.headers
        assert "server" not in answer.headers


async def test_a_fault_of_ours_is_a_problem_without_its_text(
    service: Service, client: httpx.AsyncClient, monkeypatch
) -> None:
    monkeypatch.setattr("consumers.serve.service.figures", lambda *_: {}["secret"])
    answer = await client.get("/v1/metrics/cases?period=2026Q1")
    assert answer.json()["type"] == ProblemKind.INTERNAL.address
    assert "secret" not in answer.text
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_while_it_reads_it_answers_with_what_it_has_and_says_so() -> None:
    topics = Topics()
    async with following(topics.log) as service, asking(service) as client:
        await soon(lambda: service.hearing.complete)
        assert (await client.get("/v1/metrics/cases")).json()["type"] == ProblemKind.EPOCH_UNKNOWN.address
        topics.publish(FIRST)
        await soon(lambda: service.picture.newest == FIRST)
        service.hearing.complete = False
        answer = await client.get("/v1/metrics/arrivals_cases")
        assert answer.json()["complete"] is False
        assert answer.headers["x-exchange-complete"] == "false"
        later = await client.get("/v1/metrics/cases?as_of=2026-12")
        assert later.json()["type"] == ProblemKind.NOT_READ_YET.address
        assert later.headers["retry-after"] == "5"
    async with asking(Service()) as client:
        assert (await client.get("/v1/metrics/cases")).status_code == 503


async def test_the_catalogue_names_every_metric_and_what_is_met(client: httpx.AsyncClient) -> None:
    found = (await client.get("/v1/metrics")).json()["metrics"]
    assert [one["name"] for one in found] == [metric.name for metric in METRICS]
    assert all(one["formula"] and one["cadence"] and one["meaning"] for one in found)
    legal = next(one for one in found if one["name"] == "unmet_need_share")
    assert any(one["asked"] and one["met"] is True for one in legal["precision"])
    assert (await client.get(legal["address"])).status_code == 200


async def test_all_points_of_an_epoch_have_a_status(client: httpx.AsyncClient) -> None:
    wanted = {status_of(point).value for point in of_epoch(JANUARY)}
    got = set()
    for name in METRICS_THERE:
        got |= {one["status"] for one in await all_pages(client, f"/v1/metrics/{name}") if one["epoch"] == "2027-01"}
    assert got == wanted
    assert len(got) > 4


async def test_the_months_and_the_feed_name_every_epoch(client: httpx.AsyncClient) -> None:
    months = (await client.get("/v1/epochs")).json()["epochs"]
    assert [one["epoch"] for one in months] == [epoch_text(epoch) for epoch in range(JANUARY, FIRST - 1, -1)]
    for one in months:
        answer = await client.get(one["address"])
        assert answer.json() == one
        assert answer.headers["cache-control"] == FOR_EVER
        assert (
            one["figures"]
            == sum(one["metrics"].values())
            == len([p for p in world() if epoch_text(p.epoch) == one["epoch"]])
        )
    feed = await client.get("/feed.atom")
    assert feed.headers["content-type"] == "application/atom+xml"
    root, atom = ET.fromstring(feed.content), {"a": "http://www.w3.org/2005/Atom"}
    links = [link.attrib["href"] for link in root.findall("a:entry/a:link", atom)]
    assert links == [one["address"] for one in months]
    stamps = [stamp.text for stamp in root.findall("a:entry/a:updated", atom)]
    assert stamps[0] == root.findtext("a:updated", namespaces=atom) == "2027-01-31T23:59:59Z"
    assert len({one.text for one in root.findall("a:entry/a:id", atom)}) == len(months)


async def test_an_empty_feed_is_a_feed() -> None:
    async with asking(Service()) as client:
        root = ET.fromstring((await client.get("/feed.atom")).content)
        assert [child.tag.rpartition("}")[2] for child in root] == ["id", "title", "updated", "author", "link"]


async def test_a_month_is_described_to_generators_and_unknown_ones_are_problems(client: httpx.AsyncClient) -> None:
    for text, kind in (("2031-01", ProblemKind.EPOCH_UNKNOWN), ("soon", ProblemKind.PARAMETER_INVALID)):
        assert (await client.get(f"/v1/epochs/{text}")).json()["type"] == kind.address
    assert "/v1/epochs/{epoch}" in (await client.get("/openapi.json")).json()["paths"]
