"""Our programs as processes that need not import first.

A worker imports for more than a second of CPU before it does anything, and `make test` starts a
hundred programs. `install` has those that a test starts by `python -m` forked from a process that
has imported them (`forker`). They are processes as any other, and children of this one: killed,
frozen, waited for and given their files as ever. Each is started from nothing instead

- where EXCHANGE_TEST_START=cold says so, in the whole run or among the variables of one start.
  `make test-slow` says so: the same tests then show that a program also starts by itself;
- where the test is about the start: another session, terminal, user, group or working directory
  with a tree of its own, variables of Python's, files beside the standard ones;
- on another system than Linux.
"""

import ctypes
import inspect
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.kits.warm_kit.forker import BYTES_MAX, Request

ROOT: Final = Path(__file__).parents[3]
MODULES: Final = ("exchange.cli", "tests.kafka.engine.lane_worker")
COLD: Final = "EXCHANGE_TEST_START"
USUAL: Final[Mapping[str, object]] = {
    "executable": None, "preexec_fn": None, "close_fds": True, "pass_fds": (), "shell": False,
    "restore_signals": True, "gid": None, "gids": None, "uid": None, "umask": -1,
    "start_new_session": False, "process_group": -1,
}  # fmt: skip
"""What a start has that is about nothing but the program."""
PR_SET_CHILD_SUBREAPER: Final = 36
ANSWER_BYTES_MAX: Final = 20


class WarmPopen(subprocess.Popen):
    """`subprocess.Popen`, but a program of ours is forked, unless the test is about that."""

    _signature = inspect.signature(subprocess.Popen._execute_child)  # type: ignore[attr-defined]

    def _execute_child(self, *given: Any) -> None:
        asked = self._signature.bind(self, *given).arguments
        request = _request(asked)
        if request is None:
            return super()._execute_child(*given)
        ends = [asked[name] for name in ("p2cread", "c2pwrite", "errwrite")]
        files = [standard if end == -1 else end for standard, end in enumerate(ends)]
        self.pid = FORKER.started(request, files)
        self._child_created = True
        pipes = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
        self._close_pipe_fds(*(asked[name] for name in pipes))  # type: ignore[attr-defined]
        return None


def install() -> None:
    """From now on in this process."""
    if sys.platform == "linux" and os.environ.get(COLD) != "cold":
        setattr(subprocess, "Popen", WarmPopen)  # noqa: B010 - to mypy the class is no variable


class Forker:
    """The process that forks. It ends with this one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: socket.socket | None = None

    def started(self, request: Request, files: Sequence[int]) -> int:
        """The number of the new process, a child of this one."""
        with self._lock, _adopting():
            asked = self._asked = self._asked or _forking()
            socket.send_fds(asked, [request.encoded()], list(files))
            pid = int(asked.recv(ANSWER_BYTES_MAX) or 0)
        if not pid:
            raise OSError("the process that forks programs for tests has ended")
        return pid


FORKER: Final = Forker()


def _forking() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for one in (ours, theirs):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BYTES_MAX)
    with theirs:
        subprocess.Popen(
            [sys.executable, "-m", "tests.kits.warm_kit.forker", str(theirs.fileno())],
            stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], cwd=ROOT,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
    return ours


@contextmanager
def _adopting() -> Iterator[None]:
    """While a process is made, this one becomes the parent of those whose parent ends."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _request(asked: Mapping[str, Any]) -> Request | None:
    """The program that is to be started, if a forked one will do."""
    words = [os.fsdecode(word) for word in asked["args"]] if isinstance(asked["args"], list | tuple) else []
    unbuffered = words[1:2] == ["-u"]
    python, *words = words or [""]
    words = words[unbuffered:]
    if python != sys.executable or words[:1] != ["-m"] or words[1] not in MODULES:
        return None
    variables = dict(os.environ if asked["env"] is None else asked["env"])
    folder = os.fspath(asked["cwd"] or Path.cwd())
    usual = all(asked[name] == value for name, value in USUAL.items())
    if not usual or variables.get(COLD) == "cold" or not _is_like_ours(variables) or _has_a_tree(Path(folder)):
        return None
    return Request(words[1], words[2:], variables, folder, unbuffered)


def _is_like_ours(variables: Mapping[str, str]) -> bool:
    """Whether Python itself would start as here; a path that leads where ours does is like ours."""
    theirs = {name: value for name, value in variables.items() if name.startswith("PYTHON") and name != "PYTHONPATH"}
    ours = {name: value for name, value in os.environ.items() if name.startswith("PYTHON") and name != "PYTHONPATH"}
    return theirs == ours and set(variables.get("PYTHONPATH", "").split(os.pathsep)) <= {"", *sys.path}


def _has_a_tree(folder: Path) -> bool:
    return folder != ROOT and (folder / "exchange").exists()
