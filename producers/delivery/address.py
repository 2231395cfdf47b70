"""The exchange's address.

The profile's, else EXCHANGE_BOOTSTRAP_SERVERS, else the embedded broker.
"""

from exchange.engine.broker.detached import running
from exchange.engine.kafka.edge_link import KafkaLink
from exchange.settings import Settings
from producers.errors import ExchangeUnnamed
from producers.profile import Profile


def servers_of(profile: Profile, settings: Settings | None = None) -> str:
    """The address of the agency's exchange; raises ExchangeUnnamed."""
    settings = settings or Settings.model_validate({})
    servers = profile.bootstrap_servers or settings.bootstrap_servers
    if servers:
        return servers
    holder = running()
    if holder is None:
        raise ExchangeUnnamed
    return holder.bootstrap_servers


def kafka_link(profile: Profile, settings: Settings | None = None) -> KafkaLink:
    """The agency's way to its exchange, not yet connected; raises ExchangeUnnamed."""
    settings = settings or Settings.model_validate({})
    named = settings.model_copy(update={"bootstrap_servers": servers_of(profile, settings)})
    return KafkaLink(named.client(f"edge-{profile.agency}"), profile.agency)
