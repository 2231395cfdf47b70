"""The load: real sample events of many agencies in their inboxes, for one gate and one fold lane.

Years grow with the number of events, as they do in a nation: 288 agencies send about 680,000 events
a year.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from exchange.core.admission.gate import Registration
from exchange.core.model.vocabulary import LegalClass
from exchange.engine.kafka.admin import TopicSpec, administer
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.kafka.provision import agency_topics, exchange_topics, provision
from exchange.engine.log import Partition
from exchange.settings import Settings
from exchange.trial.sample import SampleAgency, SampledQuarters, SignedChain, sample_exchange
from exchange.trial.sample.sent import marks_of
from exchange.trial.sample_key import KEY_NUMBER, SampleKey
from exchange.wire.records import encode_registration
from exchange.wire.topics import AGENCIES, inbox_of

EVENTS_A_QUARTER = 170_000
TURN = 50
SEED = 7
CAP_KEY = bytes(32)


@dataclass(frozen=True, slots=True)
class Size:
    """How many events of how many agencies; both exact."""

    events: int
    agencies: int


def sample_agencies(size: Size) -> tuple[SampleAgency, ...]:
    quarters = max(1, round(size.events / EVENTS_A_QUARTER))
    more = size.events + size.events // 10
    return sample_exchange(
        SEED, size.agencies, events=more, tally_share=0.0, span=SampledQuarters(quarters=quarters)
    ).agencies


def marked_chain(agency: SampleAgency) -> SignedChain:
    """An agency's chain, with marks."""
    facts = list(agency.facts())
    return SignedChain(agency.code, facts, marks_of(facts, CAP_KEY))


def turns(size: Size) -> Iterator[tuple[str, list[bytes]]]:
    """The agencies' next runs, in turns, until there are so many events.

    Each agency's are one chain, and each turn ends with a heartbeat: 49 events and a heartbeat are
    what an agency of a nation of 288 sends in a week. Events have marks, as from an edge.
    """
    chains = [(agency.code, marked_chain(agency)) for agency in sample_agencies(size)]
    left = size.events
    while left and chains:
        going = []
        for code, chain in chains:
            values = chain.take(min(TURN, left)) if left else []
            left -= len(values)
            if values:
                yield code, values
                going.append((code, chain))
        chains = going
    assert not left, "the sample has fewer events than were asked for"


async def load(settings: Settings, size: Size) -> None:
    """Topics of one partition, every agency registered, every inbox filled."""
    log = KafkaLog(settings.client("bench-load"))
    codes = [agency.code for agency in sample_agencies(size)]
    async with administer(settings.client("bench-load")) as admin:
        topics: list[TopicSpec] = exchange_topics(partitions=1, replication=1)
        await provision(admin, [*topics, *agency_topics(codes, replication=1)])
    producer = await log.producer()
    try:
        registrations = [
            Registration(code, LegalClass.individual, False, 0, ((KEY_NUMBER, SampleKey(code).public),))
            for code in codes
        ]
        pairs = [(r.agency.encode(), encode_registration(r)) for r in registrations]
        await producer.send(Partition(AGENCIES, 0), pairs)
        for code, values in turns(size):
            key = code.encode()
            await producer.send(Partition(inbox_of(code), 0), [(key, value) for value in values])
    finally:
        await producer.close()
        await log.close()
