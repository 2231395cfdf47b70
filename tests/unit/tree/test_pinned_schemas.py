"""A pinned schema is never rewritten: the real command runs on a tree copy with edited classes."""

import json
from collections.abc import Callable

import pytest

from tests.kits.tree_copy import TreeCopy, tree

__all__ = ["tree"]
BODIES = "exchange/core/model/bodies.py"
PRACTICES = "schemas/vocabulary/practice_use.csv"
GENERATE = ("-m", "tools.derive.generate")
CONTRACT = [f"tests/contract/test_{name}.py" for name in ("schemas", "examples", "old_events", "evolution")]
DERIVED = ("schemas", "exchange/core/model")


def derived(tree: TreeCopy) -> dict[str, bytes]:
    """All that the command may write to."""
    return {file: octets for folder in DERIVED for file, octets in tree.files(folder).items()}


def append_a_field(tree: TreeCopy) -> None:
    tree.edit(
        BODIES,
        "    practice: Number\n    practice_use: v.PracticeUse\n    service: v.Service\n",
        "    practice: Number\n    practice_use: v.PracticeUse\n    service: v.Service\n"
        "    agency_type: v.AgencyType = v.AgencyType.not_collected\n",
    )


def append_a_code(tree: TreeCopy) -> None:
    """The list must spell out first the missing reasons that were implied."""
    implied = ("declined", "not_collected", "worker_does_not_know", "withheld_by_agency", "not_applicable")
    tree.append(PRACTICES, "".join(f"{code},{code},local,,\n" for code in (*implied, "taught")))


def versions(tree: TreeCopy) -> list[tuple[int, str]]:
    rows = json.loads(tree.read("schemas/avro/manifest.json"))["schemas"]
    return [(row["id"], row["file"]) for row in rows if row["name"] == "event"]


def test_another_wording_of_a_body_leaves_the_pinned_schema_alone_and_the_product_running(tree: TreeCopy) -> None:
    before = tree.files("schemas")
    tree.edit(BODIES, '"""A client needs a service."""', '"""A client needs a service, in other words."""')
    tree.runs(*GENERATE)
    assert tree.files("schemas") == before
    tree.passes("tests/contract/test_schemas.py")


def test_what_is_appended_gets_a_file_and_an_id_of_its_own_and_old_events_still_read(tree: TreeCopy) -> None:
    before = tree.files("schemas/avro")
    append_a_field(tree)
    append_a_code(tree)
    assert "event_2.avsc" in tree.runs(*GENERATE)
    assert versions(tree) == [(1, "event.avsc"), (2, "event_2.avsc")]
    tree.runs("-m", "tests.contract.examples")
    after = tree.files("schemas/avro")
    kept = [file for file in before if file.endswith((".avsc", "/event.json"))]
    assert [file for file in kept if after[file] != before[file]] == []
    assert set(after) - set(before) == {"schemas/avro/event_2.avsc", "schemas/avro/examples/event_2.json"}
    tree.passes(*CONTRACT)
    tree.runs(*GENERATE)
    assert tree.files("schemas/avro") == after


def remove_a_field(tree: TreeCopy) -> None:
    tree.edit(BODIES, "    practice_use: v.PracticeUse\n", "")


def add_a_field_without_a_default(tree: TreeCopy) -> None:
    append_a_field(tree)
    tree.edit(BODIES, " = v.AgencyType.not_collected\n", "\n")


def remove_a_code(tree: TreeCopy) -> None:
    tree.edit(PRACTICES, "adopted,Practice adopted,local,,\n", "")


def insert_a_code(tree: TreeCopy) -> None:
    tree.before(PRACTICES, "adopted,Practice", "taught,Practice taught,local,,\n")


REFUSED = {
    remove_a_field: "Event.body.PracticeShared: the field practice_use is gone",
    add_a_field_without_a_default: "Event.body.PracticeShared.agency_type is appended without a default",
    remove_a_code: "PracticeUse: the symbol adopted is gone",
    insert_a_code: "PracticeUse: the symbol adopted has moved",
}


@pytest.mark.parametrize("change", REFUSED, ids=lambda change: change.__name__)
def test_what_old_events_would_not_survive_is_refused_and_nothing_is_written(
    change: Callable[[TreeCopy], None], tree: TreeCopy
) -> None:
    change(tree)
    before = derived(tree)
    ran = tree.run(*GENERATE)
    assert ran.returncode == 1
    assert REFUSED[change] in ran.stderr
    assert "Append instead" in ran.stderr
    assert derived(tree) == before
