"""One class, one name: a reader who meets a class in a traceback must know which one it is."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[3]
PRODUCT = ("exchange", "consumers", "producers", "schemas", "tools")


def classes_by_name(root: Path) -> dict[str, set[str]]:
    """The modules that define a public class of each name."""
    found: dict[str, set[str]] = defaultdict(set)
    for folder in PRODUCT:
        for path in (root / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found[node.name].add(path.relative_to(root).as_posix())
    return found


def test_no_two_classes_of_the_product_have_one_name() -> None:
    found = classes_by_name(ROOT)
    assert len(found) > 500, "the tree was not read"
    assert {name: sorted(modules) for name, modules in found.items() if len(modules) > 1} == {}


def test_a_second_class_of_a_name_is_found(tmp_path: Path) -> None:
    for folder in ("exchange", "consumers"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "one.py").write_text("class Twice:\n    pass\n", encoding="utf-8")
    assert classes_by_name(tmp_path)["Twice"] == {"exchange/one.py", "consumers/one.py"}
