"""Runs one child no longer than the process that asked for it.

A script of its own, standard library only.

    python -I -S supervise.py LOG LOCK_FD DELETE COMMAND…

Why: a parent that is SIGKILLed cannot clean up after itself. This small process can, because on
every POSIX system its standard input then ends. Where the kernel offers it (Linux), the child also
dies if this process dies.

Rules kept: the child is started in this process's own session, so that a Ctrl-C in the terminal
reaches only the parent, which decides. The child alone inherits the lock LOCK_FD, so the lock lasts
as long as the child. The child's process number is the one line on standard output. On standard
input, `T` ends the child gently and `K` at once; `P` also gently, for a child that has much to do
as it ends. All three keep the data. The end of input means that the parent is gone or done: the
child is ended gently, then DELETE is removed (unless it is empty). A child that does not end within
`GRACE_S` (`P`: `PATIENCE_S`) is killed. The exit status is the child's.
"""

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from types import FrameType

GRACE_S = 20
PATIENCE_S = 90
LOOK_S = 0.25
GENTLY, PATIENTLY, AT_ONCE, DONE = b"T", b"P", b"K", b""  # the parent's wishes; DONE is written by closing
_PARENT_GONE = b"E"
PR_SET_PDEATHSIG = 1


def main(log_path: str, lock: int, delete: str, command: list[str]) -> int:
    """Start the child, wait for a reason to end it, end it, clean up."""
    parent = os.getppid()
    signals = _signals_as_bytes()
    with open(log_path, "ab") as log:  # noqa: PTH123 - no pathlib: this process starts in milliseconds
        child = subprocess.Popen(  # noqa: S603 - the command line is our parent's
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(lock,),
            preexec_fn=_dies_with(os.getpid()),  # noqa: PLW1509 - this process has one thread
        )
    os.close(lock)
    with contextlib.suppress(BrokenPipeError):
        os.write(1, f"{child.pid}\n".encode())
    wish = _wait(child, parent, signals)
    if wish is None:
        return child.returncode  # it ended by itself: the parent wants to read its log, and removes DELETE
    _end(child, wish)
    if delete and wish == _PARENT_GONE:
        shutil.rmtree(delete, ignore_errors=True)
    return child.returncode


def _signals_as_bytes() -> int:
    """A pipe on which each signal appears as a byte of its number.

    A handler could raise anywhere.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, _nothing_more)
    return reading


def _wait(child: subprocess.Popen[bytes], parent: int, signals: int) -> bytes | None:
    """The parent's wish; None if the child ended by itself."""
    while child.poll() is None:
        readable, _, _ = select.select([0, signals], [], [], LOOK_S)
        if 0 in readable:
            return os.read(0, 1) or _PARENT_GONE
        if signals in readable and set(os.read(signals, 64)) != {signal.SIGCHLD}:
            return _PARENT_GONE
        if os.getppid() != parent:  # another process may hold the other end of our input open
            return _PARENT_GONE
    return None


def _end(child: subprocess.Popen[bytes], wish: bytes) -> None:
    if wish != AT_ONCE:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(PATIENCE_S if wish == PATIENTLY else GRACE_S)
            return
    child.kill()
    child.wait()


def _dies_with(parent: int) -> Callable[[], None] | None:
    """Run in the child before the command: ask the kernel to kill it when we are gone."""
    if sys.platform != "linux":
        return None
    kernel = ctypes.CDLL(None)

    def ask() -> None:
        kernel.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # gone before we asked
            os._exit(1)

    return ask


def _nothing_more(_number: int, _frame: FrameType | None) -> None:
    pass


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:]))
