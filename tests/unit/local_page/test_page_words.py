"""Every sentence of the pages is in both languages; what is not stays English and says so."""

import re
import string
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import pytest

import exchange.cli.agency as agency
from exchange.cli.agency.local_page import agency_pages, doing, guard, showing
from exchange.cli.agency.pages.page_words import Words, preferred, spanish
from exchange.core.findings import State
from producers.checks.check_rule import Effect, Level, RepairStep
from producers.reports.funder_report import HowCertain
from producers.reports.report_rows import NameOrigin
from producers.upkeep.reporting_calendar import QuarterState
from producers.vault.facts_compared import FactChange
from tests.kits.own_page import OwnPage

ROOT = Path(agency.__file__).parent
LITERAL = re.compile(r"""\b(?:t|words|spoken|sentences)\((?:"([^"]+)"|'([^']+)')""")
GIVEN = (
    doing.REPORT_SAVED,
    *showing.SECTIONS.values(),
    guard.WRONG_NAME,
    guard.NOT_FROM_HERE,
    guard.NOT_OPEN,
    agency_pages.TOO_SOON,
)


def used() -> Iterator[str]:
    """Every sentence that a template or a module gives to `Words`."""
    for path in (*ROOT.rglob("*.html"), *ROOT.rglob("*.py")):
        for double, single in LITERAL.findall(path.read_text(encoding="utf-8")):
            if path.name != "page_words.py":
                yield double or single
    yield from GIVEN


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_sentence_of_the_pages_has_spanish() -> None:
    assert set(used()) > set(GIVEN)
    assert set(used()) - set(spanish()) == set()


def test_both_languages_fill_in_the_same() -> None:
    for english, other in spanish().items():
        assert fields(english) == fields(other), english
        assert other.strip(), english
        assert other[-1:] == english[-1:] or english[-1:] not in ".?", english


def test_no_sentence_of_the_pages_is_left_over() -> None:
    """Those of the edge itself stand in its code."""
    paths = [path for top in ("exchange", "producers") for path in (ROOT.parents[2] / top).rglob("*.[ph]*")]
    sources = "".join(path.read_text(encoding="utf-8") for path in paths if "__pycache__" not in path.parts)
    missing = [english for english in spanish() if english.split(". ")[0].split("{")[0][:60] not in sources]
    assert [one for one in missing if not one.startswith("10 events")] == []


@pytest.mark.parametrize("kind", [QuarterState, FactChange, Level, RepairStep, Effect, State, HowCertain, NameOrigin])
def test_what_the_edge_says_most_has_spanish(kind: type[Enum]) -> None:
    missing = {str(one.value) for one in kind} - set(spanish())
    assert {one for one in missing if "--right" not in one} == set()  # that is an option of the command


def test_what_has_no_spanish_is_marked_as_english() -> None:
    assert Words("es").said("Nothing <like> it") == '<span lang="en">Nothing &lt;like&gt; it</span>'
    assert Words("es").said("12") == "12"
    assert Words("en").said("<b>") == "&lt;b&gt;"
    with pytest.raises(KeyError):
        Words("es")("Nothing like it")


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("en-US", "en"),
        ("fr,es;q=0.5", "es"),
        ("fr", "en"),
        ("", "en"),
        (";;,", "en"),
    ],
)
def test_the_browser_says_which(asked: str, language: str) -> None:
    assert preferred(asked) == language


async def test_a_page_is_in_the_language_that_was_chosen(page: OwnPage) -> None:
    assert '<html lang="en">' in (await page.get("start")).text
    await page.post("language", language="es", to="holds")
    for name in showing.SECTIONS:
        text = (await page.get(name)).text
        assert '<html lang="es">' in text
        assert "Bloquear ahora" in text
    await page.post("language", language="xx")
    assert '<html lang="es">' in (await page.get("start")).text


async def test_no_page_calls_a_client_a_victim() -> None:
    for text in (*used(), *spanish().values()):
        assert not re.search(r"victim|víctima", text, re.IGNORECASE), text
