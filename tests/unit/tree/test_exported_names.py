"""`producers` and `consumers` export what a program needs.

Each name is listed, can be imported, and is documented.
"""

import ast
import inspect
import subprocess
import sys
from dataclasses import fields
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import ModuleType, UnionType
from typing import get_type_hints

import pytest

import consumers
import producers
from exchange.core.errors import ExchangeError
from exchange.core.model import vocabulary
from exchange.core.model.events import CORRECTABLE, Tally
from producers.edge_phrases import list_of
from schemas.lists import read_list

PACKAGES = [producers, consumers]
packages = pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
HEAVY = ("pydantic", "sqlcipher3", "aiokafka", "fastavro", "faust", "numpy", "structlog")


def homes(package: ModuleType) -> dict[str, str]:
    """Name → the module from which type checkers import it."""
    tree = ast.parse(Path(package.__file__ or "").read_text(encoding="utf-8"))
    [guarded] = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for node in guarded.body if isinstance(node, ast.ImportFrom)]
    found: dict[str, str] = {}
    for node in imports:
        names = [alias.name for alias in node.names]
        if names == ["*"]:
            names = [name for name in vars(import_module(str(node.module))) if name in package.__all__]
        found |= dict.fromkeys(names, str(node.module))
    return found


@packages
def test_each_name_is_listed_once_and_type_checkers_see_the_same_names(package: ModuleType) -> None:
    assert len(set(package.__all__)) == len(package.__all__)
    assert set(package.__all__) == set(homes(package))
    assert set(package.__all__) <= set(dir(package))


@packages
def test_each_name_is_what_its_module_defines(package: ModuleType) -> None:
    for name, home in homes(package).items():
        assert getattr(package, name) is getattr(import_module(home), name), name


@packages
def test_each_name_is_documented_where_it_is_defined(package: ModuleType) -> None:
    for name in package.__all__:
        exported = getattr(package, name)
        if isinstance(exported, UnionType):
            continue
        if exported.__module__ == vocabulary.__name__:
            assert read_list(list_of(exported)), name  # its page is the code list
            continue
        generated = f"{name}("  # by `dataclass`, from the fields
        own = vars(exported).get("__doc__") if inspect.isclass(exported) else exported.__doc__
        assert own, name
        assert not own.startswith(generated), name


@packages
def test_another_name_is_an_error_that_names_it(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        package.no_such_name  # noqa: B018
    with pytest.raises(ImportError):
        exec(f"from {package.__name__} import no_such_name")


@packages
def test_importing_the_package_loads_nothing_heavy(package: ModuleType) -> None:
    code = f"import sys, {package.__name__}; print([name for name in {HEAVY} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_an_agency_needs_no_other_import_for_any_body_or_code() -> None:
    for body in set(CORRECTABLE) - {Tally}:
        assert getattr(producers, body.__name__) is body
        kinds = [get_type_hints(body)[field.name] for field in fields(body)]
        for kind in kinds:
            if inspect.isclass(kind) and issubclass(kind, Enum):
                assert getattr(producers, kind.__name__) is kind


def test_an_agency_can_catch_every_error_of_the_edge() -> None:
    for name, error in vars(import_module("producers.errors")).items():
        if inspect.isclass(error) and issubclass(error, ExchangeError):
            assert name in producers.__all__
