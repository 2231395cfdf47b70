"""`/feed.atom`: an entry for each month whose figures were released, newest first (RFC 4287).

Rules kept: it follows from the settled months alone, so an entry never changes; the time of an
entry is its month's end, as everywhere in public topics; names are neutral.
"""

from datetime import UTC, datetime
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from consumers.serve.snapshot.snapshot import Picture
from exchange.core.metrics.table import CAVEAT
from exchange.core.model.epochs import ends_ms, epoch_text

MEDIA_TYPE: Final = "application/atom+xml"
ENTRIES_MAX: Final = 60
_ATOM: Final = "http://www.w3.org/2005/Atom"
_TITLE: Final = "Monthly figures"
_ID: Final = "tag:service-events-exchange,2026:figures"


def feed(picture: Picture) -> bytes:
    """The feed. Links are relative to its own address."""
    months = sorted(picture.settled & picture.epochs.keys(), reverse=True)
    root = Element("feed", xmlns=_ATOM)
    _text(root, "id", _ID)
    _text(root, "title", _TITLE)
    _text(root, "updated", _time(months[0]) if months else "1970-01-01T00:00:00Z")
    _text(SubElement(root, "author"), "name", "The exchange")
    SubElement(root, "link", rel="self", href="/feed.atom")
    for month in months[:ENTRIES_MAX]:
        _add_entry(root, picture, month)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _add_entry(root: Element, picture: Picture, month: int) -> None:
    entry, text, held = SubElement(root, "entry"), epoch_text(month), picture.epochs[month]
    _text(entry, "id", f"{_ID}:{text}")
    _text(entry, "title", f"Figures of {text}")
    _text(entry, "updated", _time(month))
    SubElement(entry, "link", href=f"/v1/epochs/{text}")
    _text(entry, "summary", f"{len(held):,} figures of {len(held.parts)} metrics. {CAVEAT}")


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text


def _time(month: int) -> str:
    return datetime.fromtimestamp(ends_ms(month) / 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
