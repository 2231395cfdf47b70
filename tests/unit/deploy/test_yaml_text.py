"""Our YAML is what a YAML reader makes of it again, comments or not."""

import yaml
from hypothesis import given
from hypothesis import strategies as st

from exchange.deploy.yaml_text import Anchored, Node, TakenOver, yaml_text

WORDS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), max_size=12),
    st.sampled_from(
        ["yes", "No", "off", "null", "~", "1.0", "0x1", "2026-01-01", "a: b", "- a", "#", "*a", "&a", ".", ""]
    ),
)
KEYS = WORDS.filter(lambda key: not key.startswith("# ") and key != "<<")
PLAIN = st.one_of(WORDS, st.integers(), st.booleans())
NODES = st.recursive(
    PLAIN, lambda inner: st.one_of(st.lists(PLAIN, max_size=3), st.dictionaries(KEYS, inner, max_size=3))
)


@given(st.dictionaries(KEYS, NODES, min_size=1, max_size=4))
def test_reading_gives_back_what_was_written(mapping: dict[str, Node]) -> None:
    assert yaml.safe_load(yaml_text(mapping)) == mapping


def test_comments_are_for_people_only_and_are_wrapped() -> None:
    text = yaml_text({"# " + "why " * 40: None, "key": {"# because": None, "a": 1}})
    assert yaml.safe_load(text) == {"key": {"a": 1}}
    assert max(map(len, text.splitlines())) <= 100
    assert "  # because\n  a: 1" in text


def test_a_mapping_is_taken_over_under_its_name() -> None:
    text = yaml_text({"x": Anchored("shared", {"a": 1, "b": 2}), "y": {"<<": TakenOver("shared"), "b": 3}})
    assert yaml.safe_load(text)["y"] == {"a": 1, "b": 3}


def test_a_list_of_mappings_keeps_them_together() -> None:
    assert yaml.safe_load(yaml_text({"a": ["b", {"c": "d", "e": ["f"]}]})) == {"a": ["b", {"c": "d", "e": ["f"]}]}
