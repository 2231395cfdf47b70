"""The certificate authority of a deployment, and the certificates of its brokers and its admin.

A broker's certificate names every address under which clients reach it; clients compare. The
subject is the principal: `broker-1`, `exchange-admin`. Keys are ECDSA on P-256, unencrypted, in
PEM, as Kafka and OpenSSL read them.

Rules kept: the authority's key signs here and nowhere else; no service needs it. A certificate ends
no later than its authority.

Not promised: revocation. Whoever loses a key makes a new authority.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus
from exchange.deploy.broker_settings import ADMIN, NODES, broker_name

AUTHORITY: Final = "ca"
AUTHORITY_DAYS: Final = 3650
DAYS: Final = 397
"""Of a certificate: thirteen months, so that it is renewed once a year."""
CLOCKS: Final = timedelta(hours=1)
"""A certificate begins this much earlier: the clocks of two machines differ."""


class AddressInvalid(ExchangeError):
    """An address for a certificate is neither a host name nor an IP address."""

    exit_code = ExitStatus.USAGE
    hint = "Write it without a port, such as kafka.example.org or 192.0.2.7."


class AuthorityUnreadable(ExchangeError):
    """The folder holds no certificate authority: its ca.crt and ca.key, which belong together."""

    exit_code = ExitStatus.USAGE
    hint = "Name the folder in which `exchange deploy certificates` made the authority."


class AuthorityEnds(ExchangeError):
    """The certificate authority ends before the certificates would. Nothing was written."""

    exit_code = ExitStatus.USAGE
    hint = "Make a new authority: leave out --ca. Or ask for fewer --days."


@dataclass(frozen=True, slots=True)
class CertificateAuthority:
    """A certificate with the key that signs others."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def new(cls, now: datetime) -> "CertificateAuthority":
        """A new one, for ten years."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _subject("exchange-ca")
        made = (
            _builder(name, name, key.public_key(), now, now + timedelta(days=AUTHORITY_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        return cls(made.sign(key, hashes.SHA256()), key)

    @classmethod
    def read(cls, folder: Path) -> "CertificateAuthority":
        """The one in this folder. Raises AuthorityUnreadable."""
        try:
            certificate = x509.load_pem_x509_certificate((folder / f"{AUTHORITY}.crt").read_bytes())
            key = serialization.load_pem_private_key((folder / f"{AUTHORITY}.key").read_bytes(), None)
            certificate.verify_directly_issued_by(certificate)
        except (OSError, ValueError, TypeError, InvalidSignature):
            raise AuthorityUnreadable from None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate.public_key() != key.public_key():
            raise AuthorityUnreadable
        return cls(certificate, key)

    def files(self) -> dict[str, bytes]:
        """Its certificate and its key."""
        return {f"{AUTHORITY}.crt": _pem(self.certificate), f"{AUTHORITY}.key": _key_pem(self.key)}

    def issue(self, subject: str, addresses: Sequence[str], now: datetime, days: int = DAYS) -> bytes:
        """A key and its certificate in one PEM; raises AddressInvalid or AuthorityEnds."""
        ends = now + timedelta(days=days)
        if ends > self.certificate.not_valid_after_utc:
            raise AuthorityEnds
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        made = (
            _builder(_subject(subject), self.certificate.subject, key.public_key(), now, ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False)
            .add_extension(x509.ExtendedKeyUsage(_purposes(addresses)), critical=False)
        )
        if addresses:
            names = x509.SubjectAlternativeName([_general_name(address) for address in addresses])
            made = made.add_extension(names, critical=False)
        return _key_pem(key) + _pem(made.sign(self.key, hashes.SHA256())) + _pem(self.certificate)


def deployment_certificates(
    authority: CertificateAuthority, addresses: Sequence[str], now: datetime, days: int = DAYS
) -> Mapping[str, bytes]:
    """File name → content, for the three brokers and the admin.

    `addresses`: names and IP addresses under which clients reach the brokers from outside.
    """
    brokers = {
        f"{broker_name(node)}.pem": authority.issue(broker_name(node), (broker_name(node), *addresses), now, days)
        for node in NODES
    }
    return {**brokers, f"{ADMIN}.pem": authority.issue(ADMIN, (), now, days)}


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS)
        .not_valid_after(ends)
    )


def _purposes(addresses: Sequence[str]) -> list[x509.ObjectIdentifier]:
    """Of a broker, which is a client of other brokers too; of the admin, which is no server."""
    server = [ExtendedKeyUsageOID.SERVER_AUTH] if addresses else []
    return [*server, ExtendedKeyUsageOID.CLIENT_AUTH]


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(address: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(address))
    except ValueError:
        pass
    labels = address.split(".")
    if not all(_is_label(label) for label in labels) or labels[-1].isdigit():
        raise AddressInvalid(f"{address} is neither a host name nor an IP address.")
    return x509.DNSName(address)


def _is_label(label: str) -> bool:
    fits = 0 < len(label) <= 63 and label.isascii()
    return fits and label.replace("-", "a").isalnum() and label[0] != "-" != label[-1]


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
