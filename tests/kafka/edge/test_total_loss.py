"""A vault and all its copies are gone, long after it sent events: it is made from the inbox."""

import asyncio
from pathlib import Path

import pytest

from consumers.admission.inbox_refill import refill
from consumers.admission.registry import read_registry
from exchange.core.model.events import NeedIdentified
from exchange.core.model.vocabulary import LegalClass
from exchange.settings import Settings
from exchange.trial.empty_cluster import TrialExchange, trial_exchange
from exchange.wire.codec import decode
from exchange.wire.topics import INBOX_BYTES_MAX, inbox_of
from producers.errors import RestoreImpossible
from producers.profile import Profile
from tests.kits.edge_kit.on_kafka import CODE, enrol, profile_at, publish

pytestmark = pytest.mark.timeout(240)
KEYS = ("a", "b", "c")


async def new_vault(ground: TrialExchange, profile: Profile, number: int) -> None:
    """The old one is gone; the operator registers the new key."""
    profile.vault.unlink(missing_ok=True)
    await enrol(ground, profile, number)


async def needs(ground: TrialExchange) -> int:
    values = [record.value or b"" async for record in ground.all_events()]
    return sum(isinstance(decode(value).body, NeedIdentified) for value in values)


async def test_a_vault_is_made_again_from_its_inbox_and_that_from_events(settings: Settings, tmp_path: Path) -> None:
    async with trial_exchange(settings, tmp_path) as ground:
        profile = profile_at(ground, tmp_path, LegalClass.individual)
        await new_vault(ground, profile, 1)
        kept = (await ground.admin.configs([inbox_of(CODE)]))[inbox_of(CODE)]
        assert (kept["retention.ms"], kept["retention.bytes"]) == ("-1", str(INBOX_BYTES_MAX))
        worker = await ground.start_worker()
        await publish(profile, KEYS)

        await new_vault(ground, profile, 2)
        again = await publish(profile, KEYS)
        assert (again.restored, again.claimed) == (4, 3)
        assert await needs(ground) == 3

        await ground.admin.delete([inbox_of(CODE)])
        while inbox_of(CODE) in await ground.admin.partitions():  # noqa: ASYNC110 - the broker has no event for it
            await asyncio.sleep(0.2)
        await new_vault(ground, profile, 3)
        with pytest.raises(RestoreImpossible, match="agencies refill"):
            await publish(profile, KEYS)
        registration = (await read_registry(ground.log)).agencies[CODE]
        accepted = [record async for record in ground.all_events()]
        assert await refill(ground.log, registration) == len(accepted) >= 5
        assert await refill(ground.log, registration) == 0
        assert (await publish(profile, KEYS)).claimed == 3
        assert await needs(ground) == 3
        assert worker.alive, worker.last_lines()
