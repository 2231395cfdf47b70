"""Static files of the pages, under addresses that hold a hash of their content.

    address("page.css")              /static/page.1f0c….css
    read("page.1f0c….css")           its bytes, media type and how long it may be kept

Rules kept: an address with another hash than the file's does not exist, so a kept copy is never of
another version. Only the files of `MEDIA_TYPES` are handed out, by name from a closed list: no path
of a request reaches the file system.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from types import MappingProxyType
from typing import Final

PREFIX: Final = "/static/"
FOR_EVER: Final = "public, max-age=31536000, immutable"
MEDIA_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "icon.svg": "image/svg+xml",
        "page.css": "text/css; charset=utf-8",
        "page.js": "text/javascript; charset=utf-8",
        "htmx.js": "text/javascript; charset=utf-8",
        "hx-sse.js": "text/javascript; charset=utf-8",
    }
)
_HASH_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file. `name`: with its hash."""

    name: str
    content: bytes
    media_type: str


@cache
def _all() -> Mapping[str, StaticFile]:
    """Each file by its name without a hash."""
    found = {}
    for name, media_type in MEDIA_TYPES.items():
        content = files("exchange.web").joinpath("static", name).read_bytes()
        stem, _, suffix = name.rpartition(".")
        digest = sha256(content).hexdigest()[:_HASH_DIGITS]
        found[name] = StaticFile(f"{stem}.{digest}.{suffix}", content, media_type)
    return found


def address(name: str) -> str:
    """The address of a file. Raises KeyError if there is none of this name."""
    return PREFIX + _all()[name].name


def read(name: str) -> StaticFile | None:
    """The file with this name and hash; None: there is none."""
    return {one.name: one for one in _all().values()}.get(name)


def static_files() -> tuple[StaticFile, ...]:
    """Every file, for a site that is written to disk."""
    return tuple(_all().values())
