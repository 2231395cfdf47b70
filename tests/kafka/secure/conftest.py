"""One broker with TLS, SASL and the authorizer for all tests of this folder."""

from collections.abc import Iterator

import pytest

from exchange.engine.kafka.rights import PRINCIPALS
from tests.kits.secure_kit.broker import SecureBroker, secure_broker

AGENCY = "harbor-light"
USERS = (*sorted(set(PRINCIPALS.values())), f"agency-{AGENCY}", "stranger")


@pytest.fixture(scope="session")
def secure() -> Iterator[SecureBroker]:
    with secure_broker(USERS) as broker:
        yield broker
