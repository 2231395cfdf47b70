"""Pages escape all values, refuse undefined ones, and let anybody leave without a script."""

import re

import pytest
from jinja2 import DictLoader, UndefinedError

from exchange.web.leaving import LEAVE_TO
from exchange.web.static_files import read
from exchange.web.templating import Frame, environment, render

PAGE = "{% extends 'base.html' %}{% block main %}<p>{{ words }}</p>{% endblock %}"


def page(words: str = "Words", **frame: object) -> str:
    sections = (("/", "First"), ("/second", "Second"))
    around = Frame("A name", sections, "/second", **frame)  # type: ignore[arg-type]
    made = environment(DictLoader({"page.html": PAGE}))
    return render(made, "page.html", {"words": words, "frame": around, "title": "A title"})


def test_words_are_escaped() -> None:
    assert "<p>&lt;script&gt;</p>" in page("<script>")


def test_a_missing_value_is_an_error() -> None:
    made = environment(DictLoader({"page.html": "{{ nothing }}"}))
    with pytest.raises(UndefinedError):
        render(made, "page.html", {})


def test_no_page_has_an_inline_script_or_style_so_the_policy_can_forbid_both() -> None:
    html = page(live=True)
    assert not re.search(r"<script(?![^>]* src=)", html)
    assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:", html)


def test_every_file_that_a_page_loads_exists_here() -> None:
    loaded = re.findall(r'(?:src|href)="(/static/[^"]+)"', page(live=True))
    assert len(loaded) == 5
    assert all(read(one.removeprefix("/static/")) for one in loaded)


def test_scripts_for_live_figures_are_loaded_only_where_figures_are_live() -> None:
    assert "hx-sse" in page(live=True)
    assert "htmx" not in page().replace("htmx-config", "")


def test_the_way_out_is_a_plain_link_before_everything_but_the_skip_link() -> None:
    html = page()
    links = re.findall(r'<a [^>]*href="([^"]+)"', html)
    assert links[:2] == ["#main", LEAVE_TO]
    assert page(leave_to="https://example.org/").count("https://example.org/") == 1


def test_the_section_that_is_open_is_marked() -> None:
    assert re.findall(r'aria-current="page">(\w+)<', page()) == ["Second"]
