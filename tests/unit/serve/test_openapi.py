"""The description of the API holds: what it allows is answered as it says, never by a fault."""

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from consumers.serve.app import application
from consumers.serve.service import Service
from tests.kits import sizes
from tests.kits.serve_world import JANUARY, picture

STREAM = "/v1/stream"
"""Left out: it does not end. `test_stream.py` has it."""
EXAMPLES_MAX = 25


SERVICE = Service()
schema = schemathesis.openapi.from_asgi("/openapi.json", application(SERVICE)).exclude(path=STREAM)
schema.config.phases.coverage.enabled = False  # hundreds of cases for 45 dimensions, whatever `max_examples` says


@pytest.fixture(autouse=True)
def _has_read() -> None:
    SERVICE.snapshot.picture = picture(JANUARY)
    SERVICE.hearing.complete = True


@schema.parametrize()
@settings(max_examples=min(sizes.BY_DAY, EXAMPLES_MAX), deadline=None, suppress_health_check=list(HealthCheck))
def test_every_address_answers_as_it_is_described(case: schemathesis.Case) -> None:
    """A metric has only some of the dimensions that the description lists, and refuses others."""
    case.call_and_validate(excluded_checks=[positive_data_acceptance] if "{metric}" in case.path else [])
