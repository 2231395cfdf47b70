"""One look at the brokers before work begins, which names the reason when they do not fit.

aiokafka reports one and the same error for a wrong password, a foreign certificate, a protocol that
differs and a broker that is away, and waits half a minute for an advertised name that has no
address. So we ask each broker of the list once, side by side, the same way as the clients do. The
first that answers well ends the look. Where one does not, a second look with the other protocol
tells the causes apart that look alike.

Rules kept: the look takes `LOOK_S_MAX` at most; without a clear finding it reports nothing, and the
caller's own attempt shows what happens; a broker that is merely away is no finding.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from dataclasses import replace
from typing import TYPE_CHECKING

from aiokafka import errors as kafka
from aiokafka.conn import collect_hosts, create_conn
from aiokafka.protocol.admin import SaslHandShakeRequest
from aiokafka.protocol.metadata import MetadataRequest

from exchange.engine.encryption import IN_CLEAR, is_loopback
from exchange.engine.kafka.connection import faults
from exchange.engine.own_brokers import OWNER
from exchange.engine.wall_clock import wall_ms

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from aiokafka.conn import AIOKafkaConnection

    from exchange.engine.kafka.clients import ClientSettings

LOOK_S_MAX = 5.0
SECOND_LOOK_S_MAX = 1.5
EXPIRED = {9, 10}
"""OpenSSL's codes: not valid yet, expired."""
OTHER_NAME = {62, 64}
"""OpenSSL's codes: another host name, another address."""
NOBODY = "exchange"
"""The client's name in the one request that may go out in clear: it names no agency."""
UNPROVEN = (ValueError, LookupError)
"""What aiokafka raises where the other side of SCRAM does not prove that it knows the password."""
_AWAY = (OSError, kafka.KafkaError, TimeoutError)


async def check_connection(settings: ClientSettings) -> None:
    """Raise a `ConnectionFault` if brokers answer and cannot be used as the settings say."""
    _check_own_certificate(settings)
    hosts = collect_hosts(settings.bootstrap_servers, randomize=False)
    looks = [asyncio.ensure_future(_look(settings, host, port)) for host, port, _ in hosts]
    try:
        found = await _first_good_or_all(looks)
    finally:
        for look in looks:
            look.cancel()
        await asyncio.wait(looks)
    unknown = [fault for fault in found if isinstance(fault, faults.HostUnknown)]
    if grave := [fault for fault in found if fault not in unknown] or (unknown if len(unknown) == len(looks) else []):
        raise grave[0]


async def _first_good_or_all(
    looks: Sequence[asyncio.Task[faults.ConnectionFault | None]],
) -> list[faults.ConnectionFault]:
    """Nothing as soon as one look is good; else every fault found in time."""
    found = []
    with contextlib.suppress(TimeoutError):
        for look in asyncio.as_completed(looks, timeout=LOOK_S_MAX):
            try:
                fault = await look
            except _AWAY:
                continue
            if fault is None:
                return []
            found.append(fault)
    return found


def _check_own_certificate(settings: ClientSettings) -> None:
    if settings.certificate_ends_s is not None and wall_ms() >= settings.certificate_ends_s * 1000:
        raise faults.ClientCertificateExpired


async def _look(settings: ClientSettings, host: str, port: int) -> faults.ConnectionFault | None:
    """The fault of one broker; None if it answers well. Raises `_AWAY` if it is away."""
    try:
        connection = await _connect(settings, host, port)
        try:
            return await _look_around(settings, connection, host, port)
        finally:
            connection.close()
    except _AWAY as error:
        return _clear(settings, host, port, error) or await _second_look(settings, host, port, error)
    except UNPROVEN:  # second: errors of certificates are such errors too
        if not settings.sasl_mechanism.startswith("SCRAM"):
            raise
        return faults.BrokerUnproven(f"The program at {host}:{port} does not know the password of this user.")


def _clear(settings: ClientSettings, host: str, port: int, error: Exception) -> faults.ConnectionFault | None:
    """The fault that an error is about without doubt."""
    where = f"The broker at {host}:{port}"
    match error:
        case socket.gaierror():
            return faults.HostUnknown(f"The host name {host} has no address.")
        case ssl.SSLCertVerificationError():
            return _of_server(where, error)
        case kafka.UnsupportedSaslMechanismError():
            return faults.MechanismNotOffered(f"{where} does not offer {settings.sasl_mechanism}.")
        case kafka.IllegalSaslStateError():
            return faults.SignInNotOffered(f"{where} takes no user name and password (SASL).")
        case kafka.SaslAuthenticationFailed() | kafka.AuthenticationFailedError():
            return _refused(settings, where)
        case _:
            return None


def _refused(settings: ClientSettings, where: str) -> faults.ConnectionFault:
    if settings.sasl_username == OWNER:
        return faults.OwnSecretRefused(f"{where} does not know the secret of this account's Kafka.")
    return faults.SignInRefused(f"{where} refuses the user {settings.sasl_username} or the password.")


async def _connect(
    settings: ClientSettings, host: str, port: int, protocol: str = "", context: ssl.SSLContext | None = None
) -> AIOKafkaConnection:
    own = settings.connection()
    del own["bootstrap_servers"]
    own["request_timeout_ms"] = int(LOOK_S_MAX * 1000)
    if protocol:
        own |= {"security_protocol": protocol, "ssl_context": context}
    return await create_conn(host, port, **own)


async def _look_around(
    settings: ClientSettings, connection: AIOKafkaConnection, host: str, port: int
) -> faults.ConnectionFault | None:
    """Whether the broker takes requests, and each address that it gives for others may be used."""
    metadata = await connection.send(MetadataRequest([]))
    for _, name, its_port, *_ in metadata.brokers:
        if settings.security_protocol in IN_CLEAR and not is_loopback(name):
            return faults.AdvertisedInClear(
                f"The broker at {host}:{port} answers and advertises {name}:{its_port}, to which this machine would"
                " connect without TLS."
            )
        try:
            await asyncio.get_running_loop().getaddrinfo(name, its_port, type=socket.SOCK_STREAM)
        except socket.gaierror:
            return faults.AdvertisedHostUnknown(
                f"The broker at {host}:{port} answers and advertises {name}:{its_port}, but {name} has no address here."
            )
    return None


def _of_server(where: str, error: ssl.SSLCertVerificationError) -> faults.ConnectionFault:
    if error.verify_code in EXPIRED:
        return faults.ServerCertificateExpired(f"{where} shows a certificate that has expired, or is not valid yet.")
    if error.verify_code in OTHER_NAME:
        return faults.ServerNameDiffers(f"{where} shows a certificate for another host name.")
    return faults.ServerUntrusted(f"{where} shows a certificate from an authority that this machine does not trust.")


# Causes that look alike: the broker closed the connection


async def _second_look(
    settings: ClientSettings, host: str, port: int, error: Exception
) -> faults.ConnectionFault | None:
    """The fault behind a connection that was closed. Raises the error itself if there is none."""
    where = f"The broker at {host}:{port}"
    if settings.ssl_context is None and await _answers(_speaks_tls(host, port)):
        return faults.TlsExpected(f"{where} expects TLS, and this connection is without.")
    if settings.ssl_context is not None and await _answers(_speaks_plainly(settings, host, port)):
        return faults.TlsNotOffered(f"{where} does not speak TLS.")
    if not settings.security_protocol.startswith("SASL") and await _answers(_wants_sign_in(settings, host, port)):
        return faults.SignInExpected(f"{where} expects a user name and a password (SASL).")
    if settings.ssl_context is not None and (fault := await _of_client(settings, host, port, error)):
        return fault
    raise error


async def _answers(question: Coroutine[None, None, bool]) -> bool:
    """Whether the answer is yes; a broker that closes the connection, or is silent, says no."""
    with contextlib.suppress(*_AWAY):
        async with asyncio.timeout(SECOND_LOOK_S_MAX):
            return await question
    return False


async def _speaks_tls(host: str, port: int) -> bool:
    """Whether a TLS handshake gets an answer; the certificate does not matter here."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        _, writer = await asyncio.open_connection(host, port, ssl=context)
    except ssl.SSLError as error:
        return "ALERT" in str(error.reason)
    writer.close()
    return True


async def _speaks_plainly(settings: ClientSettings, host: str, port: int) -> bool:
    (await _connect(replace(settings, client_id=NOBODY), host, port, "PLAINTEXT")).close()
    return True


async def _wants_sign_in(settings: ClientSettings, host: str, port: int) -> bool:
    """Whether the broker takes the first request of signing in, which others refuse."""
    connection = await _connect(settings, host, port)
    try:
        answer = await connection.send(SaslHandShakeRequest(settings.sasl_mechanism))
    finally:
        connection.close()
    return bool(answer.error_code in (kafka.NoError.errno, kafka.UnsupportedSaslMechanismError.errno))


async def _of_client(settings: ClientSettings, host: str, port: int, error: Exception) -> faults.ConnectionFault | None:
    """The fault that the broker's own alert names: since TLS 1.3 it comes after the handshake."""
    alerts = [one for one in (error, error.__cause__) if isinstance(one, ssl.SSLError)]
    alert = alerts[0] if alerts else await _late_alert(settings, host, port)
    if alert is None or "ALERT" not in str(alert.reason):
        return None
    where = f"The broker at {host}:{port}"
    if "CERT" not in str(alert.reason) and "UNKNOWN_CA" not in str(alert.reason):
        return faults.TlsRefused(f"{where} and this machine agree on no version or cipher of TLS.")
    if settings.certificate_ends_s is None:
        return faults.ClientCertificateMissing(f"{where} wants a client certificate, and none is set.")
    return faults.ClientCertificateRefused(f"{where} does not accept the client certificate in EXCHANGE_SSL_CERTFILE.")


async def _late_alert(settings: ClientSettings, host: str, port: int) -> ssl.SSLError | None:
    """The alert that follows a handshake, if there is one."""
    try:
        async with asyncio.timeout(SECOND_LOOK_S_MAX):
            reader, writer = await asyncio.open_connection(host, port, ssl=settings.ssl_context)
            with contextlib.closing(writer):
                await reader.read(1)
    except ssl.SSLError as alert:
        return alert
    except _AWAY:
        pass
    return None
