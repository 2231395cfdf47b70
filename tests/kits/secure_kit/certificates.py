"""Certificates for the tests' broker and its clients, made anew for each run."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from exchange.engine.wall_clock import wall_ms

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """One certificate authority. `file`: its certificate, which is what clients trust."""

    folder: Path
    name: str
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.pem"

    @classmethod
    def make(cls, folder: Path, name: str) -> "Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _about(name, name, key, _now() - DAY, _now() + DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        made = cls(folder, name, key, builder.sign(key, hashes.SHA256()))
        made.file.write_bytes(made.certificate.public_bytes(serialization.Encoding.PEM))
        return made

    def issue(self, name: str, *, expired: bool = False) -> tuple[Path, Path]:
        """Files of a certificate and of its key. It is for 127.0.0.1 alone, not for `localhost`."""
        key = ec.generate_private_key(ec.SECP256R1())
        begin = _now() - 2 * DAY
        builder = _about(name, self.name, key, begin, begin + DAY if expired else _now() + DAY)
        usage = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        certificate = builder.add_extension(names, critical=False).sign(self.key, hashes.SHA256())
        files = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return files

    def keystore(self, name: str, *, expired: bool = False) -> Path:
        """The same in one file, as a broker takes it."""
        certificate, key = self.issue(name, expired=expired)
        store = self.folder / f"{name}.store.pem"
        store.write_bytes(key.read_bytes() + certificate.read_bytes())
        return store


def _about(
    subject: str, issuer: str, key: ec.EllipticCurvePrivateKey, begin: datetime, end: datetime
) -> x509.CertificateBuilder:
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in (subject, issuer)]
    return (
        x509.CertificateBuilder()
        .subject_name(names[0])
        .issuer_name(names[1])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )


def _now() -> datetime:
    return datetime.fromtimestamp(wall_ms() / 1000, UTC)
