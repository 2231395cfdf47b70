"""Why the gate refuses a record, and what to do about it."""

from enum import StrEnum
from typing import Final

SMALL_COUNT_MAX: Final = 10
"""The largest count that an agency may not send without its counsel's consent."""
VALUE_OCTETS_MAX: Final = 4096
"""The longest value that is read as an event, in bytes."""
RUN_EVENTS_MAX: Final = 100_000
"""The largest number of events that one heartbeat may close."""


class Reason(StrEnum):
    """Why a record was refused: a closed list, in receipts, quarantine and alerts.

    `EXPLAINED` says what to do.
    """

    NOT_REGISTERED = "not_registered"
    SUSPENDED = "suspended"
    WRONG_KEY = "wrong_key"
    HAS_HEADERS = "has_headers"
    OVERSIZED = "oversized"
    UNKNOWN_SCHEMA = "unknown_schema"
    UNREADABLE = "unreadable"
    NOT_CANONICAL = "not_canonical"
    OUT_OF_RANGE = "out_of_range"
    WRONG_PREVIOUS = "wrong_previous"
    GAP = "gap"
    FORKED = "forked"
    LEGAL_CLASS = "legal_class"
    YEAR_ONLY = "year_only"
    MARKED_ELSEWHERE = "marked_elsewhere"
    UNSOUND = "unsound"
    SMALL_COUNT = "small_count"
    TALLY_REPEATED = "tally_repeated"
    TALLY_OVERLAPS = "tally_overlaps"
    TALLY_NOT_ALLOWED = "tally_not_allowed"
    CORRECTS_UNKNOWN = "corrects_unknown"
    CORRECTS_RETRACTED = "corrects_retracted"
    UNKNOWN_KEY = "unknown_key"
    BAD_SIGNATURE = "bad_signature"
    NOT_SIGNED = "not_signed"
    RUN_TOO_LONG = "run_too_long"


EXPLAINED: Final[dict[Reason, str]] = {
    Reason.NOT_REGISTERED: "The agency is not in the registry: the operator adds it with `exchange agencies add`.",
    Reason.SUSPENDED: "The operator suspended the agency: it asks why; `exchange agencies add CODE --resume` lets it"
    " publish again.",
    Reason.WRONG_KEY: "The record's key is not the agency of this inbox: check the profile's agency code.",
    Reason.HAS_HEADERS: "The record has headers; events have none.",
    Reason.OVERSIZED: f"The record is longer than {VALUE_OCTETS_MAX} bytes; no event is.",
    Reason.UNKNOWN_SCHEMA: "The schema id is not known here: the exchange or the edge needs an update.",
    Reason.UNREADABLE: "The record is not an event of its schema: publish through the edge.",
    Reason.NOT_CANONICAL: "The bytes are not the shortest form of the event they hold: publish through the edge.",
    Reason.OUT_OF_RANGE: "A number is outside its range, a bit of the caps is none, or the period is outside 2000–2099.",
    Reason.WRONG_PREVIOUS: "The event does not follow the last accepted one: the edge re-chains what stands behind it.",
    Reason.GAP: "Events are missing before this one: the edge sends them again.",
    Reason.FORKED: "Another event was accepted under this sequence: two copies of one vault publish. "
    "Stop both and restore one.",
    Reason.LEGAL_CLASS: "This agency may share totals only: no event about a client.",
    Reason.YEAR_ONLY: "This agency may give the year at finest: the period of a client's event is a year.",
    Reason.MARKED_ELSEWHERE: "This period counts under another code of the same agency (`exchange agencies list` shows which"
    " code follows which, and from when): publish its records there, and leave them out here.",
    Reason.UNSOUND: "The fields of the body contradict each other, a correction carries other marks than its"
    " event, or a tally counts in releases after one that did.",
    Reason.SMALL_COUNT: f"A tally holds a count of 1–{SMALL_COUNT_MAX}, or counts in releases, and the agency's counsel has not"
    " agreed to send such counts.",
    Reason.TALLY_REPEATED: "A tally of this table, period and state is held: retract it first.",
    Reason.TALLY_OVERLAPS: "A year's tally and its quarters' exclude each other: retract the ones held first.",
    Reason.TALLY_NOT_ALLOWED: "This agency sends events; a tally would count them twice.",
    Reason.CORRECTS_UNKNOWN: "The correction restates an event that was never accepted.",
    Reason.CORRECTS_RETRACTED: "The event was retracted before.",
    Reason.UNKNOWN_KEY: "The heartbeat's key number is not registered: the operator adds it with `exchange agencies add`.",
    Reason.BAD_SIGNATURE: "The heartbeat's signature does not hold under the registered key: the operator compares"
    " `exchange agencies list` with the public key that the agency's `exchange edge init` printed, and registers that one with"
    " `exchange agencies add`. A new vault wants a key number of its own: `exchange edge init --key-number 2`.",
    Reason.NOT_SIGNED: "The record is not in the chain that the agency signed: a late copy, or somebody else put it into the"
    " inbox. It was not counted. If this goes on, look at who may write to the inbox.",
    Reason.RUN_TOO_LONG: f"One heartbeat closes more than {RUN_EVENTS_MAX:,} events: publish through the edge, which closes"
    " longer runs by itself.",
}
