"""The agency's side: an edge and its vault, an HMIS export to be read, previewed and published.

The gate runs in the process of the edge; its CPU time and memory count, too.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import date
from pathlib import Path

from consumers.admission.enrolment import Enrolment, register
from consumers.admission.gate_step import GateStep
from consumers.admission.registry import read_registry
from exchange.core.model.vocabulary import LegalClass, UsState
from exchange.engine.gc_tuning import relax_collector
from exchange.engine.kafka.admin import administer
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.lanes.lane import Lane
from exchange.engine.log import Partition
from exchange.settings import Settings
from exchange.wire.topics import GATE_STATE
from producers.edge import Edge
from producers.profile import Profile
from producers.profile_sections import KafkaProfile
from producers.secret_files import Secret
from producers.sources.hmis import HmisExport, HmisSettings
from producers.switches import SWITCHES
from producers.vault.fact_store import FactStore
from producers.vault.sent_chain import Chain
from producers.vault.store import Vault
from tests.bench.lane_cases import GATE, Took
from tests.bench.load import Size, sample_agencies
from tests.kits.large_export import AFTER, write_large_export

AGENCY = "bench-edge"
SECRET = Secret(raw_key=bytes(32))
TODAY = date(2027, 1, 1)


async def edge(settings: Settings, size: Size) -> Took:
    """One agency publishes through its edge and vault until this process's gate admits all."""
    relax_collector()
    agency = next(a for a in sample_agencies(Size(size.events, 1)) if a)
    facts = [fact for fact, _ in zip(agency.facts(), range(size.events), strict=False)]
    with profile_of(settings, agency.state, agency.legal_class) as profile:
        async with gating(settings, profile):
            clock, cpu = time.perf_counter(), time.process_time()
            async with Edge.open(profile, secret=SECRET, today=TODAY) as publishing:
                await publishing.read_all(facts)
                staged = time.perf_counter() - clock
            took = time.perf_counter() - clock, time.process_time() - cpu
    return len(facts), *took, f"gate included; {len(facts) / staged:,.0f} facts/s into the vault"


async def reading(settings: Settings, size: Size) -> Took:
    """An HMIS export with so many services, read without a vault."""
    relax_collector()
    with export_of(size.events) as export:
        clock, cpu = time.perf_counter(), time.process_time()
        rows, readings = export.rows(), sum(1 for _ in export.read())
        took = time.perf_counter() - clock, time.process_time() - cpu
    return rows, *took, f"{readings:,} readings"


async def previewing(settings: Settings, size: Size) -> Took:
    """What of such an export would leave, by a new vault."""
    relax_collector()
    with export_of(size.events) as export, profile_of(settings) as profile:
        clock, cpu = time.perf_counter(), time.process_time()
        async with Edge.open(profile, secret=SECRET, today=AFTER, preview=True) as looking:
            rows = export.rows()
            await looking.read_all(export.read())
            leaving = sum(one.count for one in looking.leaving())
        took = time.perf_counter() - clock, time.process_time() - cpu
    return rows, *took, f"{leaving:,} events would leave"


async def publishing(settings: Settings, size: Size) -> Took:
    """Such an export, published by a new vault, and once more."""
    relax_collector()
    with export_of(size.events) as export, profile_of(settings) as profile:
        rows = export.rows()
        async with gating(settings, profile):
            clock, cpu = time.perf_counter(), time.process_time()
            await _publish(export, profile)
            took = time.perf_counter() - clock, time.process_time() - cpu
            clock, cpu = time.perf_counter(), time.process_time()
            await _publish(export, profile)
            again = time.perf_counter() - clock, time.process_time() - cpu
    note = f"gate included; unchanged again {again[0]:.1f} s, CPU {again[1]:.1f} s"
    return rows, *took, note


async def _publish(export: HmisExport, profile: Profile) -> None:
    async with Edge.open(profile, secret=SECRET, today=AFTER) as publishing:
        await publishing.read_all(export.read())


@contextmanager
def export_of(services: int) -> Iterator[HmisExport]:
    """An export with so many services, in a file of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.zip"
        write_large_export(path, services)
        yield HmisExport(path, HmisSettings(state=UsState.ca, all_projects_trafficking=True))


@contextmanager
def profile_of(
    settings: Settings, state: UsState = UsState.ca, legal_class: LegalClass = LegalClass.individual
) -> Iterator[Profile]:
    """The profile of an agency with a new vault."""
    with tempfile.TemporaryDirectory() as folder:
        profile = Profile(
            agency=AGENCY,
            state=state,
            legal_class=legal_class,
            vault=Path(folder) / "vault",
            kafka=KafkaProfile(bootstrap_servers=settings.bootstrap_servers),
            sensitive=tuple(SWITCHES),
        )
        Vault.create(profile, SECRET).close()
        yield profile


@asynccontextmanager
async def gating(settings: Settings, profile: Profile) -> AsyncIterator[None]:
    """The agency is registered, and a gate admits what it sends."""
    log = KafkaLog(settings.client("bench"))
    with Vault.open(profile, SECRET) as vault:
        number, key = Chain(vault, FactStore(vault)).public_key
    async with administer(settings.client("bench")) as admin:
        await register(log, admin, Enrolment(AGENCY, profile.legal_class, key, number), replication=1)
    registry = await read_registry(log)
    lane = Lane(log, "gate", 0, lambda: GateStep(0, registry), Partition(GATE_STATE, 0), limits=GATE)
    running = asyncio.create_task(lane.run())
    yield
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await log.close()
