"""Noise cannot be seeded, logged or turned off: no import, argument, setting or option does it."""

import ast
import inspect
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import typer.main

from consumers.release import noise
from exchange.cli import app
from exchange.settings import Settings
from tools.derive.docs import ROOT

PLACES = ("consumers", "exchange/core", "exchange/wire", "exchange/engine", "exchange/settings.py", "exchange/logs.py")
"""The worker, and all that it depends on."""
RANDOMNESS = (
    "random",
    "secrets",
    "uuid",
    "numpy.random",
    "opendp",
    "diffprivlib",
    "scipy",
    "os.urandom",
    "os.getrandom",
)
MAY = {
    ("consumers/release/noise.py", "opendp"): "the sampler",
    ("consumers/worker/faust_app.py", "secrets"): "tells workers apart",
    ("exchange/engine/broker/storage.py", "secrets"): "the embedded broker's cluster id",
    ("exchange/engine/own_brokers.py", "secrets"): "the embedded broker's secret, and names of links under way",
    ("exchange/engine/private_file.py", "secrets"): "names of files under way",
    ("exchange/engine/broker/directory.py", "secrets"): "a free port",
    ("consumers/serve/reader_tokens.py", "secrets"): "tokens of who may read the published figures",
}
"""What may be imported where, and what for: nothing that a release holds."""
SAYING = ("logging", "structlog", "warnings", "exchange.logs", "sys", "pathlib", "os", "io", "sqlite3")
WORDS = ("noise", "sigma", "scale", "seed", "epsilon", "delta", "rho", "budget", "random", "gauss", "privacy", "exact")
ON_SAMPLES = {"demo", "kill-test", "attack"}
"""Commands on made-up agencies, whose options are about those."""


def files() -> Iterator[Path]:
    for place in PLACES:
        path = ROOT / place
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def reached(tree: ast.AST) -> Iterator[str]:
    """Every imported module, names taken from it, and dotted names that begin with these."""
    short: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                short[one.asname or one.name.partition(".")[0]] = one.name if one.asname else one.name.partition(".")[0]
                yield one.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{one.name}" for one in node.names)
            short |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
        elif isinstance(node, ast.Call):  # __import__("random"), import_module("random")
            yield from (a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            words = dotted(node)
            if words and words[0] in short:
                yield ".".join([short[words[0]], *words[1:]])


def dotted(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return [*before, node.attr] if before else []
    return []


def sources_of_randomness(text: str) -> set[str]:
    names = set(reached(ast.parse(text)))
    return {one for one in RANDOMNESS if any(name == one or name.startswith(f"{one}.") for name in names)}


# No other randomness


def test_randomness_is_imported_where_it_is_stated_and_nowhere_else() -> None:
    found = {(named(path), one) for path in files() for one in sources_of_randomness(path.read_text())}
    assert found == set(MAY)


@pytest.mark.parametrize(
    "text",
    [
        "import random",
        "import random as dice",
        "from random import gauss",
        "import numpy.random",
        "from numpy.random import default_rng",
        "from numpy import random",
        "import numpy as np\nrng = np.random.default_rng(1)",
        "import numpy\nnumpy.random.normal()",
        "import os\nos.urandom(8)",
        "from os import urandom",
        "def f() -> None:\n    import secrets",
        "import importlib\nimportlib.import_module('random')",
        "import opendp.prelude as dp",
        "from scipy import stats",
    ],
)
def test_every_way_to_import_it_is_seen(text: str) -> None:
    assert sources_of_randomness(text)


@pytest.mark.parametrize("text", ["import numpy as np\nnp.zeros(3)", "import os\nos.environ", "from x import random_"])
def test_other_imports_are_none(text: str) -> None:
    assert not sources_of_randomness(text)


# No seed, no scale of nothing, no word


def test_the_sampler_takes_a_scale_and_a_length_and_nothing_else() -> None:
    taken = inspect.signature(noise.gaussian).parameters
    assert list(taken) == ["scale", "length"]
    assert all(one.default is inspect.Parameter.empty for one in taken.values())
    assert get_type_hints(noise.gaussian)["scale"] is Fraction


def test_nothing_in_the_worker_takes_a_seed() -> None:
    said = {
        f"{named(path)}: {argument}"
        for path in files()
        for argument in arguments(ast.parse(path.read_text()))
        if argument in {"rng", "generator", "random_state", "noiseless", "without_noise"} or "seed" in argument
    }
    assert said == set()


def arguments(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            every = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            yield from (one.arg for one in every)
        elif isinstance(node, ast.Call):
            yield from (one.arg for one in node.keywords if one.arg)


def test_the_sampler_can_neither_write_nor_remember() -> None:
    tree = ast.parse(Path(noise.__file__).read_text())
    names = set(reached(tree))
    assert [one for one in SAYING if any(name == one or name.startswith(f"{one}.") for name in names)] == []
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert called.isdisjoint({"print", "open", "exec", "eval", "setattr", "globals"})
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Global | ast.Nonlocal)]
    assert not [
        dotted(one) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for one in node.decorator_list
    ]


# No setting, no option


def test_no_setting_is_about_noise() -> None:
    assert Settings.model_fields
    for name, field in Settings.model_fields.items():
        words = f"{name} {field.description or ''}".lower()
        assert [word for word in WORDS if word in words] == [], name


def test_no_option_of_a_command_is_about_noise() -> None:
    options = set(options_of(typer.main.get_command(app)))
    assert len(options) > 20
    about = {(command, name) for command, name in options if any(word in name for word in WORDS)}
    assert {command for command, _ in about} <= ON_SAMPLES


def options_of(command: Any, name: str = "") -> Iterator[tuple[str, str]]:
    for each in getattr(command, "commands", {}).values():
        yield from options_of(each, f"{name} {each.name}".strip())
    yield from ((name, one.name) for one in command.params if one.name)


def test_the_environment_is_read_by_the_settings_only() -> None:
    """So that no variable turns noise off either."""
    reading = {
        named(path) for path in files() if {"os.environ", "os.getenv"} & set(reached(ast.parse(path.read_text())))
    }
    assert "consumers/release/noise.py" not in reading
    assert not [name for name in reading if name.startswith(("exchange/core", "exchange/wire"))]
