"""Enrolment: an operator adds an agency to the registry or changes its registration.

Rules kept:
- An agency's inbox and receipts exist, and answer, before it is registered.
- Its partition is Kafka's own choice for its code over the real partitions of `events`, and never
  changes.
- Numbered keys are added or replaced, never dropped: old heartbeats are verified with old keys.
- Neither a key nor a legal class changes by accident.
- A code that follows another has marks in no period in which the other has some, or may have some
  later: so no quarter of a client is released twice, under two codes.

Not promised: an order between two operators who register the same agency at the same moment. The
later one wins. Nor that a run is seen which the earlier code sends in the very moment in which the
later one is registered: it stops publishing before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from consumers.admission.public_keys import OCTETS, PublicKeyInvalid
from consumers.admission.registry import read_registry
from consumers.admission.succession import SuccessionInvalid, expect_free, following
from exchange.core.admission.gate import Registration, Status
from exchange.core.errors import ExchangeError
from exchange.core.model.vocabulary import LegalClass
from exchange.engine.errors import LogUnavailable, PartitionUnknown
from exchange.engine.kafka.admin import Admin
from exchange.engine.kafka.provision import agency_topics, provision
from exchange.engine.log import Log, Partition, Reader
from exchange.wire.records import encode_registration
from exchange.wire.topics import AGENCIES, EVENTS, check_agency, partition_of

KEY_NUMBER_MAX: Final = 63
"""The largest key number that a heartbeat can name."""
TOPICS_AT_ONCE: Final = 100
ASKED_MAX: Final = 3
"""Attempts to get an answer from new topics. The log waits some seconds in each."""
LEGAL_CLASSES: Final = (LegalClass.individual, LegalClass.year_only, LegalClass.tally_only)
"""The classes that an agency may have. The vocabulary's codes for a missing answer are left out."""


class AgencyNotRegistered(ExchangeError):
    """No agency with this code is registered, so there is nothing to change."""

    hint = "`exchange agencies list` shows the registered codes."


class EnrolmentIncomplete(ExchangeError):
    """The code is not registered yet, and a new agency needs a legal class and a public key."""

    hint = "Give --legal-class (there is no default: ask the agency's counsel) and --public-key."


class LegalClassWouldChange(ExchangeError):
    """The agency is registered with another legal class."""

    hint = (
        "Only a mistake made before it published is mended so: repeat with --yes. Once it has published, register a new code"
        " with --follows and --from, for a new vault; what was sent stays."
    )


class KeyWouldChange(ExchangeError):
    """Another key is registered under this number.

    Without it, the agency's earlier signatures would not verify.
    """

    hint = (
        "Leave --key-number out to add a key. Only a key that was registered by mistake is replaced: repeat with --yes."
    )


class SmallCountsNotAllowed(ExchangeError):
    """Small counts concern tallies, and this agency sends none."""

    hint = "Leave --small-counts out, or register the agency as tally_only."


class KeyNumberInvalid(ExchangeError):
    """A key number is 0 to 63 and needs a key."""

    hint = "Leave --key-number out to take the next free one."


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An operator's wish for one agency.

    None: keep the registered value, or take the default for a new agency.
    """

    agency: str
    legal_class: LegalClass | None = None
    key: bytes | None = None
    key_number: int | None = None
    small_counts: bool | None = None
    status: Status | None = None
    follows: str | None = None
    first_period: int | None = None


async def register(
    log: Log, admin: Admin, *enrolments: Enrolment, replication: int, confirmed: bool = False
) -> list[Registration]:
    """Register agencies, or change their registrations. The same enrolment again writes nothing.

    `replication`: of the inboxes and receipts that are created. Raises, before anything is written:
    AgencyCodeInvalid, AgencyNotRegistered, EnrolmentIncomplete, LegalClassWouldChange and
    KeyWouldChange (unless `confirmed`), SmallCountsNotAllowed, KeyNumberInvalid, PublicKeyInvalid,
    SuccessionInvalid, PeriodTaken; PartitionUnknown where `exchange topics apply` was not run.
    LogUnavailable when the brokers do not open the new topics: repeat it.
    """
    partitions = (await admin.partitions()).get(EVENTS)
    if partitions is None:
        raise PartitionUnknown(f"The cluster has no topic {EVENTS}.")
    before = dict((await read_registry(log)).agencies)
    after = dict(before)
    for enrolment in enrolments:
        after[enrolment.agency] = enrolled(after, enrolment, partitions, confirmed=confirmed)
        if enrolment.follows is not None and enrolment.agency not in before:
            earlier = after[enrolment.follows]
            await expect_free(log, earlier, after[enrolment.agency].first_period)
            after[earlier.agency] = replace(earlier, until_period=after[enrolment.agency].first_period)
    wanted = {enrolment.agency: after[enrolment.agency] for enrolment in enrolments}
    earlier_codes = {one.follows: after[one.follows] for one in wanted.values() if one.follows}
    provisioned = await provision(admin, agency_topics(wanted, replication=replication))
    await _answered(log, provisioned.created)
    await _write(log, [one for code, one in (earlier_codes | wanted).items() if before.get(code) != one])
    return [wanted[enrolment.agency] for enrolment in enrolments]


def enrolled(
    registry: Mapping[str, Registration], enrolment: Enrolment, partitions: int, *, confirmed: bool
) -> Registration:
    """The registration that an enrolment leads to. Pure. Raises as `register` does."""
    code = check_agency(enrolment.agency)
    held = registry.get(code)
    if held is None:
        if _changes_only(enrolment):
            raise AgencyNotRegistered(f"{code} is not registered.")
        if enrolment.legal_class is None or enrolment.key is None:
            raise EnrolmentIncomplete
        held = Registration(code, enrolment.legal_class, False, partition_of(code, partitions), ())
        held = _with_predecessor(held, registry, enrolment)
    elif enrolment.follows is not None and (enrolment.follows, enrolment.first_period) != (
        held.follows,
        held.first_period,
    ):
        raise SuccessionInvalid(f"{code} is registered already.")
    legal_class = enrolment.legal_class or held.legal_class
    if legal_class not in LEGAL_CLASSES:
        raise EnrolmentIncomplete
    if legal_class is not held.legal_class and not confirmed:
        raise LegalClassWouldChange(f"{code} is registered as {held.legal_class}, not {legal_class}.")
    if enrolment.small_counts and legal_class is not LegalClass.tally_only:
        raise SmallCountsNotAllowed
    small_counts = held.small_counts if enrolment.small_counts is None else enrolment.small_counts
    return Registration(
        code,
        legal_class,
        small_counts and legal_class is LegalClass.tally_only,
        held.partition,
        _keys(held.keys, enrolment, confirmed=confirmed),
        enrolment.status or held.status,
        held.follows,
        held.first_period,
        held.until_period,
    )


def _with_predecessor(new: Registration, registry: Mapping[str, Registration], enrolment: Enrolment) -> Registration:
    if enrolment.follows is None:
        return new
    earlier = registry.get(enrolment.follows)
    if earlier is None:
        raise AgencyNotRegistered(f"{enrolment.follows} is not registered.")
    return following(new, earlier, enrolment.first_period)


def _changes_only(enrolment: Enrolment) -> bool:
    """Whether only a registered agency can have it: a new one is never suspended or half known."""
    changes = enrolment.status is not None or enrolment.small_counts is not None or enrolment.key_number is not None
    return changes and (enrolment.legal_class is None or enrolment.key is None)


def _keys(held: Sequence[tuple[int, bytes]], enrolment: Enrolment, *, confirmed: bool) -> tuple[tuple[int, bytes], ...]:
    """The keys in the order of their numbers.

    A registered key keeps its number unless another one is given.
    """
    key, number = enrolment.key, enrolment.key_number
    if key is None:
        if number is not None:
            raise KeyNumberInvalid
        return tuple(held)
    if len(key) != OCTETS:
        raise PublicKeyInvalid
    if number is None:
        if any(octets == key for _, octets in held):
            return tuple(held)
        number = max((n for n, _ in held), default=0) + 1
    if not 0 <= number <= KEY_NUMBER_MAX:
        raise KeyNumberInvalid
    if dict(held).get(number, key) != key and not confirmed:
        raise KeyWouldChange(f"{enrolment.agency} has another key {number}.")
    return tuple(sorted({**dict(held), number: key}.items()))


async def _answered(log: Log, topics: Sequence[str]) -> None:
    """Wait until new topics answer.

    Brokers take seconds to open hundreds, and lanes should not wait for that.
    """
    if not topics:
        return
    reader = await log.reader()
    try:
        for first in range(0, len(topics), TOPICS_AT_ONCE):
            await _answer(reader, [Partition(topic, 0) for topic in topics[first : first + TOPICS_AT_ONCE]])
    finally:
        await reader.close()


async def _answer(reader: Reader, partitions: Sequence[Partition]) -> None:
    for more in reversed(range(ASKED_MAX)):
        try:
            await reader.end_offsets(partitions)
        except LogUnavailable:
            if not more:
                raise
        else:
            return


async def _write(log: Log, registrations: Sequence[Registration]) -> None:
    if not registrations:
        return
    producer = await log.producer()
    try:
        pairs = [(r.agency.encode("ascii"), encode_registration(r)) for r in registrations]
        await producer.send(Partition(AGENCIES, 0), pairs)
    finally:
        await producer.close()
