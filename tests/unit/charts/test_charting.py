"""The helper process: killed, hung, worn out or wrong, the next chart is drawn all the same."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from consumers.charts.charting import ChartFailed, Charts
from consumers.charts.drawings import ChartForm, ChartMark, ChartWidth, Drawing
from consumers.charts.helper import NICENESS
from exchange.core.picture.wording.statuses import FigureStatus

NARROW = ChartWidth.NARROW


def drawing(title: str = "Housing", form: ChartForm = ChartForm.HEADLINE, marks: int = 1) -> Drawing:
    return Drawing(
        form, title, "A sentence.", "clients", (ChartMark("2026", FigureStatus.SHOWN, 100, 80, 120),) * marks
    )


def threads_of(process: int) -> list[int]:
    """The ids of its threads, where the system tells; else its own."""
    return [int(one.name) for one in Path(f"/proc/{process}/task").glob("*")] or [process]


def impossible() -> Drawing:
    """A headline is of one mark."""
    return drawing("Impossible", marks=2)


async def test_a_chart_is_drawn_once_and_kept() -> None:
    async with Charts() as charts:
        assert charts.ready(drawing(), NARROW) is None
        made = await charts.svg(drawing(), NARROW)
        assert made.startswith(b"<svg ")
        assert charts.ready(drawing(), NARROW) is made
        assert await charts.svg(drawing(), NARROW) is made


async def test_the_helper_stands_back_with_all_its_threads() -> None:
    async with Charts() as charts:
        await charts.svg(drawing(), NARROW)
        own, its = os.getpriority(os.PRIO_PROCESS, 0), charts._helper.pid
        assert {os.getpriority(os.PRIO_PROCESS, one) for one in threads_of(its)} == {min(own + NICENESS, 19)}


async def test_another_helper_draws_the_same_bytes_and_a_killed_one_is_replaced() -> None:
    async with Charts() as charts:
        made = await charts.svg(drawing(), NARROW)
        os.kill(charts._helper.pid, signal.SIGKILL)
        assert charts.ready(drawing(), NARROW) is made  # the page stands
        other = await charts.svg(drawing("Legal"), NARROW)
        assert charts.starts == 2
    async with Charts() as charts:
        assert await charts.svg(drawing("Legal"), NARROW) == other


async def test_killed_while_it_draws_another_helper_draws_it() -> None:
    async with Charts() as charts:
        await charts.svg(drawing(), NARROW)
        pid = charts._helper.pid
        os.kill(pid, signal.SIGSTOP)
        asyncio.get_running_loop().call_later(0.2, os.kill, pid, signal.SIGKILL)
        assert (await charts.svg(drawing("Legal"), NARROW)).startswith(b"<svg ")
        assert charts.starts == 2


async def test_a_drawing_that_ends_its_helper_is_not_tried_for_ever() -> None:
    deadly = (sys.executable, "-c", "import sys; sys.stdin.readline()")
    async with Charts(command=deadly) as charts:
        for _ in range(3):
            with pytest.raises(ChartFailed):
                await charts.svg(drawing(), NARROW)
        assert charts.starts == 2


async def test_one_that_hangs_is_killed_at_its_deadline() -> None:
    sleeper = (sys.executable, "-c", "import time; time.sleep(600)")
    async with Charts(command=sleeper, deadline_s=0.3) as charts:
        with pytest.raises(ChartFailed, match="TimeoutError"):
            await charts.svg(drawing(), NARROW)
        assert charts._helper is None


async def test_what_answers_nonsense_is_killed() -> None:
    liar = (sys.executable, "-c", "import sys; sys.stdin.readline(); print('[]', flush=True); sys.stdin.readline()")
    async with Charts(command=liar) as charts:
        with pytest.raises(ChartFailed, match="ValueError"):
            await charts.svg(drawing(), NARROW)


async def test_a_drawing_that_cannot_be_drawn_costs_no_helper_and_is_given_up() -> None:
    async with Charts() as charts:
        for _ in range(2):
            with pytest.raises(ChartFailed, match="ValueError"):
                await charts.svg(impossible(), NARROW)
        with pytest.raises(ChartFailed, match="it failed 2 times"):
            await charts.svg(impossible(), NARROW)
        assert await charts.prepare([(impossible(), NARROW), (drawing(), NARROW)]) == 1
        assert charts.starts == 1


async def test_a_helper_is_worn_out_after_so_many_charts() -> None:
    async with Charts(life=1) as charts:
        await charts.prepare([(drawing(), NARROW), (drawing("Legal"), NARROW)])
        assert charts.starts == 2


async def test_what_is_kept_has_a_limit() -> None:
    async with Charts(kept_bytes=1) as charts:
        await charts.prepare([(drawing(), NARROW), (drawing("Legal"), NARROW)])
        assert charts.ready(drawing(), NARROW) is None
        assert charts.ready(drawing("Legal"), NARROW) is not None


async def test_no_helper_outlives_its_charts() -> None:
    async with Charts() as charts:
        await charts.svg(drawing(), NARROW)
        pid = charts._helper.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
