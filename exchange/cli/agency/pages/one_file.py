"""Makes a page in one file, and writes it for its owner's eyes only."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from jinja2 import PackageLoader

from exchange.cli.agency.pages.page_words import Words
from exchange.core.errors import ExchangeError
from exchange.core.exit_status import ExitStatus
from exchange.engine.private_file import write_private
from exchange.web.templating import environment, render


class PageUnwritable(ExchangeError):
    """The page cannot be written."""

    exit_code = ExitStatus.ERROR
    hint = "Name another file, in a folder of yours."


def one_file_page(template: str, values: Mapping[str, object]) -> str:
    """The text of a page. The same values give the same text."""
    words = Words()
    made = environment(PackageLoader("exchange.cli.agency", "pages"), t=words, said=words.said)
    return render(made, template, values)


def write_page(path: Path, content: str | bytes) -> None:
    """Write a page (0600) in the place of a file, never of a link; raises PageUnwritable."""
    try:
        if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
            raise PageUnwritable(f"{path} is a link, a folder or a device, and no file.")
        write_private(path, content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise PageUnwritable(f"{path} cannot be written: {error.strerror}.") from None
