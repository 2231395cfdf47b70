"""A brief as HTML and as a PDF: the same blocks, set twice, with the same sentences.

The PDF is tagged for screen readers (PDF/UA-1) and made by typst, which refuses what would not be.
Rules kept: no word is in one of them only; no clock is in either, so equal briefs have equal bytes.
"""

from collections.abc import Iterator
from html import escape
from typing import Final

from exchange.core.picture.asked.briefs import Brief, BriefBlock, BriefHeading, BriefList

STANDARD: Final = "ua-1"


def as_html(brief: Brief) -> str:
    """A fragment: an article with its own headings."""
    return "\n".join(("<article>", f"<h1>{escape(brief.title)}</h1>", *map(_html, brief.blocks), "</article>"))


def _html(block: BriefBlock) -> str:
    if isinstance(block, BriefHeading):
        return f"<h2>{escape(block.text)}</h2>"
    if isinstance(block, BriefList):
        return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in block.items) + "</ul>"
    return f"<p>{escape(block.text)}</p>"


def as_page(brief: Brief) -> str:
    """A whole page, for a file that is opened by itself."""
    style = "body{max-width:40em;margin:2em auto;padding:0 1em;font-family:system-ui,sans-serif;line-height:1.5}"
    head = (
        f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(brief.title)}</title>'
    )
    head += f"<style>{style}</style>"
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n{as_html(brief)}\n</body></html>\n'


def as_pdf(brief: Brief) -> bytes:
    """Two pages or so, US letter."""
    import typst

    found = typst.compile(
        "\n".join(_typst(brief)).encode(), format="pdf", pdf_standards=STANDARD, timestamp=0, ignore_system_fonts=True
    )
    assert isinstance(found, bytes)  # one document
    return found


def _typst(brief: Brief) -> Iterator[str]:
    yield f'#set document(title: {_quoted(brief.title)}, date: none)\n#set page("us-letter", margin: 2cm, numbering: "1 / 1")'
    yield '#set text(lang: "en", size: 10.5pt, hyphenate: false)\n#set par(leading: 0.6em)'
    yield f"#title({_quoted(brief.title)})"
    for block in brief.blocks:
        if isinstance(block, BriefHeading):
            yield f"#heading(level: 1, {_quoted(block.text)})"
        elif isinstance(block, BriefList):
            yield f"#list({', '.join(map(_quoted, block.items))})"
        else:
            yield f"#par({_quoted(block.text)})"


def _quoted(text: str) -> str:
    """A text as typst's literal: nothing in it is markup."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
