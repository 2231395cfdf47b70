"""The lists that divide the tests among processes name what is there, and miss nothing dear."""

import re
from pathlib import Path

from tests.kits.sharing_out import FOLDER, LONG, WAITING, WHOLE

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
    assert [path for path in sorted(sharing) if not path.startswith((*WHOLE, FOLDER))] == []
