"""`python -m tests.kits.as_on_windows WORD…`: the command `exchange`, without what Windows lacks.

The modules and functions of POSIX are gone, and the console is in cp1252. Not told apart from
Linux: paths, locks and rights of files, the event loop.
"""

import os
import sys
from importlib.machinery import ModuleSpec

MODULES = frozenset({"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"})
FUNCTIONS = (
    "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "chown", "fchmod", "fchown", "fork", "getegid", "geteuid",
    "getgid", "getuid", "killpg", "setsid", "sysconf", "uname",
)  # fmt: skip


class Absent:
    """Finds none of them."""

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        if name in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


def take_away() -> None:
    for name in MODULES:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, Absent())
    for name in FUNCTIONS:
        delattr(os, name)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="cp1252")


if __name__ == "__main__":
    take_away()
    from exchange.entry_point import main

    main()
