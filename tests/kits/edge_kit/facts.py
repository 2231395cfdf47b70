"""Facts and small steps that the tests of the edge share."""

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import UsState
from producers.edge import Edge
from producers.facts import Fact, Where
from producers.vault.fact_store import FactOutcome
from producers.vault.store import Vault
from tests.kits.edge_kit.agency import SECRET, TODAY, Agency

Q1, Q2 = parse_period("2026Q1"), parse_period("2026Q2")
HERE = Where("export", 1)
NO_WAIT_S = 5.0
"""Of the exchange's own clock, which moves only while nothing happens: the edge acted at once,
without waiting."""
SHELTER = e.NeedIdentified(v.Service.emergency_shelter)
FOOD = e.NeedIdentified(v.Service.food)


def need(key: str, body: e.Correctable = SHELTER, period: int = Q1, client: str = "") -> Fact:
    """A need of a client of its own, unless another is given."""
    return Fact(key, period, UsState.ca, body, client or f"of {key}", HERE)


def bodies(agency: Agency) -> list[e.Body]:
    """What the gate admitted."""
    return [event.body for _, event in agency.exchange.events()]


def facts_of(agency: Agency) -> list[e.Body]:
    """What the gate admitted, heartbeats apart."""
    return [body for body in bodies(agency) if not isinstance(body, e.Heartbeat)]


async def publish(agency: Agency, *facts: Fact) -> list[FactOutcome]:
    """One run."""
    async with agency.edge() as edge:
        return [await edge.publish(fact) for fact in facts]


def copied(agency: Agency) -> Edge:
    """An edge on the copy of the vault that was kept."""
    profile = agency.profile.model_copy(update={"vault": agency.folder / "copy" / "agency.vault"})
    link = agency.exchange.link()
    return Edge.open(profile, secret=SECRET, link=link, today=TODAY, options=agency.options)


def with_secret(agency: Agency, secret: bytes) -> None:
    with Vault.open(agency.profile, SECRET) as vault:
        vault.set("secret", secret)
        vault.commit()
