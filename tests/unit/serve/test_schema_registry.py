"""The schema registry answers as stock clients expect, and knows public subjects only."""

import json
from collections.abc import AsyncIterator

import fastavro
import httpx
import pytest

from consumers.serve.service import Service
from exchange.wire.schemas import newest, schemas
from tests.kits.serve_world import asking

PUBLIC = {"metrics-value": "metric_point", "releases-value": "release"}


@pytest.fixture(params=["", "/registry"])
async def registry(request) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(Service()) as client:
        client.base_url = f"http://serve{request.param}"
        yield client


async def test_a_public_schema_is_had_by_its_id_and_by_its_subject(registry: httpx.AsyncClient) -> None:
    for subject, name in PUBLIC.items():
        schema = newest(name)
        by_id = (await registry.get(f"/schemas/ids/{schema.id}?subject={subject}&fetchMaxId=false")).json()
        assert json.loads(by_id["schema"]) == json.loads(schema.text)
        assert fastavro.parse_schema(json.loads(by_id["schema"]))
        assert (await registry.get(f"/schemas/ids/{schema.id}/schema")).json() == json.loads(schema.text)
        assert (await registry.get(f"/schemas/ids/{schema.id}/subjects")).json() == [subject]
        assert (await registry.get(f"/schemas/ids/{schema.id}/versions")).json() == [{"subject": subject, "version": 1}]
        assert (await registry.get(f"/subjects/{subject}/versions")).json() == [1]
        for version in ("1", "latest", "-1"):
            entry = (await registry.get(f"/subjects/{subject}/versions/{version}")).json()
            assert (entry["subject"], entry["version"], entry["id"]) == (subject, 1, schema.id)
            assert (await registry.get(f"/subjects/{subject}/versions/{version}/schema")).json() == json.loads(
                schema.text
            )
            assert (await registry.get(f"/subjects/{subject}/versions/{version}/referencedby")).json() == []
        looked_up = await registry.post(f"/subjects/{subject}", json={"schema": schema.text})
        assert looked_up.json()["id"] == schema.id


async def test_lists_and_settings(registry: httpx.AsyncClient) -> None:
    assert (await registry.get("/subjects")).json() == list(PUBLIC)
    assert [one["subject"] for one in (await registry.get("/schemas")).json()] == list(PUBLIC)
    assert (await registry.get("/schemas/types")).json() == ["AVRO"]
    for rest in ("", "/metrics-value"):
        assert (await registry.get(f"/config{rest}")).json() == {"compatibilityLevel": "BACKWARD_TRANSITIVE"}
        assert (await registry.get(f"/mode{rest}")).json() == {"mode": "READONLY"}


async def test_nothing_restricted_is_known(registry: httpx.AsyncClient) -> None:
    public = {newest(name).id for name in PUBLIC.values()}
    for number in schemas().keys() - public:
        answer = await registry.get(f"/schemas/ids/{number}")
        assert (answer.status_code, answer.json()["error_code"]) == (404, 40403)
    for subject in ("events-value", "draws-value", "inbox.harbor-light-value"):
        assert (await registry.get(f"/subjects/{subject}/versions")).json()["error_code"] == 40401
        assert (await registry.get(f"/config/{subject}")).json()["error_code"] == 40401


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/schemas/ids/x", 404, 40403),
        ("/schemas/ids/99999999999", 404, 40403),
        ("/subjects/metrics-value/versions/2", 404, 40402),
        ("/subjects/metrics-value/versions/0", 422, 42202),
        ("/subjects/metrics-value/versions/%D9%A1", 422, 42202),
        ("/associations/resources/-/metrics?resourceType=topic&associationType=value", 404, 404),
        ("/schemas/nothing", 404, 404),
    ],
)
async def test_an_error_is_json_with_a_code(registry: httpx.AsyncClient, address: str, status: int, code: int) -> None:
    answer = await registry.get(address)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert answer.headers["content-type"] == "application/vnd.schemaregistry.v1+json"


async def test_nothing_can_be_registered(registry: httpx.AsyncClient) -> None:
    schema = {"schema": newest("metric_point").text}
    for method, address in (
        ("POST", "/subjects/metrics-value/versions"),
        ("DELETE", "/subjects/metrics-value"),
        ("PUT", "/config"),
        ("POST", "/compatibility/subjects/metrics-value/versions/latest"),
    ):
        answer = await registry.request(method, address, json=schema)
        assert (answer.status_code, answer.json()["error_code"]) == (405, 42205)
    other = json.dumps({"type": "string"})
    assert (await registry.post("/subjects/metrics-value", json={"schema": other})).json()["error_code"] == 40403
    for body in (b"", b"{", b'{"schema": 3}', b"[" * 100_000, b" " * 300_000):
        assert (await registry.post("/subjects/metrics-value", content=body)).json()["error_code"] == 42201
