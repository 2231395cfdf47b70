"""Every generated file of `deploy/`, by its path there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from exchange.core.errors import ExchangeError
from exchange.deploy.compose import ADMIN_SETTINGS, compose_text
from exchange.deploy.image import DOCKERFILE, DOCKERIGNORE
from exchange.deploy.units import COMMAND, SYSUSERS, systemd_units

UNITS: Final = "systemd"


class DeploymentUnwritten(ExchangeError):
    """A file of the deployment cannot be written."""

    hint = "Name a folder that you may write with --out."


def compose_files() -> dict[str, str]:
    """The compose file and everything that it names, but for secrets."""
    return {
        "compose.yaml": compose_text(),
        "Dockerfile": DOCKERFILE,
        "Dockerfile.dockerignore": DOCKERIGNORE,
        "admin.properties": ADMIN_SETTINGS,
    }


def systemd_files(command: str = COMMAND) -> dict[str, str]:
    """The units, and the users that they run as."""
    return {**{unit.name: unit.text for unit in systemd_units(command)}, "exchange.sysusers": SYSUSERS}


def committed_files() -> dict[str, str]:
    """Path under `deploy/` → text, for every file there that is generated."""
    return {**compose_files(), **{f"{UNITS}/{name}": text for name, text in systemd_files().items()}}


def write_files(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Write the files that are missing or different, and return their paths.

    Raises DeploymentUnwritten.
    """
    changed = []
    for name, text in files.items():
        path = folder / name
        try:
            if path.is_file() and path.read_text(encoding="utf-8") == text:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except (OSError, UnicodeError):
            raise DeploymentUnwritten(f"{path} could not be written.") from None
        changed.append(path)
    return changed
