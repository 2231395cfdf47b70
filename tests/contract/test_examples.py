"""The committed examples are read, written back the same, and admitted by the gate in order."""

import json
from collections.abc import Callable
from io import BytesIO, StringIO

import fastavro
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from exchange.core.admission.gate import ACCEPTED, AgencyState, Arrival, evolve, judge
from exchange.core.model.events import BODIES
from exchange.wire import public_records as out
from exchange.wire import pulse as p
from exchange.wire import records as m
from exchange.wire import release_records as c
from exchange.wire.codec import EventReader, decode, encode
from exchange.wire.schemas import newest, schemas
from tests.contract.examples import EVENTS, FILES, FOLDER, TOTALS, documents, example_file, registration

IDS = sorted(schemas())
REREAD: dict[str, Callable[[bytes], bytes]] = {
    "registration": lambda value: m.encode_registration(m.decode_registration(value)),
    "receipt": lambda value: m.encode_receipt(m.decode_receipt(value)),
    "refusal": lambda value: m.encode_refusal(m.decode_refusal(value)),
    "gate_inbox": lambda value: m.encode_gate_inbox(m.decode_gate_inbox(value)),
    "gate_head": lambda value: m.encode_gate_head(m.decode_gate_head(value)),
    "gate_block": lambda value: m.encode_gate_block(m.decode_gate_block(value)),
    "gate_tally": lambda value: m.encode_gate_tally(m.decode_gate_tally(value)),
    "gate_written": lambda value: m.encode_gate_written(m.decode_gate_written(value)),
    "position": lambda value: m.encode_position(m.decode_position(value)),
    "pulse": lambda value: p.encode_pulse(p.decode_pulse(value)),
    "worker_pulse": lambda value: p.encode_worker_pulse(p.decode_worker_pulse(value)),
    "alert": lambda value: p.encode_alert(p.decode_alert(value)),
    "close": lambda value: c.encode_close(c.decode_close(value)),
    "relocation": lambda value: c.encode_relocation(c.decode_relocation(value)),
    "spent": lambda value: c.encode_spent(c.decode_spent(value)),
    "release": lambda value: out.encode_release(out.decode_release(value)),
    "metric_point": lambda value: out.encode_point(out.decode_point(value)),
}


def committed(schema_id: int) -> list[tuple[str, object, bytes]]:
    read = json.loads((FOLDER / example_file(schema_id)).read_text(encoding="utf-8"))
    assert (read["schema"], read["id"]) == (FILES[schema_id], schema_id)
    return [(one["says"], one["value"], bytes.fromhex(one["bytes"])) for one in read["examples"]]


def verify(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def reread(schema_id: int, value: bytes) -> bytes:
    """Read, and written again under the same schema."""
    name = schemas()[schema_id].name
    return encode(decode(value), schema_id) if name == "event" else REREAD[name](value)


def test_every_schema_has_examples_and_nothing_else_has() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(map(example_file, IDS))


@pytest.mark.parametrize("schema_id", IDS, ids=example_file)
def test_an_example_reads_and_writes_back_the_same_bytes(schema_id: int) -> None:
    examples = committed(schema_id)
    assert examples
    for _, _, value in examples:
        assert reread(schema_id, value) == value


@pytest.mark.parametrize("schema_id", IDS, ids=example_file)
def test_the_json_of_an_example_encodes_to_its_bytes_without_our_codec(schema_id: int) -> None:
    schema = schemas()[schema_id]
    for _, shown, value in committed(schema_id):
        (plain,) = fastavro.json_reader(StringIO(json.dumps(shown)), schema.parsed)
        out = BytesIO()
        fastavro.schemaless_writer(out, schema.parsed, plain)
        assert schema.prefix + out.getvalue() == value


def test_the_examples_of_newest_versions_are_what_their_module_writes() -> None:
    found = {file: (FOLDER / file).read_text(encoding="utf-8") for file in documents()}
    assert found == documents(), "after a change on purpose: python -m tests.contract.examples"


def test_the_events_are_every_body_and_two_chains_that_the_gate_admits() -> None:
    seen = set()
    states = {agency: AgencyState(registration(agency)) for agency in (EVENTS, TOTALS)}
    reader = EventReader()
    for says, _, value in committed(newest("event").id):
        state = states[says.split(",")[0]]
        arrival = reader.read(value)
        assert isinstance(arrival, Arrival)
        verdict = judge(state, arrival, verify)
        assert verdict == ACCEPTED, says
        evolve(state, arrival, verdict)
        seen.add(type(arrival.body))
    assert seen == set(BODIES)
    assert all(state.digests.is_retracted(1) for state in states.values())
