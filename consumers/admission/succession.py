"""Succession: a new code of an agency that had another one.

An agency needs a new code when its legal class changes. No event about a client may then count
twice, under both codes: so each period counts under one of them. The registration of the new code
names its predecessor and its first period, that of the predecessor the same period as its end, and
the gate refuses marks outside (`Registration.may_mark`).

The periods in which the predecessor has marks already are read from `events` itself, decided
records only. Nothing is decoded: period and cap have their places in the bytes.
"""

from dataclasses import replace
from typing import Final

from exchange.core.admission.gate import Registration
from exchange.core.errors import ExchangeError
from exchange.core.model.epochs import first_month, month_after
from exchange.core.model.event_layout import CAP, HEAD, KIND, cap_of_octet, parse_period_octets
from exchange.core.model.period import period_text
from exchange.engine.log import Log, Partition
from exchange.engine.reading import decided_ends, read_before
from exchange.wire.topics import EVENTS

RECORDS_MAX: Final = 20_000
_PERIOD: Final = slice(HEAD, HEAD + 2)


class SuccessionInvalid(ExchangeError):
    """Only a new code can follow another one, which is registered and which no code follows yet."""

    hint = "`exchange agencies list` shows which code follows which. Register a new code with --follows CODE --from PERIOD."


class PeriodTaken(ExchangeError):
    """The earlier code has published events that count in releases in that period, or later."""

    hint = "Let the new code begin after it: the same quarter of a client would count under both codes, and show twice as much."


def following(new: Registration, earlier: Registration, first_period: int | None) -> Registration:
    """The registration of a new code that follows an earlier one. Raises SuccessionInvalid."""
    if earlier.until_period:
        raise SuccessionInvalid(f"{earlier.agency} is followed by another code already.")
    if first_period is None:
        raise SuccessionInvalid("A code that follows another needs its first period.")
    if earlier.first_period and first_month(first_period) < first_month(earlier.first_period):
        raise SuccessionInvalid(f"{earlier.agency} itself begins later.")
    return replace(new, follows=earlier.agency, first_period=first_period)


async def expect_free(log: Log, earlier: Registration, first_period: int) -> None:
    """Raise PeriodTaken if a code has marks in periods that end after the beginning of this one."""
    last = await last_marked(log, earlier)
    if last is not None and month_after(last) > first_month(first_period):
        raise PeriodTaken(f"{earlier.agency} has events of {period_text(last)} in releases.")


async def last_marked(log: Log, registration: Registration) -> int | None:
    """The period of this agency's marks that ends last; None if it has no marks.

    Corrections carry marks only of events that had them.
    """
    source, key = Partition(EVENTS, registration.partition), registration.agency.encode("ascii")
    marked = set[bytes]()
    reader = await log.reader()
    try:
        begin = (await reader.beginning_offsets([source]))[source]
        end = (await decided_ends(reader, [source]))[source]
        reader.assign([source])
        reader.seek(source, begin)
        async for records in read_before(reader, source, end, records_max=RECORDS_MAX):
            for record in records:
                value = record.value or b""
                if record.key == key and len(value) > KIND and cap_of_octet(value[CAP]):
                    marked.add(value[_PERIOD])
    finally:
        await reader.close()
    return max(map(parse_period_octets, marked), key=month_after, default=None)
