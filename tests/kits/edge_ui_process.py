"""`exchange edge ui` as a process, whose terminal a test reads."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/open/\S+")
START_S, END_S = 60.0, 30.0


@dataclass
class EdgeUi:
    """A running page. `folder`: its home, in which nothing else is."""

    process: subprocess.Popen[str]
    folder: Path
    said: list[str] = field(default_factory=list)
    _addresses: "queue.Queue[str]" = field(default_factory=queue.Queue)

    def address(self) -> str:
        """The next address that the terminal shows."""
        return self._addresses.get(timeout=START_S)

    def listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line.rstrip())
            if found := ADDRESS.search(line):
                self._addresses.put(found[0])

    def stopped(self, how: signal.Signals = signal.SIGINT) -> int:
        """Its exit status, after this signal."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(END_S)


@contextmanager
def edge_ui(folder: Path, *words: str) -> Iterator[EdgeUi]:
    """The page on a free port, without a browser of its own."""
    home, temporary = folder / "home", folder / "temporary"
    for place in (home, temporary):
        place.mkdir(parents=True)
    own = {"HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "exchange.cli", "edge", "ui", "--no-browser", *words],
        env={**os.environ, **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    found = EdgeUi(process, folder)
    listening = threading.Thread(target=found.listen, daemon=True)
    listening.start()
    try:
        yield found
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        listening.join(END_S)
        print(*found.said, sep="\n")
