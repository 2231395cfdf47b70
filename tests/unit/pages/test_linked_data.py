"""A figure for search engines: JSON-LD that is data, with the interval and the caveat in it."""

import json
import re
from dataclasses import replace

from consumers.pages.parts.linked_data import dataset_of
from consumers.pages.parts.panels import Panel
from consumers.pages.rendering import Pages, SiteSetting
from exchange.core.picture.wording.sentences import caveat_of
from tests.kits.page_world import LAST, figures, panels

HOME = "https://figures.example"
DATA = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.DOTALL)


def panel(name: str = "cases") -> Panel:
    return next(panel for _, panel in panels() if panel.name == name)


def test_a_page_of_a_figure_describes_it_as_a_dataset_with_its_files() -> None:
    text = Pages(SiteSetting(HOME)).alone(panel(), figures(), embedded=False).decode()
    [data] = [json.loads(one) for one in DATA.findall(text)]
    assert (data["@type"], data["name"], data["version"]) == ("Dataset", panel().title, "2026-01")
    assert "95 times in 100" in data["description"]
    assert caveat_of(panel().points[-1]) in data["description"]
    assert data["temporalCoverage"] == "2024/2025"
    assert {one["contentUrl"].partition("?")[0] for one in data["distribution"]} == {
        f"{HOME}/v1/metrics/cases.{suffix}" for suffix in ("csv", "xlsx", "json", "parquet", "zip")
    }


def test_every_figure_can_be_described() -> None:
    for _, one in panels():
        found = dataset_of(one, LAST, HOME, "")
        assert bool(found) == bool(one.points)
        if found:
            assert json.loads(found)["url"].startswith(f"{HOME}/figures/{one.name}?as_of=")


def test_nothing_in_it_can_end_the_element() -> None:
    found = dataset_of(replace(panel(), title="a</script><script>b & c"), LAST, HOME, "", "<p>")
    assert not set("<>&") & set(found)
    assert json.loads(found)["name"] == "a</script><script>b & c"


def test_without_a_public_address_and_in_an_embed_there_is_none() -> None:
    assert not DATA.findall(Pages().alone(panel(), figures(), embedded=False).decode())
    assert not DATA.findall(Pages(SiteSetting(HOME)).alone(panel(), figures(), embedded=True).decode())
