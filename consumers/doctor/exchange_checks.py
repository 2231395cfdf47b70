"""Checks of the exchange on the cluster: topics, lost state, the clock, the rights of this user."""

from typing import Final

from exchange.core.counting.generation import GENERATION
from exchange.core.findings import CheckResult, fault, listed, ok, warning
from exchange.engine.errors import NotAuthorized
from exchange.engine.kafka.admin import Admin, TopicSpec
from exchange.engine.kafka.clients import ClientSettings
from exchange.engine.kafka.connection.granted import require_rights
from exchange.engine.kafka.lost_state import StateMissing, refuse_lost_state
from exchange.engine.kafka.provision import check
from exchange.engine.kafka.rights import rights_of_an_operator
from exchange.engine.log import Log, Partition
from exchange.engine.reading import newest_before
from exchange.engine.wall_clock import Clock
from exchange.wire.topics import PULSE

TOPICS: Final = "topics"
STATE: Final = "state"
CLOCK: Final = "clock"
RIGHTS: Final = "rights"
CLOCK_MS_MAX: Final = 5_000
PULSE_MS_MAX: Final = 15_000
"""A worker that runs has sent a pulse within this."""


async def topics_found(admin: Admin, wanted: list[TopicSpec]) -> CheckResult:
    """Whether every topic exists as the table says. Raises NotAuthorized if one may not be seen."""
    differences = await check(admin, wanted)
    if differences:
        shown = listed([str(difference) for difference in differences])
        return fault(TOPICS, shown, "`exchange topics check` lists all; `exchange topics apply` corrects them.")
    return ok(TOPICS, f"{len(wanted)}, all as they should be")


async def state_found(log: Log, admin: Admin, wanted: list[TopicSpec]) -> CheckResult:
    """Whether a topic that holds state was lost. Raises NotAuthorized if one may not be seen."""
    found = await admin.partitions()
    await admin.refuse_hidden([spec.name for spec in wanted if spec.name not in found])
    try:
        await refuse_lost_state(log, found, [spec.name for spec in wanted])
    except StateMissing as missing:
        return fault(STATE, str(missing.args[0]), 'See docs/OPERATIONS.md, "When state is lost, older or held open".')
    return ok(STATE, "no topic with state was lost")


async def clock_found(log: Log, admin: Admin, clock: Clock) -> CheckResult:
    """Whether this machine's clock agrees with that of a worker, which sends pulses.

    Raises NotAuthorized if those may not be read.
    """
    there = PULSE in await admin.partitions()
    if not there:
        await admin.refuse_hidden([PULSE])
    newest = await _newest_pulse_ms(log) if there else None
    now_ms = clock()
    if newest is not None and newest > now_ms + CLOCK_MS_MAX:
        seconds = (newest - now_ms) / 1000
        return fault(CLOCK, f"{seconds:,.0f} s behind that of a worker", "Set the clocks of all machines (NTP).")
    if newest is None or now_ms - newest > PULSE_MS_MAX:
        found = "not compared: no worker sends a pulse, or its clock is behind"
        return warning(CLOCK, found, "Start a worker, then look again.")
    return ok(CLOCK, "agrees with a worker's to some seconds")


async def _newest_pulse_ms(log: Log) -> int | None:
    partition = Partition(PULSE, 0)
    reader = await log.reader()
    try:
        reader.assign([partition])
        begin = (await reader.beginning_offsets([partition]))[partition]
        end = (await reader.stable_offsets([partition]))[partition]
        newest = await newest_before(reader, partition, begin, end)
    finally:
        await reader.close()
    return None if newest is None else newest.timestamp


async def rights_found(client: ClientSettings) -> CheckResult:
    """Whether this user has the rights of an operator."""
    try:
        await require_rights(client, rights_of_an_operator(GENERATION))
    except NotAuthorized as lacking:
        return warning(RIGHTS, str(lacking.args[0]), "Commands of an operator need them: `exchange topics rights`.")
    return ok(RIGHTS, "this user has those of an operator")
