"""No record and no sign-in crosses a network in clear.

An address is on the loopback if it is `localhost`, in 127.0.0.0/8, or ::1. A name that merely
resolves there does not count: whoever answers for the name could send it elsewhere tomorrow.

Rules kept: every client's settings are judged here, whoever makes them; one address elsewhere is
enough to refuse. Not promised: that a tunnel which begins on the loopback is encrypted.
"""

import ipaddress
from typing import Final, Literal, TypeAlias

from exchange.core.exit_status import ExitStatus
from exchange.engine.errors import EngineError

SecurityProtocol: TypeAlias = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism: TypeAlias = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
IN_CLEAR: Final = frozenset({"PLAINTEXT", "SASL_PLAINTEXT"})
LOOPBACK_NET: Final = ipaddress.IPv4Network("127.0.0.0/8")
LOOPBACK_V6: Final = ipaddress.IPv6Address("::1")
IN_A_PROFILE: Final = "In an agency's profile, these are keys under [kafka], such as ssl_cafile."


class PlaintextRefused(EngineError):
    """Without TLS, everybody on the way could read client-level events. Nothing was sent."""

    exit_code = ExitStatus.USAGE
    hint = (
        "Set EXCHANGE_SECURITY_PROTOCOL to SASL_SSL (or SSL), EXCHANGE_SSL_CAFILE to the cluster's certificate authority,"
        f" and use the port of the brokers' TLS listener. {IN_A_PROFILE} Only on this machine itself (127.0.0.1, localhost,"
        " [::1]) may a connection be without TLS."
    )


def expect_encrypted(bootstrap_servers: str, security_protocol: str) -> None:
    """Raise PlaintextRefused unless it is encrypted, or every address is on the loopback."""
    if security_protocol not in IN_CLEAR:
        return
    away = [server.strip() for server in bootstrap_servers.split(",") if not is_loopback(host_of(server))]
    if away:
        raise PlaintextRefused(f"{security_protocol} to {', '.join(away)} is refused: it has no TLS.")


def is_loopback(host: str) -> bool:
    """Whether this host name or address is this machine, without asking anybody."""
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address in LOOPBACK_NET if isinstance(address, ipaddress.IPv4Address) else address == LOOPBACK_V6


def host_of(server: str) -> str:
    """The host of host:port, read as aiokafka reads it; an IPv6 address without its brackets."""
    server = server.strip()
    if server.startswith("["):
        return server[1:].partition("]")[0]
    host, colon, _ = server.rpartition(":")
    return host if colon else server
