"""The README of an export: what is here, how to read a figure, and what it is not."""

from collections.abc import Sequence
from textwrap import fill
from typing import Final

from consumers.files.published import PublishedMonth
from consumers.files.written_files import ExportFile
from exchange.core.metrics.table import CAVEAT
from exchange.core.picture.wording.statuses import FigureStatus

WIDTH: Final = 100


def readme(published: PublishedMonth, files: Sequence[ExportFile]) -> ExportFile:
    """In plain words."""
    others = [file for file in files if not file.path.startswith(("figures/", "site/"))]
    has_site = any(file.path.startswith("site/") for file in files)
    site = ["- `site/`: the page as static files; begin with `site/index.html`."] if has_site else []
    paragraphs = (
        f"# The shared national picture, {published.month}",
        (
            f"Every figure that was released up to {published.month}, by {published.publisher.name}. "
            f"Questions: {published.publisher.contact}."
        ),
        "## What a figure is",
        CAVEAT,
        (
            "A value has a 95 % interval: of 100 such intervals, about 95 hold the number that the noise was added to. "
            "Never quote a value without its interval. A share (`unit` is `share`) is a part of one: 0.44 is 44 of 100."
        ),
        "## What is not shown",
        (
            "The column `status` says whether a number is shown. Where it is not, text files have words in its place, never a "
            "blank, a dash or a 0; Parquet has a null. It is never none: do not fill it with 0."
        ),
        *(f"- `{status.cell}`: {status.sentence}" for status in FigureStatus if not status.shows_number),
        "## The files",
        "- `figures/`: a CSV and a Parquet file for each metric.",
        *(f"- `{file.path}`: {file.says}." for file in others),
        *site,
        "`datapackage.json` has the meaning of every column and the SHA-256 of every table.",
        "## For statisticians",
        (
            "`noisy_releases` has the released counts with their noise and its standard deviation (`sigma`). They are "
            "unbiased, so some are negative. Add them up before you cut anything at 0: cutting first makes sums too large. "
            "The noise of two cells is independent. Figures in the other files are cut at 0 for display only."
        ),
        "## In R",
        '`read.csv("figures/unmet_need_share.csv", na.strings = c('
        + ", ".join(f'"{status.cell}"' for status in FigureStatus if not status.shows_number)
        + ', "no upper bound", "no lower bound"))`',
    )
    text = "\n\n".join(_wrapped(paragraph) for paragraph in paragraphs).replace(".\n\n- `", ".\n- `")
    return ExportFile("README.md", text.encode() + b"\n", "text/markdown", "What is here")


def _wrapped(paragraph: str) -> str:
    if paragraph.startswith(("#", "`read")):
        return paragraph
    return fill(paragraph, WIDTH, subsequent_indent="  " if paragraph.startswith("- ") else "", break_long_words=False)
