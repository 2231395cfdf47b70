"""A process that opens a vault writes no core file, and no other process reads its memory."""

import os
import resource
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from producers.vault.store import Vault
from tests.kits.edge_kit.agency import SECRET, Agency

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux about another process")
PROGRAM = """
    import ctypes, resource, sys
    from pathlib import Path
    from producers.profile import Profile
    from producers.secret_files import Secret
    from producers.vault.store import Vault

    resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
    dumpable = lambda: ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
    print(dumpable(), flush=True)
    {opens}
    print(dumpable(), flush=True)
    sys.stdin.read()
"""
"""3 is PR_GET_DUMPABLE."""
OPENS = 'vault = Vault.open(Profile.load(Path("agency.toml")), Secret(raw_key=bytes(range(32))))'
HARD = resource.getrlimit(resource.RLIMIT_CORE)[1]
PROFILE = 'agency = "{agency}"\nstate = "ca"\nlegal_class = "{legal_class}"\nvault = "{vault}"\n'


@contextmanager
def process(folder: Path, opens: str) -> Iterator["subprocess.Popen[str]"]:
    path = os.pathsep.join(one for one in sys.path if one)
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM).format(opens=opens)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert SECRET.raw_key == bytes(range(32))
    profile = Agency(tmp_path).profile
    text = PROFILE.format(agency=profile.agency, legal_class=profile.legal_class, vault=profile.vault)
    (tmp_path / "agency.toml").write_text(text)
    with Vault.open(profile, SECRET):
        pass
    return tmp_path


def core_limit(pid: int) -> tuple[str, str]:
    """(soft, hard): the first is what a crash obeys."""
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    soft, hard = next(line for line in lines if line.startswith("Max core file size")).split()[4:6]
    return soft, hard


def ready(running: "subprocess.Popen[str]") -> list[str]:
    """Whether it was dumpable before and after it opened the vault, or did not."""
    assert running.stdout is not None
    return [running.stdout.readline().strip() for _ in range(2)]


def test_a_process_with_a_vault_is_not_dumpable_and_one_without_is(folder: Path) -> None:
    for opens, expected in ((OPENS, ["1", "0"]), ("pass", ["1", "1"])):
        with process(folder, opens) as running:
            assert ready(running) == expected


def test_a_process_with_a_vault_leaves_no_core_file_when_it_crashes(folder: Path) -> None:
    before = {*folder.iterdir()}
    with process(folder, OPENS) as running:
        ready(running)
        assert core_limit(running.pid)[0] == "0"
        os.kill(running.pid, signal.SIGABRT)
        _, status = os.waitpid(running.pid, 0)
        running.returncode = -signal.SIGABRT
    assert os.WIFSIGNALED(status)
    assert not os.WCOREDUMP(status)
    assert not [path for path in {*folder.iterdir()} - before if "core" in path.name]


def test_without_a_vault_the_limit_stays_what_it_was(folder: Path) -> None:
    with process(folder, "pass") as running:
        ready(running)
        soft, hard = core_limit(running.pid)
    assert soft == hard
    assert hard == ("unlimited" if HARD == resource.RLIM_INFINITY else str(HARD))
    assert HARD, "this machine forbids core files altogether: the tests above would show nothing"
