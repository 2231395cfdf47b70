"""One agency whose edge publishes to a real Kafka."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Final

from consumers.admission.enrolment import Enrolment, register
from exchange.core.model.events import NeedIdentified
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import LegalClass, Service, UsState
from exchange.trial.empty_cluster import TrialExchange
from producers.delivery.report import Report
from producers.delivery.run_options import RunOptions
from producers.delivery.waiting import WaitLimits
from producers.edge import Edge
from producers.facts import Fact, Where
from producers.profile import Profile
from producers.profile_sections import KafkaProfile
from producers.secret_files import Secret
from producers.setup import make_vault

SECRET: Final = Secret(raw_key=bytes(range(32)))
Q1: Final = parse_period("2026Q1")
CODE: Final = "harbor-light"


def profile_at(ground: TrialExchange, folder: Path, legal_class: LegalClass) -> Profile:
    """The agency's profile, with this exchange's address."""
    return Profile(
        agency=CODE,
        state=UsState.ca,
        legal_class=legal_class,
        vault=folder / "harbor.vault",
        kafka=KafkaProfile(bootstrap_servers=ground.settings.bootstrap_servers),
    )


async def enrol(ground: TrialExchange, profile: Profile, number: int = 1) -> None:
    """Make the vault, with a key of this number, and register that key."""
    _, key = make_vault(profile, SECRET, number)
    enrolment = Enrolment(CODE, profile.legal_class, key, number)
    await register(ground.log, ground.admin, enrolment, replication=1)


async def publish(profile: Profile, keys: Iterable[str]) -> Report:
    """Publish a need under each key, each of a client of its own."""
    options = RunOptions(patience=WaitLimits(poll_s=0.2))
    async with Edge.open(profile, secret=SECRET, today=date(2026, 10, 5), options=options) as edge:
        for key in keys:
            fact = Fact(key, Q1, UsState.ca, NeedIdentified(Service.emergency_shelter), key, Where("f", 1))
            await edge.publish(fact)
    return edge.report
