"""Certificates for the tests' broker and its clients, made by the deployment's own maker."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from exchange.deploy.certificates import AUTHORITY, CertificateAuthority
from exchange.engine.wall_clock import utc_now

ADDRESS = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Authority:
    """One certificate authority. `file`: its certificate, which is what clients trust."""

    folder: Path
    name: str
    maker: CertificateAuthority

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.pem"

    @classmethod
    def make(cls, folder: Path, name: str) -> "Authority":
        made = cls(folder, name, CertificateAuthority.new(utc_now()))
        made.file.write_bytes(made.maker.files()[f"{AUTHORITY}.crt"])
        return made

    def issue(self, name: str, *, expired: bool = False) -> Path:
        """A file of a key and its certificate. It is for 127.0.0.1 alone, not for `localhost`."""
        now = utc_now() - timedelta(days=2) if expired else utc_now()
        file = self.folder / f"{name}.pem"
        file.write_bytes(self.maker.issue(name, [ADDRESS], now, days=1))
        return file
