"""A process that has imported our programs and forks itself for each that a test starts.

    python -m tests.kits.warm_kit.forker SOCKET

On the socket (a number of an open file) it gets a `Request` with the three standard files, and
answers with the number of the new process, or 0. It imports what a program needs when that is
started for the first time, and starts nothing: no thread, no loop, no connection.

The new process is forked twice, so that whoever asked becomes its parent, as if it had started it
(`programs`). It has the standard files, variables and working directory that were asked for and no
other open file, and runs the module as `python -m` does.
"""

import gc
import io
import json
import os
import runpy
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Final

from exchange.cli import app, command_line

BYTES_MAX: Final = 1 << 20
STANDARD: Final = (0, 1, 2)
COMMANDS: Final = (
    "typer._adapters",
    "exchange.settings",
    "exchange.cli.shared.at_kafka",
    "exchange.engine.broker.detached",
)
IMPORTED: Final[Mapping[tuple[str, ...], Sequence[str]]] = {
    ("exchange.cli", "worker"): (*COMMANDS, "consumers.worker.faust_app"),
    ("exchange.cli", "serve"): (*COMMANDS, "consumers.serve.http_server", "consumers.pages.site"),
    ("exchange.cli", "replay"): (*COMMANDS, "consumers.replay.table_files"),
}
"""A module and its first word: what to import beside the module itself, so that little is left."""


@dataclass(frozen=True, slots=True)
class Request:
    """A module of Python to run as a program, its words, variables and working directory."""

    module: str
    words: Sequence[str]
    variables: Mapping[str, str]
    folder: str
    unbuffered: bool = False

    def encoded(self) -> bytes:
        return json.dumps(asdict(self)).encode(errors="surrogateescape")

    @classmethod
    def decoded(cls, value: bytes) -> "Request":
        return cls(**json.loads(value.decode(errors="surrogateescape")))


def main() -> None:
    asked = socket.socket(fileno=int(sys.argv[1]))
    gc.freeze()
    while received := _received(asked):
        request, files = received
        _import(request)
        if (pid := _forked()) is None:
            return _become(request, files)
        for one in files:
            os.close(one)
        asked.send(str(pid).encode())
    return None


def _received(asked: socket.socket) -> tuple[Request, list[int]] | None:
    value, files, _, _ = socket.recv_fds(asked, BYTES_MAX, len(STANDARD))
    return (Request.decoded(value), files) if value else None


def _import(request: Request) -> None:
    for name in (request.module, *IMPORTED.get((request.module, *request.words[:1]), ())):
        import_module(name)
    if request.module == "exchange.cli":
        command_line(app)


def _forked() -> int | None:
    """The number of the new process; None in it. Its parent has ended when this returns."""
    theirs, ours = os.pipe()
    between = os.fork()
    if not between:
        pid = os.fork()
        if not pid:
            return None
        os.write(ours, str(pid).encode())
        os._exit(0)
    os.waitpid(between, 0)
    os.close(ours)
    pid = int(os.read(theirs, 20) or 0)
    os.close(theirs)
    return pid


def _become(request: Request, files: Sequence[int]) -> None:
    """Run the program to its end; the interpreter ends as the program does."""
    for one, standard in zip(files, STANDARD, strict=True):
        os.dup2(one, standard)
    os.closerange(len(STANDARD), os.sysconf("SC_OPEN_MAX"))
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.variables)
    sys.stdin, sys.stdout, sys.stderr = _text(0, "r"), _text(1, "w"), _text(2, "w")
    sys.stdout.reconfigure(write_through=request.unbuffered)
    sys.path[0], sys.argv = request.folder, [request.module, *request.words]
    runpy.run_module(request.module, run_name="__main__", alter_sys=True)


def _text(number: int, mode: str) -> io.TextIOWrapper:
    """A standard file as Python opens it."""
    errors = {0: "strict", 1: "strict", 2: "backslashreplace"}[number]
    at_once = number == STANDARD[-1] or os.isatty(number)
    buffer = 1 if at_once else -1
    opened = open(number, mode, buffer, encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115 - it stays open
    assert isinstance(opened, io.TextIOWrapper)
    return opened


if __name__ == "__main__":
    main()
