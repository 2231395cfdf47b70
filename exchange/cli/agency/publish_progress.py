"""Progress of `exchange publish` and `exchange edge`: bars at a terminal, plain lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Column

from exchange.core.words import number_of
from producers.delivery.waiting import Wait

WAITED_BETWEEN_LINES_S = 15.0
WAITED_BEFORE_SHOWN_S = 3.0
"""A receipt takes a second or two: no news."""
BAR_COLUMNS = 20
_WAITING = "waiting"


@dataclass(slots=True)
class ProgressDisplay:
    """Progress: bars at a terminal, lines elsewhere."""

    console: Console
    bars: Progress
    _tasks: dict[str, TaskID] = field(default_factory=dict)
    _totals: dict[str, int | None] = field(default_factory=dict)
    _waited_s: float = 0.0

    def say(self, words: str) -> None:
        """One line for a person."""
        self.console.print(f"exchange: {words}", soft_wrap=True)

    def reading(self, rows: int, of: int | None = None) -> None:
        """So many rows were read."""
        self._show("reading", "reading" if of is None else f"reading {number_of(of, 'row')}", rows, of)

    def read(self) -> None:
        """All rows were read, also those that gave no fact or were read twice."""
        if (total := self._totals.get("reading")) is not None:
            self.bars.update(self._tasks["reading"], completed=total)

    def sending(self, accepted: int, of: int) -> None:
        """So many events were accepted."""
        self._end_waiting()
        self._show("sending", "accepted by the exchange", accepted, of)

    def waiting(self, wait: Wait) -> None:
        """The run waits: for what, since when, until when."""
        if self.console.is_terminal:
            if wait.elapsed_s < WAITED_BEFORE_SHOWN_S:
                return
            self._show(_WAITING, str(wait), int(wait.elapsed_s), int(wait.at_most_s))
        elif not 0 <= wait.elapsed_s - self._waited_s < WAITED_BETWEEN_LINES_S:
            self._waited_s = wait.elapsed_s if wait.elapsed_s >= WAITED_BETWEEN_LINES_S else 0.0
            if self._waited_s:
                self.say(str(wait))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """No bars while a person is asked."""
        self.bars.stop()
        yield
        self.bars.start()

    def end(self) -> None:
        """Take the bars away before the report."""
        self.bars.stop()

    def _end_waiting(self) -> None:
        self._waited_s = 0.0
        if (task := self._tasks.pop(_WAITING, None)) is not None:
            self.bars.remove_task(task)

    def _show(self, name: str, words: str, done: int, of: int | None) -> None:
        if name not in self._tasks:
            self._tasks[name] = self.bars.add_task(words, total=of)
            if not self.console.is_terminal:
                self.say(f"{words} …")
        total = self._totals[name] = of if of is not None else self._totals.get(name)
        self.bars.update(
            self._tasks[name],
            completed=done if total is None else min(done, total),
            total=total,
            description=words if name == _WAITING else None,
        )


@contextmanager
def progress_of(console: Console) -> Iterator[ProgressDisplay]:
    """Progress for as long as the block lasts."""
    words = TextColumn("  {task.description}", markup=False, table_column=Column(overflow="fold"))
    columns = (words, BarColumn(BAR_COLUMNS), MofNCompleteColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        yield ProgressDisplay(console, bars)
