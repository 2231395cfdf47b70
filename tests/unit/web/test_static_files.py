"""Static files are what they are said to be, small, and found by their content only."""

import gzip
import re
from hashlib import sha256
from importlib.resources import files
from xml.etree import ElementTree as ET

import pytest

from exchange.web.static_files import MEDIA_TYPES, PREFIX, address, read, static_files

JS_ZIPPED_MAX, CSS_MAX = 20_000, 20_000


def source(name: str) -> bytes:
    return files("exchange.web").joinpath("static", name).read_bytes()


def test_an_address_leads_to_the_bytes_of_its_file() -> None:
    for name in MEDIA_TYPES:
        found = read(address(name).removeprefix(PREFIX))
        assert found is not None
        assert found.content == source(name)
        assert sha256(found.content).hexdigest()[:16] in found.name


@pytest.mark.parametrize("name", ["page.css", "page.0000000000000000.css", "../templating.py", "README.md", ""])
def test_nothing_else_is_handed_out(name: str) -> None:
    assert read(name) is None


def test_a_file_that_does_not_exist_has_no_address() -> None:
    with pytest.raises(KeyError):
        address("none.css")


def test_vendored_files_are_those_of_the_package_that_the_table_names() -> None:
    told = dict(re.findall(r"\| `([\w.-]+)` \| `[^`]+` \| `([0-9a-f]{64})` \|", source("README.md").decode()))
    assert set(told) == {"htmx.js", "hx-sse.js"}
    for name, digest in told.items():
        assert sha256(source(name)).hexdigest() == digest


def test_files_stay_within_their_budgets() -> None:
    scripts = [one.content for one in static_files() if one.media_type.startswith("text/javascript")]
    assert sum(len(gzip.compress(one, 9, mtime=0)) for one in scripts) <= JS_ZIPPED_MAX
    assert len(source("page.css")) <= CSS_MAX


def test_nothing_is_fetched_from_elsewhere() -> None:
    for name in ("page.css", "page.js"):
        assert not re.search(rb"https?://|@import|url\(", source(name)), name
    assert ET.fromstring(source("icon.svg")).tag.endswith("svg")
