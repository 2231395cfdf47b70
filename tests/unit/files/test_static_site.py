"""The pages as static files: whole, linked among themselves, and opened from a disk."""

import asyncio
import re
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from posixpath import dirname, join, normpath

import pytest

from consumers.files.exporting import files_of
from consumers.files.published import DataPublisher, PublishedMonth, published
from consumers.files.static_site import FOLDER, figures_of, site_files
from consumers.files.written_files import ExportFile, write
from consumers.pages.sections.all_sections import SECTIONS
from consumers.pages.sections.place_pages import DIVISIONS, STATES
from exchange.core.model.period import period_of
from exchange.core.picture.wording.sentences import sentence_of
from tests.kits.national_year import AFTER, year_points, year_releases

TABLES = (
    "cases",
    "needs_by_service",
    "unmet_needs_by_service",
    "state_cases",
    "reporting",
    "reporting_by_division",
    "reporting_by_agency_type",
)
"""Enough for figures of every kind; the other pages say that theirs are not released yet."""
LINK = re.compile(r' (href|src)="([^"]*)"')


def month(address: str = "") -> PublishedMonth:
    return published(year_points(*TABLES), year_releases(*TABLES), AFTER, DataPublisher(address=address))


@pytest.fixture(scope="module")
def site() -> Mapping[str, ExportFile]:
    return {file.path: file for file in asyncio.run(site_files(month()))}


def links(file: ExportFile) -> list[tuple[str, str]]:
    return [(kind, unescape(target)) for kind, target in LINK.findall(file.content.decode())]


def test_every_section_and_every_place_has_a_file(site: Mapping[str, ExportFile]) -> None:
    addresses = [section.address for section in SECTIONS if section.in_menu]
    addresses += [f"/places/{place}" for place in (*STATES, *DIVISIONS)]
    for address in addresses:
        assert f"{FOLDER}/{address[1:] or 'index'}.html" in site


def test_every_place_has_its_brief(site: Mapping[str, ExportFile]) -> None:
    for place in (*STATES, *DIVISIONS):
        assert f"brief/{place}.html" in site[f"{FOLDER}/places/{place}.html"].content.decode()
        assert "<h1>" in site[f"{FOLDER}/brief/{place}.html"].content.decode()


def test_every_link_leads_to_a_file_of_the_export(site: Mapping[str, ExportFile]) -> None:
    there = {*site, *(f"figures/{name}.{suffix}" for name in month().by_metric for suffix in ("csv", "parquet"))}
    for path, file in site.items():
        if not path.endswith(".html"):
            continue
        for _, target in links(file):
            plain = target.partition("#")[0]
            if plain and "://" not in plain:
                assert not plain.startswith("/"), (path, target)
                assert normpath(join(dirname(path), plain)) in there, (path, target)


def test_nothing_is_loaded_from_elsewhere(site: Mapping[str, ExportFile]) -> None:
    for file in site.values():
        assert not [target for kind, target in links(file) if kind == "src" and "://" in target]


def test_it_says_what_the_points_say(site: Mapping[str, ExportFile]) -> None:
    [cases] = figures_of(month()).of_period("cases", period_of(2026, 4))
    assert sentence_of(cases) in unescape(site[f"{FOLDER}/figures/cases.html"].content.decode())


def test_with_an_address_what_only_a_service_does_leads_there() -> None:
    [first, *_] = asyncio.run(site_files(month("https://picture.example.org")))
    assert "https://picture.example.org/feed.atom" in first.content.decode()


def test_it_is_written_beside_the_files_it_links_to(site: Mapping[str, ExportFile], tmp_path: Path) -> None:
    write(files_of(month(), more=tuple(site.values())), tmp_path / "picture")
    assert (tmp_path / "picture" / "site" / "index.html").is_file()
    assert "`site/`" in (tmp_path / "picture" / "README.md").read_text()
