"""How the edge reaches its exchange: what the profile's `[kafka]` says, else the environment.

The address: the profile's, else EXCHANGE_BOOTSTRAP_SERVERS, else the embedded broker.
"""

from exchange.engine.kafka.edge_link import KafkaLink
from exchange.engine.running_broker import running_broker
from exchange.settings import Settings
from producers.errors import ExchangeUnnamed
from producers.practice import expect_no_practice
from producers.profile import Profile


def servers_of(profile: Profile, settings: Settings | None = None) -> str:
    """The address of the agency's exchange; raises ExchangeUnnamed, PracticeOnly."""
    expect_no_practice(profile)
    settings = settings or Settings.model_validate({})
    servers = profile.kafka.bootstrap_servers or settings.bootstrap_servers
    if servers:
        return servers
    holder = running_broker()
    if holder is None:
        raise ExchangeUnnamed
    return holder.bootstrap_servers


def kafka_link(profile: Profile, settings: Settings | None = None) -> KafkaLink:
    """The agency's way to its exchange, not yet connected.

    Raises ExchangeUnnamed, PracticeOnly, PlaintextRefused, ProfileInvalid, SecretExposed,
    SettingInvalid.
    """
    settings = settings or Settings.model_validate({})
    address = {"bootstrap_servers": servers_of(profile, settings)}
    named = settings.model_copy(update={**address, **profile.kafka.given()})
    return KafkaLink(named.client(f"edge-{profile.agency}"), profile.agency)
