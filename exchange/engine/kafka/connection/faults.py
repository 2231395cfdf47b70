"""Why no connection to a broker comes about, each cause with its own sentence and its mend.

Rules kept: a message holds addresses, host names, user names and the names of settings, never a
password. None of these errors means that a broker is merely away: that is `LogUnavailable`.
"""

from exchange.engine.encryption import IN_A_PROFILE
from exchange.engine.errors import EngineError


class ConnectionFault(EngineError):
    """A broker answers, but it and this machine do not fit together."""


class HostUnknown(ConnectionFault):
    """The host name of a broker has no address."""

    hint = f"Correct the name in EXCHANGE_BOOTSTRAP_SERVERS, or mend this machine's network or DNS. {IN_A_PROFILE}"


class AdvertisedHostUnknown(ConnectionFault):
    """A broker advertises a host name that has no address here."""

    hint = (
        "The address in EXCHANGE_BOOTSTRAP_SERVERS is right. Set `advertised.listeners` of that broker to a name that"
        " its clients can resolve, or give this machine's DNS the name."
        f" {IN_A_PROFILE}"
    )


class AdvertisedInClear(ConnectionFault):
    """A broker on this machine advertises an address elsewhere, on a listener without TLS."""

    hint = (
        "Set EXCHANGE_SECURITY_PROTOCOL to SASL_SSL and use the port of the brokers' TLS listener, or set"
        " `advertised.listeners` of that broker to localhost if all its clients are on its machine."
        f" {IN_A_PROFILE}"
    )


class TlsExpected(ConnectionFault):
    """The broker expects TLS, and this connection is without."""

    hint = (
        "Set EXCHANGE_SECURITY_PROTOCOL to SSL or SASL_SSL, or use the port of the broker's listener without TLS."
        f" {IN_A_PROFILE}"
    )


class TlsNotOffered(ConnectionFault):
    """The broker does not speak TLS at this address."""

    hint = "Use the port of the broker's TLS listener. Without TLS, a connection is refused unless it stays on one machine."


class TlsRefused(ConnectionFault):
    """The broker and this machine agree on no version or cipher of TLS."""

    hint = "Compare `ssl.enabled.protocols` and `ssl.cipher.suites` of the broker with this machine's OpenSSL."


class ServerUntrusted(ConnectionFault):
    """The broker's certificate is not from an authority that this machine trusts."""

    hint = (
        "Set EXCHANGE_SSL_CAFILE to the certificate of the cluster's authority. Ask the operator for it."
        f" {IN_A_PROFILE}"
    )


class ServerCertificateExpired(ConnectionFault):
    """The broker's certificate has expired, or is not valid yet."""

    hint = "Renew the broker's certificate. If it is valid, set this machine's clock."


class ServerNameDiffers(ConnectionFault):
    """The broker's certificate is for another host name."""

    hint = (
        "Use a name that the certificate holds in EXCHANGE_BOOTSTRAP_SERVERS, or issue the certificate for this one."
        f" {IN_A_PROFILE}"
    )


class ClientCertificateExpired(ConnectionFault):
    """The client certificate in EXCHANGE_SSL_CERTFILE has expired, or is not valid yet."""

    hint = "Ask the operator for a new certificate. If it is valid, set this machine's clock."


class ClientCertificateMissing(ConnectionFault):
    """The broker wants a client certificate, and none is set."""

    hint = (
        "Set EXCHANGE_SSL_CERTFILE and EXCHANGE_SSL_KEYFILE to the certificate from the operator and to its key."
        f" {IN_A_PROFILE}"
    )


class ClientCertificateRefused(ConnectionFault):
    """The broker does not accept the client certificate in EXCHANGE_SSL_CERTFILE."""

    hint = "It is from an authority that the broker does not trust, or was revoked. Ask the operator for another."


class SignInExpected(ConnectionFault):
    """The broker expects a user name and a password (SASL), and this connection has none."""

    hint = (
        "Set EXCHANGE_SECURITY_PROTOCOL to SASL_SSL, EXCHANGE_SASL_USERNAME and"
        " EXCHANGE_SASL_PASSWORD. A Kafka that `exchange up` started serves only the account that started it: work as"
        " that account, with the same XDG_DATA_HOME, and set nothing about security."
        f" {IN_A_PROFILE}"
    )


class SignInNotOffered(ConnectionFault):
    """The broker takes no user name and password (SASL) at this address."""

    hint = f"Use the port of the broker's SASL listener, or set EXCHANGE_SECURITY_PROTOCOL to SSL. {IN_A_PROFILE}"


class MechanismNotOffered(ConnectionFault):
    """The broker does not offer this way of signing in."""

    hint = f"Set EXCHANGE_SASL_MECHANISM to one that the broker offers. {IN_A_PROFILE}"


class SignInRefused(ConnectionFault):
    """The broker refuses the user name or the password."""

    hint = (
        "It does not tell which of the two is wrong. Check EXCHANGE_SASL_USERNAME, EXCHANGE_SASL_PASSWORD and"
        " EXCHANGE_SASL_MECHANISM; the operator may have to make this user again."
        f" {IN_A_PROFILE}"
    )


class OwnSecretRefused(ConnectionFault):
    """The broker does not know the secret of this account's Kafka."""

    hint = (
        "If EXCHANGE_SASL_PASSWORD is set, unset it and the other settings about security: commands find the secret by"
        " themselves. Otherwise another Kafka listens on its port: stop that one, or start yours again (`exchange"
        " down`, `exchange up`)."
    )


class BrokerUnproven(ConnectionFault):
    """The program at this address does not know the password, and every broker of yours does."""

    hint = (
        "Nothing was sent to it. Another program took the broker's port: find it with `ss -ltnp`, stop it, and start"
        " the broker again."
    )
