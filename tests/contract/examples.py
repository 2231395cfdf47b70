"""The examples beside the schemas, written once by `python -m tests.contract.examples`.

Each pinned schema file has its own, and test_examples.py holds the code to them. Only those of the
newest versions are written here: older ones stay as they were written.

Each file of `schemas/avro/examples/` has one list: the example's description, the value in Avro's
JSON encoding, and the bytes of the record as hexadecimal digits, so that an edge in any language
can check itself. The events are two whole chains, of an agency that sends events and of one that
shares totals only; the gate admits both.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from hashlib import sha256
from io import BytesIO, StringIO
from operator import or_
from pathlib import Path

import fastavro
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import schemas
from exchange.core.admission.cap_rules import NONE, Cap, rules_of
from exchange.core.admission.gate import Refused, Registration
from exchange.core.admission.reasons import Reason
from exchange.core.counting.tables import TALLIED
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.view import Origin
from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.chain import Head, digest_of, heartbeat_message
from exchange.core.model.epochs import parse_epoch
from exchange.core.model.event_layout import PREFIX
from exchange.core.model.ledger_head import LedgerHead
from exchange.core.model.period import parse_period, period_of
from exchange.core.model.tally_tables import TallyTable
from exchange.core.release.agency_tables import ShownCount
from exchange.core.release.budget import TABLE_COSTS
from exchange.core.release.catalogue import DECLARED
from exchange.core.release.client_tables import tally_bits
from exchange.core.release.cuts import Address, Cut, Relocation
from exchange.core.release.privacy_ledger import Account
from exchange.core.release.released import Release
from exchange.wire import public_records as out
from exchange.wire import pulse as p
from exchange.wire import records as m
from exchange.wire import release_records as c
from exchange.wire.codec import encode
from exchange.wire.schemas import newest

AVRO = Path(schemas.__file__).parent / "avro"
FOLDER = AVRO / "examples"
FILES = {row["id"]: row["file"] for row in json.loads((AVRO / "manifest.json").read_text(encoding="utf-8"))["schemas"]}
"""The file of each pinned schema, by id."""
KEY = Ed25519PrivateKey.from_private_bytes(sha256(b"the published key of the examples").digest())
EVENTS, TOTALS = "example-events", "example-totals"
PERIOD = period_of(2026, 1)
Examples = list[tuple[str, bytes]]


def registration(agency: str) -> Registration:
    totals = agency == TOTALS
    legal_class = v.LegalClass.tally_only if totals else v.LegalClass.individual
    return Registration(agency, legal_class, totals, 3, ((0, KEY.public_key().public_bytes_raw()),))


def bodies_of_events() -> list[e.Body]:
    no = "not_applicable"
    return [
        e.CaseOpened(v.Gender.woman, v.AgeBand.age_21_23, v.ForeignNational.declined, v.ReferralSource.hotline),
        e.TraffickingFacts(
            v.TraffickingType.labor,
            v.TraffickingStatus.confirmed,
            v.DecisionMaker.ngo,
            v.ExploitationType.forced_labor,
            v.SexExploitationType(no),
            v.LaborSector.domestic_work,
            v.RecruitmentMethod.labor_agency,
            v.ControlMethod(no),
        ),
        e.TraffickingFacts(
            v.TraffickingType(no),
            v.TraffickingStatus(no),
            v.DecisionMaker(no),
            v.ExploitationType(no),
            v.SexExploitationType(no),
            v.LaborSector(no),
            v.RecruitmentMethod(no),
            v.ControlMethod.debt_bondage,
        ),
        e.NeedIdentified(v.Service.housing),
        e.ServiceProvided(
            v.Service.housing,
            v.WaitBand.days_8_30,
            v.CostBand.usd_1000_4999,
            v.UnitBand.units_6_20,
            v.FundingSource.ovc,
        ),
        e.NeedUnmet(v.Service.legal, v.UnmetReason.waitlist, v.FundingSource.state),
        e.BarrierReported(v.Barrier.lack_of_trust, v.Service(no)),
        e.ReferralMade(v.Service.legal, v.AgencyType.legal),
        e.ReferralResolved(v.Service.legal, v.ReferralResult.waitlisted, v.WaitBand.days_31_90),
        e.HealthObserved(
            v.HealthCondition.chronic_pain,
            v.TraffickingType.labor,
            v.LaborSector.domestic_work,
            v.DurationBand.over_24_months,
            v.AgeBand.age_21_23,
        ),
        e.OutcomeAssessed(
            v.OutcomeDomain.resiliency,
            v.OutcomeDirection.improved,
            v.ReportedBy.survivor,
            v.ResiliencyFactor.hope,
            v.ProtectiveFactor(no),
            v.AgeBand.age_21_23,
        ),
        e.CaseClosed(v.ExitReason.goals_met, v.ExitDestination.rental_subsidized, v.DurationBand.months_12_to_24),
        e.ExploiterObserved(
            v.TraffickerType.household,
            v.TraffickerRole.exploiter,
            v.RecruiterRelation(no),
            v.BuyerOrBeneficiaryType.household_employer,
            v.SexExploitationType(no),
            v.LaborSector.domestic_work,
        ),
        e.FactorObserved(
            v.SocietalFactor(no),
            v.EconomicFactor.debt,
            v.ProtectiveFactor(no),
            v.ResiliencyFactor(no),
            v.TraffickingType.labor,
        ),
        e.ActivityHeld(v.Activity.training_given, v.AudienceBand.people_11_50, v.AgencyType.law_enforcement),
        e.PracticeShared(17, v.PracticeUse.read, v.Service.interpretation),
        e.CapacityReported(v.Service.emergency_shelter, 24),
        e.FundingReceived(v.FundingSource.voca_state, v.Service(no), 250_000),
        e.ProviderSurveyed(v.AgencyType.ngo, v.Barrier.lack_of_funding, v.Barrier(no), v.YearsBand(no)),
        e.AgencyProfiled(v.AgencyType.ngo, v.ReportingMode.events),
    ]


def marks_of(body: e.Body) -> Cap:
    """The bits of a client's only event of its kind; a total has those of the tables it feeds."""
    if isinstance(body, e.Tally):
        return tally_bits(TALLIED[body.table])
    return reduce(or_, (rule.bit for rule in rules_of(body) if rule.body), NONE)


def event_chain(agency: str) -> Iterator[bytes]:
    """A chain of every body that the agency may send, a correction of the first and a heartbeat."""
    previous = sha256(agency.encode("ascii")).digest()
    totals: list[e.Body] = [e.Tally(TallyTable.cases_by_gender, (3, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0))]
    bodies = totals if agency == TOTALS else bodies_of_events()
    first = e.Event(1, previous, PERIOD, v.UsState.ca, int(marks_of(bodies[0])), bodies[0])
    assert not isinstance(first.body, e.Heartbeat | e.Correction)
    restated = e.Correction(first.sequence, first.previous, first.period, first.state, first.cap, first.body)
    for sequence, body in enumerate((*bodies, restated), start=1):
        cap = marks_of(body)
        if body is restated and agency == EVENTS:
            cap = Cap(first.cap)  # the correction of a total has none
        value = encode(e.Event(sequence, previous, PERIOD, v.UsState.ca, int(cap), body))
        previous = digest_of(value)
        yield value
    unsigned = e.Heartbeat(v.Scheduled.yes, v.ReportingMinutes.minutes_0_5, 0, bytes(64), v.OnTime.yes)
    signature = KEY.sign(heartbeat_message(agency, len(bodies) + 2, previous, PERIOD, "ca", unsigned))
    beat = replace(unsigned, signature=signature)
    yield encode(e.Event(len(bodies) + 2, previous, PERIOD, v.UsState.ca, NONE, beat))


def event_examples() -> Examples:
    return [
        (f"{agency}, event {number}", value)
        for agency in (EVENTS, TOTALS)
        for number, value in enumerate(event_chain(agency), start=1)
    ]


def message_examples() -> dict[str, Examples]:
    heads = {agency: list(event_chain(agency)) for agency in (EVENTS, TOTALS)}
    head = Head(len(heads[EVENTS]), digest_of(heads[EVENTS][-1]))
    refused = Refused(head.sequence + 1, Reason.UNSOUND)
    digests = b"".join(digest_of(value)[:8] for value in heads[EVENTS])
    block = bytes(16) + digests[8:] + bytes(4096 - 8 - len(digests))
    lane = p.AgencyPulse(EVENTS, head.sequence, "", 1_767_225_600_000, 0, 5, 1_767_225_500_000)
    pulse = p.Pulse("gate-3", "worker-1", 1_767_225_600_500, "running", 4_711, 12, 4_700, 31, 240, 1, 2, 3, (lane,))
    alive = p.WorkerPulse("worker-1", 1_767_225_600_000, 1_767_225_600_500)
    stalled = replace(alive, at_ms=1_767_225_612_500, ended=True, reason="LaneStalled")
    ledger = LedgerHead(parse_epoch("2026-03"), head.digest)
    refusing = replace(alive, remembers=ledger, refuses="LedgerBehind: The ledger in `draws` has no closed month.")
    alert = p.Alert(f"agency:{TOTALS}", p.AlertKind.SILENT, 1_767_225_600_000, "No heartbeat since: call the agency.")
    return {
        "registration": [(agency, m.encode_registration(registration(agency))) for agency in (EVENTS, TOTALS)],
        "receipt": [
            ("all accepted", m.encode_receipt(m.Receipt(head))),
            ("the next one refused", m.encode_receipt(m.Receipt(head, refused))),
            ("nothing yet", m.encode_receipt(m.Receipt(Head()))),
            ("a month is closed", m.encode_receipt(m.Receipt(head, ledger=ledger))),
        ],
        "refusal": [("a body that contradicts itself", m.encode_refusal(m.Refusal(23, Reason.UNSOUND, 1, 22)))],
        "gate_inbox": [
            ("well", m.encode_gate_inbox(m.GateInbox(22, 1_767_225_600_000, 0, None))),
            (
                "skipping",
                m.encode_gate_inbox(m.GateInbox(23, 1_767_225_600_000, 1_767_225_600_000, refused, bytes(range(16)))),
            ),
        ],
        "gate_head": [("the head after all examples", m.encode_gate_head(head))],
        "gate_block": [("sequences 0 to 511: the first retracted", m.encode_gate_block(block))],
        "gate_tally": [("the sequence of a tally", m.encode_gate_tally(1))],
        "gate_written": [("after 23 events", m.encode_gate_written(m.GateWritten(23, head.digest, 2**255 + 1, 12)))],
        "position": [
            ("after 23 events", m.encode_position(m.Position(40, 2**255 + 1, "0123456789ab", 23, head.digest)))
        ],
        "pulse": [("a gate at work", p.encode_pulse(pulse))],
        "worker_pulse": [
            ("a worker at work", p.encode_worker_pulse(alive)),
            ("the end of a worker whose lane stalled", p.encode_worker_pulse(stalled)),
            ("a witness that refuses the ledger", p.encode_worker_pulse(refusing)),
        ],
        "alert": [("an agency gone silent", p.encode_alert(alert))],
        **release_examples(),
    }


def release_examples() -> dict[str, Examples]:
    epoch, plan = parse_epoch("2026-04"), TABLE_COSTS["cases"]
    january, versions, clients = parse_epoch("2027-01"), ("exchange 0.1", "opendp 0.16"), 12_000
    drawn = Release(
        "cases",
        plan.row.tier,
        plan.row.bit,
        epoch,
        places=plan.row.places,
        dimensions=(),
        codes=(),
        counts=(131,),
        variance=plan.variance,
        versions=versions,
        rho=plan.rho,
        clients_a_year=clients,
    )
    shown = DECLARED["reporting"]
    hidden = Release(
        shown.name,
        shown.tier,
        NONE,
        epoch,
        shown.places,
        shown.dimensions,
        shown.codes,
        counts=(12, None),
        variance=Fraction(0),
        versions=versions,
    )
    account = Account(plan.row.tier, plan.rho, plan.terms, epoch, epoch)
    behind = ShownCount("activities_by_kind", 4, (("an-agency", 3), ("another-agency", 4), ("a-third-agency", 2)))
    said = (("an-agency", (("pacific", "shelter", 2),)),)
    cluster, other = "q1Sh-9_zSziwmZ-TPuJzYg", "5L6g3nShT-eMCtK--X86sw"
    cut = Cut((("an-agency", 24), ("another-agency", 16)), (24, 0, 16, 0), cluster, (25, 0, 17, 4))
    accounts = (("cases", account),)
    done = c.Spent(1, epoch, 1_777_680_000_000, 1_777_679_999_000, "", 40, cut, accounts, clients, (behind,), said)
    refused = c.Spent(2, epoch, 1_777_680_100_000, 1_777_680_100_000, "EpochOutOfOrder", 40, cut, accounts, clients)
    begun = Relocation(cluster, other, "ab" * 32, 1_775_001_800_000, finished=False)
    addresses = (Address(epoch, (40, 0), (40, 0)),)
    share = MetricPoint(
        "unmet_need_share",
        (("division", "pacific"),),
        parse_period("2026"),
        january,
        Decimal("0.2750"),
        Decimal("0.2011"),
        Decimal("0.3489"),
        "share",
        withheld=False,
        usable=True,
        computed_from=(Origin("state_needs_by_service_group", january),),
    )
    withheld = replace(share, value=None, low=None, high=None, withheld=True, usable=False)
    arrived = replace(
        share, metric="arrivals_cases", dimensions=(), period=None, computed_from=(Origin("arrivals_cases", january),)
    )
    return {
        "close": [("by the calendar", c.encode_close(c.Close(epoch, c.Asker.CALENDAR, 1_775_001_600_000)))],
        "spent": [("carried out", c.encode_spent(done)), ("refused", c.encode_spent(refused))],
        "relocation": [
            ("begun", c.encode_relocation(begun)),
            ("finished", c.encode_relocation(replace(begun, finished=True, addresses=addresses))),
        ],
        "release": [
            ("about clients", out.encode_release(drawn)),
            ("about agencies, a cell hidden", out.encode_release(hidden)),
        ],
        "metric_point": [
            ("shown", out.encode_point(share)),
            ("withheld", out.encode_point(withheld)),
            ("arrivals of a month", out.encode_point(arrived)),
        ],
    }


def avro_json(name: str, value: bytes) -> object:
    """The record in Avro's JSON encoding."""
    parsed = newest(name).parsed
    plain = fastavro.schemaless_reader(BytesIO(value[PREFIX:]), parsed, None, return_record_name=True)
    text = StringIO()
    fastavro.json_writer(text, parsed, [plain])
    return json.loads(text.getvalue())


def document(name: str, said: Examples) -> str:
    schema = newest(name)
    examples = [{"says": says, "value": avro_json(name, value), "bytes": value.hex()} for says, value in said]
    return json.dumps({"schema": FILES[schema.id], "id": schema.id, "examples": examples}, indent=1) + "\n"


def example_file(schema_id: int) -> str:
    return FILES[schema_id].replace(".avsc", ".json")


def documents() -> dict[str, str]:
    """The text of each file of examples of a newest version."""
    made = {"event": event_examples(), **message_examples()}
    return {example_file(newest(name).id): document(name, said) for name, said in made.items()}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for file, text in documents().items():
        (FOLDER / file).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
