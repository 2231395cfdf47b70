"""A command in a process of its own whose terminal a test types at."""

import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ENDS_S_MAX = 60.0
PAUSE_S = 0.2
CTRL_C = "\x03"


def at_a_terminal(
    words: Sequence[str], answers: Sequence[str | Callable[[str], str]], folder: Path
) -> tuple[str, set[bytes], int]:
    """(what the terminal showed, every command line that the process had, its exit status).

    Each answer is typed after the next question, which ends with a colon. It may depend on what
    was shown. The terminal is the process's own, so that Ctrl-C (`CTRL_C`) interrupts it.
    """
    ours, theirs = pty.openpty()
    path = os.pathsep.join(one for one in sys.path if one)
    process = subprocess.Popen(
        [sys.executable, "-m", "exchange.cli", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "COLUMNS": "200"},
        start_new_session=True,
        preexec_fn=_take_the_terminal,  # noqa: PLW1509 - no thread runs in a test
    )
    os.close(theirs)
    shown, left, lines, until = b"", list(answers), set[bytes](), time.monotonic() + ENDS_S_MAX
    while time.monotonic() < until:
        lines.add(_command_line(process.pid))
        if select.select([ours], [], [], PAUSE_S)[0]:
            try:
                shown += os.read(ours, 4096)
            except OSError:  # the other side is closed
                break
        elif left and shown.rstrip().endswith(b":"):
            answer = left.pop(0)
            typed = answer if isinstance(answer, str) else answer(shown.decode())
            os.write(ours, typed.encode() + b"\n")
            shown += b"\n"
        elif process.poll() is not None:
            break
    os.close(ours)
    try:
        status = process.wait(timeout=max(1.0, until - time.monotonic()))
    finally:
        process.kill()
    return shown.decode(), lines, status


def _take_the_terminal() -> None:
    """In the new process, before its program: what is typed there reaches it as signals, too."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
