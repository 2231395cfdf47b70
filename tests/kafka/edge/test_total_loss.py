"""A vault and all its copies are gone, long after it sent events: it is made from the inbox."""

import asyncio
from datetime import date
from pathlib import Path

import pytest

from consumers.admission.enrolment import Enrolment, register
from consumers.admission.inbox_refill import refill
from consumers.admission.registry import read_registry
from exchange.core.model.events import NeedIdentified
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import LegalClass, Service, UsState
from exchange.settings import Settings
from exchange.trial.empty_cluster import TrialExchange, trial_exchange
from exchange.wire.codec import decode
from exchange.wire.topics import INBOX_BYTES_MAX, inbox_of
from producers.delivery.report import Report
from producers.delivery.sending import RunOptions
from producers.delivery.waiting import WaitLimits
from producers.edge import Edge
from producers.errors import RestoreImpossible
from producers.facts import Fact, Where
from producers.profile import Profile
from producers.profile_sections import KafkaProfile
from producers.secret_files import Secret
from producers.setup import make_vault

pytestmark = pytest.mark.timeout(240)
SECRET = Secret(raw_key=bytes(range(32)))
Q1 = parse_period("2026Q1")
CODE = "harbor-light"
KEYS = ("a", "b", "c")


async def new_vault(ground: TrialExchange, profile: Profile, number: int) -> None:
    """The old one is gone; the operator registers the new key."""
    profile.vault.unlink(missing_ok=True)
    _, key = make_vault(profile, SECRET, number)
    enrolment = Enrolment(CODE, LegalClass.individual, key, number)
    await register(ground.log, ground.admin, enrolment, replication=1)


async def publish(profile: Profile) -> Report:
    options = RunOptions(patience=WaitLimits(poll_s=0.2))
    async with Edge.open(profile, secret=SECRET, today=date(2026, 10, 5), options=options) as edge:
        for key in KEYS:
            fact = Fact(key, Q1, UsState.ca, NeedIdentified(Service.emergency_shelter), key, Where("f", 1))
            await edge.publish(fact)
    return edge.report


async def needs(ground: TrialExchange) -> int:
    values = [record.value or b"" async for record in ground.all_events()]
    return sum(isinstance(decode(value).body, NeedIdentified) for value in values)


async def test_a_vault_is_made_again_from_its_inbox_and_that_from_events(settings: Settings, tmp_path: Path) -> None:
    async with trial_exchange(settings, tmp_path) as ground:
        servers = ground.settings.bootstrap_servers
        profile = Profile(
            agency=CODE,
            state=UsState.ca,
            legal_class=LegalClass.individual,
            vault=tmp_path / "harbor.vault",
            kafka=KafkaProfile(bootstrap_servers=servers),
        )
        await new_vault(ground, profile, 1)
        kept = (await ground.admin.configs([inbox_of(CODE)]))[inbox_of(CODE)]
        assert (kept["retention.ms"], kept["retention.bytes"]) == ("-1", str(INBOX_BYTES_MAX))
        worker = await ground.start_worker()
        await publish(profile)

        await new_vault(ground, profile, 2)
        again = await publish(profile)
        assert (again.restored, again.claimed) == (4, 3)
        assert await needs(ground) == 3

        await ground.admin.delete([inbox_of(CODE)])
        while inbox_of(CODE) in await ground.admin.partitions():  # noqa: ASYNC110 - the broker has no event for it
            await asyncio.sleep(0.2)
        await new_vault(ground, profile, 3)
        with pytest.raises(RestoreImpossible, match="agencies refill"):
            await publish(profile)
        registration = (await read_registry(ground.log)).agencies[CODE]
        accepted = [record async for record in ground.all_events()]
        assert await refill(ground.log, registration) == len(accepted) >= 5
        assert await refill(ground.log, registration) == 0
        assert (await publish(profile)).claimed == 3
        assert await needs(ground) == 3
        assert worker.alive, worker.last_lines()
