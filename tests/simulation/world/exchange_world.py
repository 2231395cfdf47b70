"""Virtual time and processes that can be frozen and killed, all from one seed.

A `Process` is an event loop: the code in it is ordinary asyncio and unaware. The `World` runs
one callback of one process at a time, chosen by the seed among those that have any, and moves the
clock only when none has. So
- freezing (SIGSTOP) is not running its callbacks, while its timers fall due and the rest of the
  world continues;
- killing (SIGKILL) is never running them again: no `finally`, no goodbye;
- nothing depends on real time, sockets or threads: the same seed gives the same run, step for step.
"""

import asyncio
import contextvars
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any


class Process(asyncio.AbstractEventLoop):
    """One simulated process. Only what asyncio's tasks, timeouts and locks need."""

    def __init__(self, world: "World", name: str) -> None:
        self.world, self.name = world, name
        self.frozen = self.dead = self.severed = False  # dead: see `World.kill`; severed: reaches nobody any more
        self.ready: deque[asyncio.Handle] = deque()
        self.tasks: list[asyncio.Task[Any]] = []
        self.steps = 0
        self.struck_at: dict[int, Callable[[], object]] = {}
        """What happens after so many steps of this process."""

    def step(self) -> None:
        handle = self.ready.popleft()
        if not handle.cancelled():
            asyncio._set_running_loop(self)
            try:
                handle._run()
            finally:
                asyncio._set_running_loop(None)
        self.steps += 1
        if strike := self.struck_at.pop(self.steps, None):
            strike()

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        return self.create_task(coroutine)

    # The event loop

    def time(self) -> float:
        return self.world.now

    def call_soon(self, callback, *args, context=None) -> asyncio.Handle:  # type: ignore[override]
        handle = asyncio.Handle(callback, args, self, context or contextvars.copy_context())
        self.ready.append(handle)
        return handle

    def call_later(self, delay, callback, *args, context=None) -> asyncio.TimerHandle:  # type: ignore[override]
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(self, when, callback, *args, context=None) -> asyncio.TimerHandle:  # type: ignore[override]
        handle = asyncio.TimerHandle(when, callback, args, self, context or contextvars.copy_context())
        self.world.at(when, lambda: None if handle.cancelled() else self.ready.append(handle))
        return handle

    def _timer_handle_cancelled(self, handle) -> None:
        """It is dropped when it falls due."""

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self)

    def create_task(self, coro, **kwargs) -> "asyncio.Task[Any]":
        task = asyncio.Task(coro, loop=self, **kwargs)
        self.tasks.append(task)  # kept, or the garbage collector would run the `finally` blocks of the killed
        if len(self.tasks) > 1000:
            self.tasks = [task for task in self.tasks if not task.done()]
        return task

    def call_exception_handler(self, context) -> None:
        self.world.unhandled.append(f"{self.name}: {context.get('message')} {context.get('exception')!r}")

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def get_debug(self) -> bool:
        return False


class World:
    """All processes, one clock, one source of chance."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.now = 0.0
        self.processes: list[Process] = []
        self.living: list[Process] = []
        self.unhandled: list[str] = []
        self.trace: list[str] = []
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._sequence = 0

    def process(self, name: str) -> Process:
        process = Process(self, name)  # type: ignore[abstract]  # of a loop it has what the lanes use
        self.processes.append(process)
        self.living.append(process)
        return process

    def at(self, when: float, callback: Callable[[], object]) -> None:
        self._sequence += 1
        heapq.heappush(self._events, (max(when, self.now), self._sequence, callback))

    def after(self, delay: float, callback: Callable[[], object]) -> None:
        self.at(self.now + delay, callback)

    def note(self, *words: object) -> None:
        self.trace.append(f"{self.now:9.4f} " + " ".join(map(str, words)))

    def kill(self, process: Process) -> None:
        process.dead = True
        self.living.remove(process)
        self.note("kill", process.name)

    def run_until(self, when: float) -> None:
        """Let everything happen that happens up to this time."""
        while True:
            runnable = [process for process in self.living if process.ready and not process.frozen]
            if runnable:
                (self.random.choice(runnable) if len(runnable) > 1 else runnable[0]).step()
            elif self._events and self._events[0][0] <= when:
                self.now, _, callback = heapq.heappop(self._events)
                callback()
            else:
                self.now = when
                return

    def end(self) -> None:
        """Unwind what is left, cut off from everybody, so that no coroutine is left half done."""
        self.living = list(self.processes)
        for process in self.processes:
            process.dead = process.frozen = False
            process.severed = True
        for process in self.processes:
            for task in process.tasks:
                task.cancel()
        self.run_until(self.now + 60)
        left = [task for process in self.processes for task in process.tasks if not task.done()]
        assert not left, f"not unwound: {left}"
