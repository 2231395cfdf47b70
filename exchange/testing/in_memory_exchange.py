"""A whole exchange in one process without Kafka, to test programs of agencies and evaluators.

    async with InMemoryExchange() as exchange:
        profile = exchange.profile("harbor-light")
        exchange.enrol(profile)
        async with exchange.edge(profile) as edge:
            await edge.publish(fact)
        await exchange.close("2026-04")

Real: the edge with its vault on disk, the gate's verdicts and receipts, tables, releases (draws,
agency tables, what is due when), metrics, and the log that evaluators read. `docs/TESTING.md` shows
examples.

Not real: time (`close` closes a month when it is called), noise (none, unless you pass some), lanes
and their transactions, rights. `close` needs the extra `worker`; everything else needs the base
install.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from consumers.admission.enrolment import AgencyNotRegistered, Enrolment, enrolled
from exchange.core.admission.gate import Refused, Registration, Status
from exchange.core.counting.cells import increments
from exchange.core.errors import ExchangeError
from exchange.core.metrics.figures import MetricPoint
from exchange.core.model.epochs import parse_epoch
from exchange.core.model.events import Event
from exchange.core.model.vocabulary import LegalClass, UsState
from exchange.core.release.released import Release
from exchange.engine.log import Partition
from exchange.testing.memory_broker import MemoryBroker
from exchange.testing.memory_gate import MemoryGate
from exchange.testing.memory_log import MemoryLog
from exchange.wire.codec import decode
from exchange.wire.public_records import decode_point, decode_release
from exchange.wire.records import Receipt, encode_registration
from exchange.wire.topics import AGENCIES, DRAW_BYTES_MAX, EVENTS, METRICS, RELEASES, TOPICS
from producers.delivery.link import Link
from producers.delivery.run_options import RunOptions
from producers.edge import Edge
from producers.profile import Profile
from producers.secret_files import KEY_OCTETS, Secret
from producers.setup import look, make_vault

if TYPE_CHECKING:
    from consumers.release.draw_task import Noise
    from exchange.testing.memory_releases import MemoryReleases


class WorkerExtraMissing(ExchangeError):
    """Closing a month needs the extra `worker`, which this install does not have."""

    hint = 'In the clone run `pip install ".[worker]"`. Publishing and counting need no extra.'


SECRET: Final = Secret(raw_key=bytes(range(KEY_OCTETS)))
"""Opens the vaults of agencies in tests."""


class InMemoryExchange:
    """An exchange in memory, used as `async with`.

    `today`: the edges' date, which decides what quarters are over.
    """

    def __init__(self, *, today: date | None = None) -> None:
        self.today = today
        self._gates: dict[str, MemoryGate] = {}
        self._secrets: dict[str, Secret] = {}
        self._releases: MemoryReleases | None = None
        self._resources = ExitStack()
        self._broker = MemoryBroker(_after, time.monotonic, record_bytes_max=DRAW_BYTES_MAX)
        for topic in TOPICS:
            if not topic.per:
                self._broker.create(topic.name)

    async def __aenter__(self) -> Self:
        self._folder = Path(self._resources.enter_context(TemporaryDirectory(prefix="exchange-in-memory-")))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._resources.close()

    # Agencies

    def profile(
        self, agency: str, legal_class: LegalClass = LegalClass.individual, state: UsState = UsState.ca, **keys: object
    ) -> Profile:
        """A profile whose vault is in the exchange's own folder, which is deleted at the end.

        `keys`: of the profile.
        """
        vault = self._folder / f"{agency}.vault"
        own = {"agency": agency, "legal_class": legal_class, "state": state, "vault": vault}
        return Profile.model_validate({**own, **keys})

    def enrol(
        self, profile: Profile, secret: Secret = SECRET, *, legal_class: LegalClass | None = None
    ) -> Registration:
        """Register an agency as the operator does; make its vault where there is none.

        `legal_class`: register another one than the profile's, to see what the gate then refuses.
        Raises what `exchange agencies add` does.
        """
        if not profile.vault.exists():
            make_vault(profile, secret)
        vault = look(profile, secret)
        key = bytes.fromhex(vault.public_key)
        kind = legal_class or profile.legal_class
        small_counts = profile.small_counts and kind is LegalClass.tally_only
        enrolment = Enrolment(profile.agency, kind, key, vault.key_number, small_counts)
        registration = enrolled({}, enrolment, 1, confirmed=False)
        self._secrets[profile.agency] = secret
        self._gates[profile.agency] = MemoryGate(registration, on_admitted=partial(self._admit, profile.agency))
        self._register(registration)
        return registration

    def change(self, agency: str, enrolment: Enrolment) -> Registration:
        """Change a registration as the operator does, a mistake included (`--yes`)."""
        gate = self.gate(agency)
        registered = {agency: gate.state.registration or gate.registration}
        registration = enrolled(registered, enrolment, 1, confirmed=True)
        self._register(registration)
        return registration

    def suspend(self, agency: str) -> None:
        """Let the gate refuse everything that the agency sends."""
        self.change(agency, Enrolment(agency, status=Status.SUSPENDED))

    def resume(self, agency: str) -> None:
        """End a suspension."""
        self.change(agency, Enrolment(agency, status=Status.ACTIVE))

    def edge(self, profile: Profile, *, options: RunOptions | None = None, preview: bool = False) -> Edge:
        """An enrolled agency's edge, for an `async with` block. Raises AgencyNotRegistered."""
        link = self.link(profile.agency)
        secret = self._secrets[profile.agency]
        return Edge.open(profile, secret=secret, link=link, today=self.today, options=options, preview=preview)

    def link(self, agency: str) -> Link:
        """An enrolled agency's way to the exchange, for a program that opens its own edge.

        `Edge.open(…, link=…)`.
        """
        return self.gate(agency).link()

    # What the exchange got

    @property
    def events(self) -> list[tuple[str, Event]]:
        """(agency, event) of everything that the gate admitted, in order.

        Each run ends with a `Heartbeat`.
        """
        records = self._broker.committed(Partition(EVENTS, 0))
        return [((record.key or b"").decode("ascii"), decode(record.value or b"")) for record in records]

    def gate(self, agency: str) -> MemoryGate:
        """An enrolled agency's inbox and gate: every value, receipt and refusal."""
        if agency not in self._gates:
            raise AgencyNotRegistered(f"{agency} is not registered.")
        return self._gates[agency]

    def receipt(self, agency: str) -> Receipt | None:
        """The gate's newest receipt for the agency; None before its first event."""
        receipts = self.gate(agency).receipts
        return receipts[-1] if receipts else None

    @property
    def refusals(self) -> list[tuple[str, Refused]]:
        """(agency, sequence and reason) of everything that the gate refused."""
        return [(agency, refused) for agency, gate in self._gates.items() for refused in gate.refused]

    @property
    def counts(self) -> Mapping[str, int]:
        """The exact counts of every table: `needs_by_service|2026Q1|ca|housing` → count.

        In a real exchange only operators see them.
        """
        found: Counter[str] = Counter()
        for agency, event in self.events:
            for cell, count in increments(agency, event):
                found[cell.decode("ascii")] += count
        return {cell: count for cell, count in found.items() if count}

    # What evaluators see

    @property
    def log(self) -> MemoryLog:
        """The log, for `consumers.subscribe(…, log=…)` and `consumers.follow`."""
        return MemoryLog(self._broker)

    async def close(self, month: str, noise: "Noise | None" = None) -> None:
        """Close a month such as 2026-04, and before it every month since the last that was closed.

        All events that were admitted since then arrive in the first of these months. A quarter is
        counted with the month after it: 2026Q1 with 2026-04. `noise`: from (sigma, length) to so
        many integers; without it none, so that figures are exact. Raises EpochInvalid, EpochClosed,
        and WorkerExtraMissing.
        """
        try:
            from exchange.testing.memory_releases import MemoryReleases, no_noise  # these need numpy
        except ModuleNotFoundError as error:
            if error.name != "numpy":
                raise
            raise WorkerExtraMissing from None
        epoch = parse_epoch(month)
        if self._releases is None:
            self._releases = MemoryReleases(self._broker)
        last = await self._releases.last_closed()
        first = epoch if last is None else min(last + 1, epoch)
        for one in range(first, epoch + 1):
            await self._releases.close(one, noise or no_noise)

    @property
    def releases(self) -> list[Release]:
        """Everything that was released, in order."""
        return [decode_release(record.value or b"") for record in self._broker.committed(Partition(RELEASES, 0))]

    @property
    def metrics(self) -> list[MetricPoint]:
        """Every published point, in order."""
        return [decode_point(record.value or b"") for record in self._broker.committed(Partition(METRICS, 0))]

    def _register(self, registration: Registration) -> None:
        self._gates[registration.agency].state.registration = registration
        key = registration.agency.encode("ascii")
        self._broker.append(Partition(AGENCIES, 0), (key, encode_registration(registration)))

    def _admit(self, agency: str, value: bytes) -> None:
        self._broker.append(Partition(EVENTS, 0), (agency.encode("ascii"), value))


def _after(delay_s: float, callback: Callable[[], object]) -> object:
    return asyncio.get_running_loop().call_later(delay_s, callback)
