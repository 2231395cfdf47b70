"""The two agencies of the gate's tests."""

import pytest

from tests.kits.step_world import HARBOR, NORTH, Agency


@pytest.fixture
def harbor() -> Agency:
    return Agency(HARBOR)


@pytest.fixture
def north() -> Agency:
    return Agency(NORTH)
