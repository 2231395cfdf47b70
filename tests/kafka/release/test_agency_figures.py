"""Figures about agencies, drawn by a real worker in a process of its own, read by an evaluator."""

import asyncio
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path

from consumers.metrics.subscribe import follow
from exchange.core.metrics.query import select
from exchange.core.model.period import parse_period
from exchange.engine.kafka.log import KafkaLog
from exchange.settings import Settings
from exchange.trial.empty_cluster import trial_exchange
from tests.kafka.release.closing_kit import AGENCIES, START, WAIT_S, Publishing, ask, handled
from tests.kits.agency_reports import DOLLARS, PLACES, reports
from tests.kits.draw_world import event

APRIL = START + 2
QUARTER = parse_period("2020Q1")
EXPECTED = {
    ("practices_by_practice_use", "adopted"): len(AGENCIES),
    ("practice_use_share", "adopted"): 1,
    ("places_by_service", "emergency_shelter"): PLACES * len(AGENCIES),
    ("dollars_by_funding_source", "ovc"): DOLLARS * len(AGENCIES),
    ("provider_barriers_by_barrier", "no_capacity"): len(AGENCIES),
    ("provider_support_needed", "no_capacity"): len(AGENCIES),
    ("provider_years_by_agency_type", "legal years_3_5"): len(AGENCIES),
    ("activities_by_activity", "outreach_event people_11_50"): len(AGENCIES),
    ("heartbeats_by_reporting_minutes", "minutes_0_5"): len(AGENCIES),
    ("reporting_minutes_share", "minutes_0_5"): 1,
}
"""(metric, its codes) → the value of the first quarter of 2020."""
Values = dict[tuple[str, str], Decimal | None]


async def values_of(log: KafkaLog) -> Values:
    """What evaluators read of the quarter, as of its end, once it was derived."""
    found: Values = {}
    async with asyncio.timeout(WAIT_S):
        while not EXPECTED.keys() <= found.keys():
            async with aclosing(follow(log, select((), everything=True), start=0, once=True)) as batches:
                async for batch in batches:
                    for point in batch.points:
                        if (point.epoch, point.period) == (APRIL, QUARTER):
                            codes = " ".join(code for _, code in point.dimensions)
                            found[point.metric, codes] = None if point.withheld else point.value
            await asyncio.sleep(0.5)
    return found


async def test_practices_capacity_funding_surveys_and_minutes_have_values(
    settings: Settings, log: KafkaLog, tmp_path: Path
) -> None:
    """A draw that compares tables by identity leaves them all empty: its task was unpickled."""
    async with trial_exchange(settings, tmp_path) as ground:
        agencies = Publishing(ground)
        await agencies.register()
        await ground.start_worker()
        await agencies.send([event(body, 0, "2020Q1") for body in reports() for _ in AGENCIES])
        await ask(log, START, START + 1, APRIL)
        await handled(log, 3)
        found = await values_of(log)
    assert {key: found[key] for key in EXPECTED} == EXPECTED
