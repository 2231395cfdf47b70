"""A broken schema stops what reads it, never a command that does not: importing reads no schema."""

import subprocess
import sys

IMPORT_ALL = """
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
from exchange.wire.schemas import newest, schemas
print(len(sys.modules), schemas.cache_info().misses, newest.cache_info().misses)
"""


def test_importing_every_module_reads_no_schema_and_encodes_nothing() -> None:
    command = [sys.executable, "-c", IMPORT_ALL, "exchange.wire", "producers", "consumers", "exchange.cli"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    modules, *read = map(int, done.stdout.split())
    assert modules > 300
    assert read == [0, 0]
