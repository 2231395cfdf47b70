"""The lists that divide the tests among processes name what is there, and miss nothing dear."""

import re
from pathlib import Path

import pytest

from tests.kits.first_imports import beginning_at
from tests.kits.sharing_out import LONG, WAITING, WHOLE

ROOT = Path(__file__).parents[3]
SHARED = re.compile(r"^@pytest\.fixture\(scope=.module", re.MULTILINE)


def test_every_file_and_folder_in_a_list_is_there() -> None:
    assert [path for path in (*WHOLE, *WAITING, *LONG) if not (ROOT / path).exists()] == []


def test_files_whose_tests_share_a_fixture_stay_together() -> None:
    """Taken apart, each process would make it again."""
    sharing = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "tests").rglob("test_*.py")
        if SHARED.search(file.read_text())
    }
    assert [path for path in sorted(sharing) if not path.startswith(WHOLE)] == []


@pytest.mark.parametrize("of", [1, 2, 4, 7])
def test_every_process_imports_every_test_module_and_begins_elsewhere(of: int) -> None:
    files = [Path(f"test_{n}.py") for n in range(20)]
    orders = [beginning_at(files, number, of) for number in range(of)]
    assert all(sorted(order) == sorted(files) for order in orders)
    assert len({order[0] for order in orders}) == of


def test_what_was_imported_before_the_collection_still_explains_its_assertions() -> None:
    assert __spec__ is not None
    assert type(__spec__.loader).__name__ == "AssertionRewritingHook"
