"""A bookmark: the place from which a subscription resumes, in a file of the subscriber's.

Rules kept: it is replaced whole, after the points before it have been written; it holds the
question, and serves no other question: an answer that resumed in the middle would lack its
beginning. It holds no point.

With `--output` it also holds how long the file was: anything that a killed run wrote after that is
cut off, so that nothing is there twice.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus
from exchange.engine.private_file import write_private


class BookmarkUnfit(ExchangeError):
    """The bookmark belongs to another subscription."""

    exit_code = ExitStatus.USAGE
    hint = "Use the same options as before, or name another bookmark file to start from the first point."


class OutputFailed(ExchangeError):
    """Points could not be written."""

    hint = "Check the disk space and your rights to the file. With --bookmark the next run starts with these points."


@dataclass(frozen=True, slots=True)
class Bookmark:
    """`go_on`: offset in `metrics`. `length`: bytes of the output file; 0 where there is none.

    `mark`: of the record before that offset.
    """

    asked: dict[str, object]
    go_on: int = 0
    length: int = 0
    mark: str = ""


def read_bookmark(path: Path, asked: dict[str, object]) -> Bookmark:
    """The bookmark of this question; a new one where there is no file. Raises BookmarkUnfit."""
    try:
        found = json.loads(path.read_bytes())
        bookmark = Bookmark(found["asked"], found["go_on"], found["length"], found["mark"])
    except FileNotFoundError:
        return Bookmark(asked)
    except (ValueError, KeyError, TypeError, UnicodeDecodeError):
        raise BookmarkUnfit(f"{path} is not a bookmark of a subscription.") from None
    if bookmark.asked != asked:
        raise BookmarkUnfit(f"{path} belongs to a subscription with other options.")
    places = (bookmark.go_on, bookmark.length)
    if not all(isinstance(n, int) and n >= 0 for n in places) or not isinstance(bookmark.mark, str):
        raise BookmarkUnfit(f"{path} is not a bookmark of a subscription.")
    return bookmark


def keep(path: Path, bookmark: Bookmark) -> None:
    """Replace the file in one step, once it is on the disk."""
    write_private(path, json.dumps(asdict(bookmark)).encode())


def opened(path: Path, bookmark: Bookmark) -> BinaryIO:
    """The output file, cut at its bookmark, to continue. Raises BookmarkUnfit if it is shorter."""
    out = path.open("r+b" if path.exists() else "w+b")
    if out.seek(0, os.SEEK_END) < bookmark.length:
        out.close()
        raise BookmarkUnfit(f"{path} is shorter than its bookmark says.")
    out.truncate(bookmark.length)
    out.seek(bookmark.length)
    return out
