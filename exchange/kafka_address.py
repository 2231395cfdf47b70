"""The address of Kafka: the configured cluster, else the broker of `exchange up`."""

from exchange.core.errors import ExchangeError
from exchange.engine import own_brokers
from exchange.engine.running_broker import running_broker
from exchange.settings import Settings


class NoKafka(ExchangeError):
    """No Kafka is configured, and none is running on this machine."""

    hint = "Set EXCHANGE_BOOTSTRAP_SERVERS to a cluster, or start a Kafka here with `exchange up`."


def with_address(settings: Settings) -> Settings:
    """The settings with an address; raises NoKafka.

    The broker of `exchange up` gets its own settings, whatever is set. Another embedded broker of
    this account, named by its address, gets them where nothing is set.
    """
    holder = running_broker()
    if holder is not None and settings.bootstrap_servers in ("", holder.bootstrap_servers):
        return settings.at(holder.bootstrap_servers)
    if not settings.bootstrap_servers:
        raise NoKafka
    other = own_brokers.data_dir_at(settings.bootstrap_servers)
    return settings if other is None or running_broker(other) is None else settings.where_unset()
