"""One client's case from opening to closing, as unordered (day, body): about 50 facts.

opened → trafficking facts, exploiter, factors, health → needs → a service after a wait, and more of
it, or unmet with a reason → referrals and their results → assessments each half year → closed.
Bodies are plausible and sound. Equal ones are built once and shared, so that a sample costs little
to make, to encode and to count. No real person is behind any of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.bands import band_of
from exchange.trial.sample import shares
from exchange.trial.sample.draws import Uniform, pick, several
from exchange.trial.sample.roster import Traits

LONGEST_DAYS: Final = 3 * 364
"""No case lasts longer, so that after a warm-up of three years a sample is in its steady state."""
_WAIT_OPEN_DAYS: Final = 300
_UNMET_SHARE: Final = 0.22
_REFERRED_SHARE: Final = 0.42
_NA: Final = "not_applicable"
_NO_WAIT: Final = v.WaitBand.not_applicable
Dated = tuple[int, e.Correctable]

case_opened = cache(e.CaseOpened)
trafficking_facts = cache(e.TraffickingFacts)
need_identified = cache(e.NeedIdentified)
service_provided = cache(e.ServiceProvided)
need_unmet = cache(e.NeedUnmet)
barrier_reported = cache(e.BarrierReported)
referral_made = cache(e.ReferralMade)
referral_resolved = cache(e.ReferralResolved)
health_observed = cache(e.HealthObserved)
outcome_assessed = cache(e.OutcomeAssessed)
case_closed = cache(e.CaseClosed)
exploiter_observed = cache(e.ExploiterObserved)
factor_observed = cache(e.FactorObserved)


@dataclass(frozen=True, slots=True)
class Client:
    """The person of a case: the facts that are the same in all its bodies.

    `kind`: sex, labor or both.
    """

    gender: v.Gender
    age_band: v.AgeBand
    kind: str
    trafficking_type: v.TraffickingType
    sector: v.LaborSector
    form: v.SexExploitationType
    lasted: v.DurationBand


def lasting(uniform: Uniform) -> tuple[v.DurationBand, int]:
    """The length of a case: its band, and days within the band."""
    band = pick(shares.CASE_LASTED, uniform)
    low, high = v.DURATION_BAND_DAYS[band]
    return band, low + int(uniform() * ((high or LONGEST_DAYS - 1) - low + 1))


def history(traits: Traits, opened: int, band: v.DurationBand, closed: int, uniform: Uniform) -> Iterator[Dated]:
    """All facts of one case, opened and closed on these days."""
    client = _client(traits, uniform)
    labor = client.kind != "sex"
    foreign = pick(shares.FOREIGN["labor" if labor else "sex"], uniform)
    referred_by, elsewhere = pick(shares.REFERRED_BY, uniform), pick(shares.ELSEWHERE, uniform)
    yield opened, case_opened(client.gender, client.age_band, foreign, referred_by, elsewhere)
    yield from _trafficking(client, opened, closed, uniform)
    yield from _health(client, opened, closed, uniform)
    services: list[v.Service] = []
    for _ in range(3 + int(uniform() * 9)):
        service = pick(shares.NEEDS, uniform)
        if service not in services:
            services.append(service)
            yield from _need(traits, service, opened, closed, uniform)
    yield from _barriers(services, opened, closed, uniform)
    yield from _outcomes(client, opened, closed, uniform)
    yield closed, case_closed(pick(shares.CLOSED_FOR, uniform), pick(shares.GONE_TO, uniform), band)


def _client(traits: Traits, uniform: Uniform) -> Client:
    kind = traits.focus
    if kind == "both":
        chance = uniform()
        kind = "sex" if chance < 0.55 else "labor" if chance < 0.87 else "both"
    genders = shares.GENDERS["no_female" if not traits.serves_female else "labor" if kind == "labor" else "sex"]
    known = uniform() < 0.98
    return Client(
        pick(genders, uniform),
        pick(shares.AGES, uniform),
        kind,
        v.TraffickingType(kind) if known else v.TraffickingType.not_known,
        pick(shares.SECTOR, uniform) if kind != "sex" else v.LaborSector.not_applicable,
        pick(shares.SEXUAL_FORM, uniform) if kind != "labor" else v.SexExploitationType.not_applicable,
        pick(shares.LASTED, uniform),
    )


def _between(first: int, last: int, uniform: Uniform) -> int:
    return first + int(uniform() * (last - first + 1)) if last > first else first


def _trafficking(client: Client, opened: int, closed: int, uniform: Uniform) -> Iterator[Dated]:
    recorded = _between(opened, min(opened + 21, closed), uniform)
    status = pick(shares.STATUS, uniform)
    confirmed = status == v.TraffickingStatus.confirmed
    yield (
        recorded,
        trafficking_facts(
            client.trafficking_type,
            status,
            pick(shares.DECIDED_BY, uniform) if confirmed else v.DecisionMaker.not_applicable,
            pick(shares.FORCED if client.kind == "labor" else shares.SEXUAL, uniform),
            client.form,
            client.sector,
            pick(shares.RECRUITED, uniform),
            v.ControlMethod.not_applicable,
        ),
    )
    for method in several(shares.CONTROLLED, 4, uniform):
        yield _between(recorded, min(recorded + 60, closed), uniform), _controlled(method)
    for _ in range(int(uniform() * 3.4)):
        yield _between(recorded, min(recorded + 90, closed), uniform), _exploiter(client, uniform)
    for _ in range(int(uniform() * 5)):
        yield _between(recorded, min(recorded + 120, closed), uniform), _factor(client, uniform)


@cache
def _controlled(method: v.ControlMethod) -> e.TraffickingFacts:
    return e.TraffickingFacts(
        v.TraffickingType.not_applicable,
        v.TraffickingStatus.not_applicable,
        v.DecisionMaker.not_applicable,
        v.ExploitationType.not_applicable,
        v.SexExploitationType.not_applicable,
        v.LaborSector.not_applicable,
        v.RecruitmentMethod.not_applicable,
        method,
    )


def _exploiter(client: Client, uniform: Uniform) -> e.ExploiterObserved:
    if uniform() < 0.6:
        role = pick(shares.ROLE, uniform)
        recruiter = role == v.TraffickerRole.recruiter
        relation = pick(shares.RELATION, uniform) if recruiter else v.RecruiterRelation.not_applicable
        trafficker = pick(shares.TRAFFICKER, uniform)
        buyer = v.BuyerOrBeneficiaryType.not_applicable
    else:
        role, relation = v.TraffickerRole.not_applicable, v.RecruiterRelation.not_applicable
        trafficker = v.TraffickerType.not_applicable
        buyer = pick(shares.BUYER_LABOR if client.kind == "labor" else shares.BUYER_SEXUAL, uniform)
    return exploiter_observed(trafficker, role, relation, buyer, client.form, client.sector)


def _factor(client: Client, uniform: Uniform) -> e.FactorObserved:
    which = int(uniform() * 4)
    return factor_observed(
        pick(shares.SOCIETAL, uniform) if which == 0 else v.SocietalFactor.not_applicable,
        pick(shares.ECONOMIC, uniform) if which == 1 else v.EconomicFactor.not_applicable,
        pick(shares.PROTECTIVE, uniform) if which == 2 else v.ProtectiveFactor.not_applicable,
        pick(shares.RESILIENCY, uniform) if which == 3 else v.ResiliencyFactor.not_applicable,
        client.trafficking_type,
    )


def _health(client: Client, opened: int, closed: int, uniform: Uniform) -> Iterator[Dated]:
    conditions = shares.HEALTH if client.kind == "labor" else shares.HEALTH_SEXUAL
    for condition in several(conditions, 5, uniform):
        yield (
            _between(opened, min(opened + 120, closed), uniform),
            health_observed(condition, client.trafficking_type, client.sector, client.lasted, client.age_band),
        )


def _need(traits: Traits, service: v.Service, opened: int, closed: int, uniform: Uniform) -> Iterator[Dated]:
    """One need: met after a wait, or unmet with a reason; sometimes through a referral."""
    late = uniform() < 0.25
    recorded = _between(opened, closed if late else min(opened + 30, closed), uniform)
    yield recorded, need_identified(service)
    wait = pick(shares.WAIT, uniform)
    low, high = v.WAIT_BAND_DAYS.get(wait, (0, 30))
    first = recorded + _between(low, high or _WAIT_OPEN_DAYS, uniform)
    met = uniform() >= _UNMET_SHARE and first <= closed
    funder = pick(traits.funders, uniform)
    if uniform() < _REFERRED_SHARE:
        yield from _referral(service, recorded, first, closed, met=met, wait=wait, uniform=uniform)
    if met:
        yield from _services((service, wait, funder), first, closed, uniform)
    else:
        yield (
            _between(recorded, min(recorded + 90, closed), uniform),
            need_unmet(service, pick(shares.UNMET, uniform), funder),
        )


def _services(
    what: tuple[v.Service, v.WaitBand, v.FundingSource], first: int, closed: int, uniform: Uniform
) -> Iterator[Dated]:
    """The first service, with its wait, and more of it at a steady pace while the case lasts."""
    service, band, funder = what
    group = v.SERVICE_GROUP[service]
    costs = shares.COSTS.get(group, shares.COSTS[""])
    units = shares.UNITS.get(group, shares.UNITS[""])
    gap = 6 + int(uniform() * 70)
    day, left = first, 1 + int(uniform() * uniform() * 35)
    while left and day <= closed:
        yield day, service_provided(service, band, pick(costs, uniform), pick(units, uniform), funder)
        day, band, left = day + gap, _NO_WAIT, left - 1


def _referral(
    service: v.Service, recorded: int, first: int, closed: int, *, met: bool, wait: v.WaitBand, uniform: Uniform
) -> Iterator[Dated]:
    yield recorded, referral_made(service, pick(shares.REFERRED_TO, uniform))
    if met:
        yield first, referral_resolved(service, pick(shares.RESULT_MET, uniform), wait)
    elif uniform() < 0.8:
        result = pick(shares.RESULT_UNMET, uniform)
        waited = _between(recorded, min(recorded + 60, closed), uniform)
        band = band_of(v.WAIT_BAND_DAYS, waited - recorded)
        yield waited, referral_resolved(service, result, v.WaitBand(band or v.WaitBand.not_known))


def _barriers(services: list[v.Service], opened: int, closed: int, uniform: Uniform) -> Iterator[Dated]:
    for barrier in several(shares.BARRIERS, 5.2, uniform):
        at = int(uniform() * 2 * len(services))
        service = services[at] if at < len(services) else v.Service.not_applicable
        yield _between(opened, closed, uniform), barrier_reported(barrier, service)


def _outcomes(client: Client, opened: int, closed: int, uniform: Uniform) -> Iterator[Dated]:
    """One to three domains each half year, and at the end."""
    day = opened + 182
    while True:
        day = min(day, closed)
        for domain in several(shares.DOMAINS, 4, uniform) or [v.OutcomeDomain.safety]:
            yield day, _outcome(client, domain, uniform)
        if day >= closed:
            return
        day += 182


def _outcome(client: Client, domain: v.OutcomeDomain, uniform: Uniform) -> e.OutcomeAssessed:
    resiliency, protective = v.ResiliencyFactor.not_applicable, v.ProtectiveFactor.not_applicable
    if domain == v.OutcomeDomain.resiliency:
        resiliency = pick(shares.RESILIENCY, uniform)
    elif domain == v.OutcomeDomain.protective_factors:
        protective = pick(shares.PROTECTIVE, uniform)
    direction, reporter = pick(shares.DIRECTION, uniform), pick(shares.REPORTER, uniform)
    return outcome_assessed(domain, direction, reporter, resiliency, protective, client.age_band)
