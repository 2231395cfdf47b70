"""Inputs of funders' reports, made of readings: random ones, and one report on them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from random import Random
from typing import Final

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.period import parse_period
from producers.checks.file_check import profile_without_one
from producers.facts import Fact, Reading, Where
from producers.reports.funder_report import FilledCell, FunderReport
from producers.reports.report_input import FILE, ReportInput, input_of
from producers.reports.report_making import make_report
from producers.reports.report_period import parse_report_period
from producers.reports.report_rows import ReportKind

TODAY: Final = date(2026, 12, 1)
QUARTERS: Final = ("2026Q1", "2026Q2", "2026Q3", "2026Q4")
SERVICES: Final = (v.Service.food, v.Service.legal, v.Service.information_referral, v.Service.emergency_shelter)
UNASKED: Final = (v.WaitBand.not_collected, v.CostBand.not_collected, v.UnitBand.not_collected)


@dataclass
class Given:
    """A source of these readings."""

    given: list[Reading]
    stays_here: Mapping[str, int] = field(default_factory=dict)

    def rows(self) -> int:
        return len(self.given)

    def read(self) -> Iterator[Reading]:
        return iter(self.given)


def report_on(readings: Iterable[Reading], kind: ReportKind = ReportKind.NEEDS, period: str = "2026Q3") -> FunderReport:
    return made(ReportInput(FILE, Given([*readings])), kind, period)


def report_of(path: Path, kind: ReportKind, period: str) -> FunderReport:
    return made(input_of(path, profile_without_one(path)), kind, period)


def made(counted_from: ReportInput, kind: ReportKind, period: str) -> FunderReport:
    return make_report(kind, parse_report_period(period), counted_from, TODAY)


def cell(made: FunderReport, section: str, label: str) -> FilledCell:
    (found,) = (one for one in made.cells if one.section.startswith(section) and one.label == label)
    return found


def fact(client: str, quarter: str, body: e.Correctable, *unread: str) -> Fact:
    key = f"{client}/{quarter}/{hash(body)}"
    return Fact(key, parse_period(quarter), v.UsState.ca, body, client, Where("file", 2), frozenset(unread))


def given(service: v.Service) -> e.ServiceProvided:
    return e.ServiceProvided(service, *UNASKED, v.FundingSource.ovw)


def opened(**answers: str) -> e.CaseOpened:
    asked = {"gender": "woman", "age_band": "age_24_26", "referral_source": "shelter"} | answers
    return e.CaseOpened(
        v.Gender(asked["gender"]),
        v.AgeBand(asked["age_band"]),
        v.ForeignNational.not_collected,
        v.ReferralSource(asked["referral_source"]),
    )


def trafficked(kind: v.TraffickingType) -> e.TraffickingFacts:
    return e.TraffickingFacts(
        kind,
        v.TraffickingStatus.possible,
        v.DecisionMaker.not_applicable,
        v.ExploitationType.not_known,
        v.SexExploitationType.not_known,
        v.LaborSector.not_known,
        v.RecruitmentMethod.not_collected,
        v.ControlMethod.not_applicable,
    )


def some_facts(random: Random, clients: Iterable[str]) -> list[Fact]:
    """Facts of everything that a report counts, in the quarters of 2026."""
    held = e.ActivityHeld(v.Activity.training_given, v.AudienceBand.people_11_50, v.AgencyType.legal)
    found = [fact("", random.choice(QUARTERS), held) for _ in range(random.randrange(4))]
    for client in clients:
        for quarter in random.sample(QUARTERS, random.randrange(1, 4)):
            found += [fact(client, quarter, body) for body in random.sample(_bodies(random), random.randrange(1, 6))]
    return found


def _bodies(random: Random) -> list[e.Correctable]:
    service, reason = random.choice(SERVICES), random.choice([*v.UnmetReason])
    domain, direction = random.choice([*v.OutcomeDomain]), random.choice([*v.OutcomeDirection])
    outcome = e.OutcomeAssessed(
        domain,
        direction,
        v.ReportedBy.worker,
        v.ResiliencyFactor.not_applicable,
        v.ProtectiveFactor.not_applicable,
        v.AgeBand.not_collected,
    )
    return [
        opened(gender=random.choice([*v.Gender]), age_band=random.choice([*v.AgeBand])),
        trafficked(random.choice([*v.TraffickingType])),
        e.NeedIdentified(service),
        given(random.choice(SERVICES)),
        e.NeedUnmet(service, reason, v.FundingSource.not_collected),
        e.BarrierReported(random.choice([*v.Barrier]), service),
        outcome,
        e.CaseClosed(
            random.choice([*v.ExitReason]), random.choice([*v.ExitDestination]), random.choice([*v.DurationBand])
        ),
    ]
