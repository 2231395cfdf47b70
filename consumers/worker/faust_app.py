"""The worker: a Faust app with the lanes, the `watch` agent on `pulse`, `derive` on `releases`.

The lanes run as a mode service. Faust's agents have only work for which at-least-once is enough: an
alert is an upsert computed from the newest pulses, a point one computed from the set of releases.
No Faust table exists. The web server, the leader topic and the declaration of topics are off. All
topics must exist before (`exchange topics apply`), because Faust would wait for ever for a missing
one.
"""

import asyncio
import secrets
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, cast

import faust
import structlog
from mode import Service

from consumers.log_source import KafkaSource
from consumers.release.calendar import HOUR_MS
from consumers.release.draw_process import DrawInProcess
from consumers.release.ledger_watch import LedgerWatch
from consumers.release.witness_file import WitnessFiles
from consumers.status.open_alerts import expected_lanes
from consumers.worker.derive_service import add_derive
from consumers.worker.lanes import Lanes, ReleaseSettings
from consumers.worker.life import PULSE_EVERY_S, WorkerLife, recorded
from consumers.worker.watchdog import Watchdog
from consumers.worker.watching import Watching
from exchange.core.admission.gate import Registration
from exchange.core.counting.generation import GENERATION
from exchange.engine.gc_tuning import relax_collector
from exchange.engine.kafka.admin import administer
from exchange.engine.kafka.clients import SESSION_TIMEOUT_MS, ClientSettings
from exchange.engine.kafka.connection.granted import require_rights
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.kafka.lost_state import refuse_lost_state
from exchange.engine.kafka.membership import KafkaMembership
from exchange.engine.kafka.provision import exchange_topics, require_topics
from exchange.engine.kafka.rights import rights_of_a_worker
from exchange.engine.lanes.lane import LaneLimits
from exchange.engine.lanes.stall_timer import first_of
from exchange.engine.log import Log, Partition, Producer
from exchange.engine.wall_clock import wall_ms
from exchange.settings import Settings
from exchange.wire.pulse import encode_pulse
from exchange.wire.topics import ALERTS, DAY_MS, EVENTS, PULSE, LaneName

logger = structlog.get_logger(__name__)


class LanesService(Service):
    """Runs the lanes and sends their pulse.

    A lane that fails for good ends the worker with its error.
    """

    def __init__(self, lanes: Lanes, log: KafkaLog, on_failure: Callable[[BaseException], None]) -> None:
        super().__init__()
        self._lanes = lanes
        self._log = log
        self._on_failure = on_failure
        self._producer: Producer | None = None
        self._running: asyncio.Task[None] | None = None

    @property
    def registered(self) -> Mapping[str, Registration] | None:
        """The registered agencies, as the lanes know them now; None before all were read."""
        return self._lanes.registered

    async def on_start(self) -> None:
        """Start the lanes, in a task of this service, so that stopping waits for it."""
        self._producer = await self._log.producer()
        self._running = asyncio.create_task(self._lanes.run(), name="lanes")
        self._running.add_done_callback(self._ended)

    async def on_stop(self) -> None:
        """Stop the lanes and close the clients while the loop still runs."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})
        if self._producer is not None:
            await self._producer.close()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_failure(error)

    @Service.task
    async def _beat(self) -> None:
        while not self.should_stop:
            pulses = [(p.lane.encode(), encode_pulse(p)) for p in self._lanes.pulses(wall_ms())]
            if pulses and self._producer is not None:
                await self._producer.send(Partition(PULSE, 0), pulses)
            await self.sleep(PULSE_EVERY_S)


def make_app(settings: Settings, log: KafkaLog, lanes: LanesService, folder: Path) -> faust.App:
    """The Faust app of one worker.

    `folder`: where Faust looks for its files, only while it starts.
    """
    app = faust.App(
        "exchange-watch",
        broker=[f"kafka://{server}" for server in settings.bootstrap_servers.split(",")],
        broker_credentials=credentials_of(settings.client("exchange-watch")),
        broker_session_timeout=SESSION_TIMEOUT_MS / 1000,
        broker_heartbeat_interval=2.0,
        consumer_auto_offset_reset="latest",
        store="memory://",
        datadir=folder,
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
        autodiscover=False,
    )
    app.service(cast("Any", lanes))  # an instance does as well as a class
    watching = Watching(
        log,
        int(settings.silent_after_days * DAY_MS),
        expected_lanes(settings.partitions, calendar=settings.calendar == "on"),
        lambda: lanes.registered,
        partitions=settings.partitions,
    )
    pulses = app.topic(PULSE, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    alerts = app.topic(ALERTS, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    async def watch(stream: Any) -> None:
        async for value in stream:
            watching.observe(value)

    app.agent(pulses, name=LaneName.WATCH)(watch)

    async def tick() -> None:
        mine = any(tp.topic == PULSE for tp in app.consumer.assignment())
        for subject, value in await watching.tick(mine=mine):
            await alerts.send(key=subject, value=value)

    app.timer(PULSE_EVERY_S)(tick)
    add_derive(app, log)
    return app


async def run_worker(settings: Settings, watchdog: Watchdog, *, ready: Callable[[], None] = lambda: None) -> None:
    """Run a worker until SIGINT, SIGTERM or cancellation; `ready` is called when it runs.

    Raises the error of a lane that failed for good. `watchdog`: started; from the first reason to
    end on, it gives this process a few seconds.
    """

    def started() -> None:
        watchdog.started()
        ready()

    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    watchdog.watch_loop(lambda: _finish(ended))
    log = KafkaLog(settings.client("exchange-worker"))
    ledger = LedgerWatch(log, witness_files(settings))
    try:
        async with recorded(WorkerLife(log, f"worker-{secrets.token_hex(3)}", ledger=ledger)) as life:
            witness_files(settings).prepare()
            watchdog.enters("look at rights and topics")
            await first_of(ended, asyncio.create_task(_require_topics(settings, log)))
            if not ended.done():
                await _run_app(settings, log, life, watchdog, ended, ledger=ledger, started=started)
    except BaseException as error:
        watchdog.must_end(error)
        raise
    finally:
        watchdog.enters("end of the process")


async def _run_app(
    settings: Settings,
    log: KafkaLog,
    life: WorkerLife,
    watchdog: Watchdog,
    ended: "asyncio.Future[None]",
    *,
    ledger: LedgerWatch,
    started: Callable[[], None],
) -> None:
    """Run lanes and agents until `ended`, or until Faust stops by itself."""

    def must_end(error: BaseException) -> None:
        watchdog.must_end(error)
        life.end(error)

    def failed(error: BaseException) -> None:
        must_end(error)
        _fail(ended, error)

    relax_collector()
    membership = KafkaMembership(settings.client("exchange-worker"), settings.group, EVENTS)
    limits = LaneLimits(records_max=settings.batch_records)
    running = Lanes(
        log, membership, life.worker, limits=limits, closing=_closing(settings), ledger=ledger, on_failure=must_end
    )
    unused = tempfile.TemporaryDirectory(prefix="exchange-faust-")
    app = make_app(settings, log, LanesService(running, log, failed), Path(unused.name))
    try:
        watchdog.enters("start of Faust and the lanes")
        with unused:  # gone as soon as Faust has started, so that a kill leaves nothing behind
            await _unless_ended(ended, app.start())
        if not ended.done():
            logger.info("worker started", group=settings.group)
            started()
            await _unless_ended(ended, app.wait_until_stopped())
        if not ended.done() and app.crash_reason is not None:
            failed(app.crash_reason)
        if ended.done():
            ended.result()
    except BaseException as error:
        must_end(error)
        raise
    finally:
        life.end()
        watchdog.must_end("Faust stopped by itself")
        watchdog.enters("stop of Faust and the lanes")
        await app.stop()


async def _unless_ended(ended: "asyncio.Future[None]", work: Coroutine[None, None, None]) -> None:
    """Wait for either; the work is cancelled when `ended` comes first, and not waited for."""
    task = asyncio.ensure_future(work)
    await asyncio.wait({ended, task}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    task.cancel()


def witness_files(settings: Settings) -> WitnessFiles:
    """The witness files of this host."""
    return WitnessFiles(settings.state_folder)


def _closing(settings: Settings) -> ReleaseSettings:
    """How this worker closes epochs."""
    grace_ms = int(settings.close_after_hours * HOUR_MS) if settings.calendar == "on" else None
    drawer, witness = DrawInProcess(KafkaSource(settings)), witness_files(settings)
    return ReleaseSettings(settings.partitions, drawer, witness, grace_ms, settings.clients_a_year)


async def _require_topics(settings: Settings, log: Log) -> None:
    """Raise unless every topic exists as the settings say, and this worker has all of its rights.

    NotAuthorized, StateMissing, PartitionUnknown, PartitionsDiffer, a ConnectionFault. A lost topic
    with state is not asked for: made empty, it does harm.
    """
    wanted = exchange_topics(partitions=settings.partitions, replication=settings.replication)
    client = settings.client("exchange-worker")
    async with administer(client) as admin:
        await require_rights(client, rights_of_a_worker(settings.group, GENERATION))
        await refuse_lost_state(log, await admin.partitions(), [spec.name for spec in wanted])
        await require_topics(admin, wanted)


def _finish(ended: "asyncio.Future[None]") -> None:
    if not ended.done():
        ended.set_result(None)


def _fail(ended: "asyncio.Future[None]", error: BaseException) -> None:
    if not ended.done():
        ended.set_exception(error)


def credentials_of(client: ClientSettings) -> Any:
    """The same sign-in, as Faust takes it; None without one."""
    if client.security_protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=client.sasl_username,
            password=client.sasl_password,
            mechanism=client.sasl_mechanism,
            ssl_context=client.ssl_context,
        )
    return faust.SSLCredentials(context=client.ssl_context) if client.ssl_context else None
