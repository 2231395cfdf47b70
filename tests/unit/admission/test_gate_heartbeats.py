"""The gate's verdicts on heartbeats: what an agency signs, and under which key."""

from dataclasses import replace
from hashlib import sha256
from typing import Final

import pytest

from exchange.core.admission.gate import (
    ACCEPTED,
)
from exchange.core.admission.reasons import Reason
from exchange.core.model import vocabulary as v
from exchange.core.model.chain import heartbeat_message
from tests.kits.gate_world import (
    AGENCY,
    BEAT,
    KEY,
    NEED,
    Q1,
    Chain,
    given,
    then_refused,
    when,
)


def test_a_heartbeat_signed_with_the_registered_key_is_accepted() -> None:
    chain = Chain()
    state = given(chain, [NEED])
    assert when(state, chain.next(BEAT)) == ACCEPTED


def test_a_heartbeat_under_an_unknown_key_number_is_refused() -> None:
    chain = Chain()
    then_refused(given(chain, [NEED]), chain.next(replace(BEAT, key=1)), Reason.UNKNOWN_KEY)


PLACE: Final = {"agency": AGENCY, "sequence": 2, "period": Q1, "state": "ca"}


@pytest.mark.parametrize(
    ("field", "other"),
    [("agency", "north-sta"), ("sequence", 3), ("previous", bytes(32)), ("period", Q1 + 1), ("state", "wy")],
)
def test_a_heartbeat_signs_its_place_in_the_chain_and_its_period_and_state(field: str, other: object) -> None:
    chain = Chain()
    state = given(chain, [NEED])
    place = {**PLACE, "previous": chain.previous, field: other}
    signature = sha256(KEY + heartbeat_message(beat=BEAT, **place)).digest() * 2
    then_refused(state, chain.next(replace(BEAT, signature=signature)), Reason.BAD_SIGNATURE)


@pytest.mark.parametrize(
    "changed",
    [
        {"scheduled": v.Scheduled.no},
        {"reporting_minutes": v.ReportingMinutes.over_120_minutes},
        {"on_time": v.OnTime.yes},
        {"nothing_to_report": v.NothingToReport.yes},
        {"signature": bytes(63) + b"1"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_whoever_carries_a_heartbeat_changes_none_of_its_answers(changed: dict[str, object]) -> None:
    chain = Chain()
    state = given(chain, [NEED])
    signed = chain.peek(BEAT).body
    then_refused(state, chain.next(replace(signed, **changed)), Reason.BAD_SIGNATURE)


def test_a_heartbeat_signs_each_part_with_its_length_before_it() -> None:
    stated = b"2026Q1|ca|0|yes|minutes_0_5|not_applicable|not_collected"
    head = (b"\x00\x14exchange heartbeat 1", b"\x00\x02ab", b"\x00\x08" + bytes(7) + b"\x03", b"\x00\x20" + b"c" * 32)
    assert heartbeat_message("ab", 3, b"c" * 32, Q1, "ca", BEAT) == b"".join(head) + bytes((0, len(stated))) + stated
