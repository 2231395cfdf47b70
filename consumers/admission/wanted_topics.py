"""The topics of this exchange, with those of the agencies that are registered so far."""

from consumers.admission.registry import read_registry
from exchange.engine.kafka.admin import TopicSpec
from exchange.engine.kafka.provision import TopicAdmin, exchange_topics
from exchange.engine.log import Log
from exchange.settings import Settings
from exchange.wire.topics import AGENCIES


async def wanted_topics(log: Log, admin: TopicAdmin, settings: Settings) -> list[TopicSpec]:
    """Every topic as it should be. Without the topic `agencies`, there is no agency yet."""
    there = AGENCIES in await admin.partitions()
    agencies = list((await read_registry(log)).agencies) if there else []
    return exchange_topics(partitions=settings.partitions, replication=settings.replication, agencies=agencies)
