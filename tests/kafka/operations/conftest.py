"""An exchange of real workers whose state is damaged. It names an open transaction after 3 s."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from exchange.settings import Settings
from exchange.trial.empty_cluster import TrialExchange, trial_exchange
from exchange.trial.state_damage import StateDamage
from tests.kafka.operations.state_kit import OPEN_S


@pytest.fixture
def impatient(settings: Settings) -> Settings:
    return settings.model_copy(update={"open_transaction_s": OPEN_S})


@pytest.fixture
async def ground(impatient: Settings, tmp_path: Path) -> AsyncIterator[TrialExchange]:
    async with trial_exchange(impatient, tmp_path) as ground:
        yield ground


@pytest.fixture
def damage(ground: TrialExchange) -> StateDamage:
    return StateDamage(ground.settings, ground.log, ground.admin)
