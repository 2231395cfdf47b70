"""Carries out the attacks in a few processes; judges the releases and the attacks themselves.

A job that fails ends the run with its error. Ctrl-C ends the processes at once; there is nothing to
tidy up.
"""

import os
import signal
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from consumers.child_processes import end_with_parent, start_fork_server, wait_for_fork_server
from exchange.trial.attack import attack_runs
from exchange.trial.attack.attack_findings import Finding
from exchange.trial.attack.attack_runs import LIFT, MEMBERSHIP, Attack, Job, Part, all_jobs, attacks
from exchange.trial.attack.weakened_noise import Setting

PROCESSES_MOST: Final = 8
ENDED_S_MAX: Final = 5.0
Tell = Callable[[int, int], None]
"""Gets (jobs done, jobs)."""


@dataclass(frozen=True, slots=True)
class AttackReport:
    """All rows. `passed`: our release is within every bound, and every attack has teeth."""

    outcomes: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether the releases and the attacks are both without fault."""
        return not self.beyond and not self.toothless

    @property
    def beyond(self) -> tuple[str, ...]:
        """Attacks that our release does not withstand."""
        return tuple(one.attack for one in self.outcomes if not one.within)

    @property
    def toothless(self) -> tuple[str, ...]:
        """Attacks, each with a setting that it must catch and did not."""
        return tuple(f"{one.attack} ({at.value})" for one in self.outcomes for at in one.toothless)

    def words(self) -> str:
        """The last line."""
        lift, membership = (next(one for one in self.outcomes if one.attack == name) for name in (LIFT, MEMBERSHIP))
        found = [
            f"lift {lift.measured[Setting.OURS].value:.2f} points (bound {lift.limit:.2f})",
            f"membership {membership.measured[Setting.OURS].value:.1f} % (bound {membership.limit:.1f} %)",
        ]
        if self.beyond:
            found.append(f"not within bounds: {', '.join(self.beyond)}")
        found.append(f"no teeth: {', '.join(self.toothless)}" if self.toothless else "all attacks have teeth")
        return f"adversary: {', '.join(found)}"


def carry_out(tell: Tell, some: Sequence[Attack] | None = None) -> AttackReport:
    """Run the attacks; by default all of them, at full effort."""
    chosen = attacks() if some is None else some
    jobs = list(all_jobs(chosen))
    context = start_fork_server((attack_runs.__name__,))
    wait_for_fork_server(context)  # Ctrl-C may come here; it must not find a process of the pool half started
    workers = min(
        PROCESSES_MOST, len(jobs), os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count() or 1
    )
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin)
    try:
        found = _collected(pool, jobs, tell)
    except BaseException:
        _end(pool)
        raise
    pool.shutdown()
    outcomes = (outcome for attack in chosen for outcome in attack.outcomes(_in_order(found[attack.name])))
    return AttackReport(tuple(outcomes))


def _in_order(parts: Mapping[Setting, list[Part]]) -> dict[Setting, list[Part]]:
    """In the declared order of settings, not in the order in which jobs ended."""
    return {setting: parts[setting] for setting in Setting if setting in parts}


def _collected(pool: ProcessPoolExecutor, jobs: Sequence[Job], tell: Tell) -> dict[str, dict[Setting, list[Part]]]:
    with _ctrl_c_afterwards():  # a process that is half started is in no list, so nobody could end it
        running: dict[Future[Part], Job] = {pool.submit(job.run): job for job in jobs}
    found: dict[str, dict[Setting, list[Part]]] = defaultdict(lambda: defaultdict(list))
    tell(0, len(jobs))
    for done, future in enumerate(as_completed(running), start=1):
        job = running[future]
        found[job.attack][job.setting].append(future.result())
        tell(done, len(jobs))
    return found


@contextmanager
def _ctrl_c_afterwards() -> Iterator[None]:
    """Let Ctrl-C interrupt after the block.

    A blocked signal would not do: libraries have threads of their own, which do not block it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt


def _begin() -> None:
    """Ctrl-C reaches every process of a terminal.

    The first one ends the others. They end if it is gone.
    """
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _end(pool: ProcessPoolExecutor) -> None:
    processes = list((pool._processes or {}).values())  # noqa: SLF001 - Python 3.14 has terminate_workers, 3.11 has not
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    for process in processes:  # whatever one says as it ends comes before our own last word
        process.join(ENDED_S_MAX)
