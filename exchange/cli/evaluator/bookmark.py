"""A bookmark: where a subscription goes on, in a file of the subscriber's.

Rules kept: it is replaced whole, after what it stands behind has been written; it says what was asked for, and serves no other
question: an answer that went on in the middle would lack its beginning. It holds no point.

With `--output` it also holds how long the file was: what a killed run wrote behind that is cut off, so that nothing is there
twice.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from exchange.core.errors import ExchangeError


class BookmarkUnfit(ExchangeError):
    """The state file is not of this subscription."""

    exit_code = 2
    hint = "Ask for the same as before, or name another file to start from the first point."


class OutputFailed(ExchangeError):
    """Points could not be written."""

    hint = "Is the disk full, and may you write there? With --state the next run goes on in front of them."


@dataclass(frozen=True, slots=True)
class Bookmark:
    """`go_on`: offset in `metrics`. `length`: bytes of the output file; 0 where there is none."""

    asked: dict[str, object]
    go_on: int = 0
    length: int = 0


def read_bookmark(path: Path, asked: dict[str, object]) -> Bookmark:
    """The bookmark of this question; a new one where there is no file. Raises BookmarkUnfit."""
    try:
        found = json.loads(path.read_bytes())
        bookmark = Bookmark(found["asked"], found["go_on"], found["length"])
    except FileNotFoundError:
        return Bookmark(asked)
    except (ValueError, KeyError, TypeError, UnicodeDecodeError):
        raise BookmarkUnfit(f"{path} is no state of a subscription.") from None
    if bookmark.asked != asked:
        raise BookmarkUnfit(f"{path} is of a subscription that asked for something else.")
    if not all(isinstance(n, int) and n >= 0 for n in (bookmark.go_on, bookmark.length)):
        raise BookmarkUnfit(f"{path} is no state of a subscription.")
    return bookmark


def keep(path: Path, bookmark: Bookmark) -> None:
    """Replace the file in one step, once it is on the disk."""
    fresh = path.with_name(path.name + ".new")
    with fresh.open("w", encoding="utf-8") as out:
        json.dump({"asked": bookmark.asked, "go_on": bookmark.go_on, "length": bookmark.length}, out)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(path)


def opened(path: Path, bookmark: Bookmark) -> BinaryIO:
    """The output file, cut where the bookmark says and ready to be written on. Raises BookmarkUnfit when it is shorter."""
    out = path.open("r+b" if path.exists() else "w+b")
    if out.seek(0, os.SEEK_END) < bookmark.length:
        out.close()
        raise BookmarkUnfit(f"{path} is shorter than it was when its state was kept.")
    out.truncate(bookmark.length)
    out.seek(bookmark.length)
    return out
