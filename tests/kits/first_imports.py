"""The processes of a run share the work of compiling what tests import, where nobody has done it.

In a fresh clone each of them would compile every module and every library: they all collect all
tests, in one order. So each imports the test modules first, beginning at another one than the
others, and finds compiled what they have imported before.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from itertools import chain
from pathlib import Path

import pytest

NUMBER, OF = "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"


def import_tests(config: pytest.Config) -> None:
    """Import every test module, if this is one of several processes that will collect all of them.

    What cannot be imported is left to the collection, which reports it.
    """
    folders = [config.rootpath / path for path in config.getini("testpaths")]
    if OF not in os.environ or [config.rootpath / one for one in config.args] != folders:
        return
    files = sorted(chain.from_iterable(folder.rglob("test_*.py") for folder in folders))
    number, of = int(os.environ[NUMBER].removeprefix("gw")), int(os.environ[OF])
    for path in beginning_at(files, number, of):
        with suppress(Exception):
            import_module(".".join(path.relative_to(config.rootpath).with_suffix("").parts))


def beginning_at(files: Sequence[Path], number: int, of: int) -> list[Path]:
    """All files in turn, from where the part of this process begins."""
    begin = len(files) * number // of
    return [*files[begin:], *files[:begin]]
