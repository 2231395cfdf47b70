"""An agency's connection to its inbox and receipts on Kafka; a `Link` of `producers.delivery`.

Rules kept: one idempotent producer; every send is awaited and bounded in time; after an error the
whole connection is dropped and made again; receipts are read committed, from the beginning. Not
promised: that nothing from a dropped connection is written later. Its bytes may be on their way,
and a new idempotent producer does not fence the old one (docs/adr/0014).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from exchange.engine.errors import LogUnavailable
from exchange.engine.kafka.connection.look import check_connection
from exchange.engine.kafka.log import KafkaLog
from exchange.engine.log import Partition
from exchange.engine.reading import read_to, read_whole
from exchange.wire.records import decode_receipt
from exchange.wire.topics import inbox_of, receipts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exchange.engine.kafka.clients import ClientSettings
    from exchange.engine.log import Producer, Reader
    from exchange.wire.records import Receipt

CALL_S_MAX = 15.0
"""Seconds of one call, and of silence while reading. A longer one raises `LogUnavailable`."""
RECORDS_MAX = 20_000


class KafkaLink:
    """One agency's connection. Nothing connects before `connect`."""

    def __init__(self, settings: ClientSettings, agency: str) -> None:
        self._settings = settings
        self._key = agency.encode("ascii")
        self._inbox = Partition(inbox_of(agency), 0)
        self._receipts = Partition(receipts_of(agency), 0)
        self._log: KafkaLog | None = None
        self._producer: Producer | None = None
        self._reader: Reader | None = None
        self._fits = False

    async def connect(self) -> None:
        """Connect again; an earlier connection is asked to send nothing more.

        Raises a `ConnectionFault` where brokers answer and do not fit the settings. After a first
        success, whatever happens to the connection may pass.
        """
        await self.close()
        if not self._fits:
            await check_connection(self._settings)
        self._log = KafkaLog(self._settings)
        try:
            async with asyncio.timeout(CALL_S_MAX):
                self._producer = await self._log.producer()
                self._reader = await self._log.reader()
                begins = await self._reader.beginning_offsets([self._receipts])
                self._reader.assign([self._receipts])
                self._reader.seek(self._receipts, begins[self._receipts])
                self._fits = True
        except TimeoutError:
            await self.close()
            raise LogUnavailable("connecting") from None
        except BaseException:
            await self.close()
            raise

    async def cluster_id(self) -> str:
        """The cluster's id."""
        if self._log is None:
            raise LogUnavailable("not connected")
        try:
            async with asyncio.timeout(CALL_S_MAX):
                return await self._log.cluster_id()
        except TimeoutError:
            raise LogUnavailable("asking for the cluster id") from None

    async def send(self, values: Sequence[bytes]) -> None:
        """Append values to the inbox, in order. Returns when the log has them all."""
        if self._producer is None:
            raise LogUnavailable("not connected")
        try:
            async with asyncio.timeout(CALL_S_MAX):
                await self._producer.send(self._inbox, [(self._key, value) for value in values])
        except TimeoutError:
            raise LogUnavailable(f"writing to {self._inbox.topic}") from None

    async def latest(self) -> Receipt | None:
        """The newest receipt there is now."""
        if self._reader is None:
            raise LogUnavailable("not connected")
        ends, newest = await self._reader.stable_offsets([self._receipts]), None
        async for _, records in read_to(self._reader, ends, records_max=RECORDS_MAX, silent_s_max=CALL_S_MAX):
            newest = records[-1].value
        return None if newest is None else decode_receipt(newest)

    async def receipt(self, timeout_s: float) -> Receipt | None:
        """The newest receipt of those that came since the last one returned."""
        if self._reader is None:
            raise LogUnavailable("not connected")
        batch = await self._reader.getmany(timeout_s=timeout_s, records_max=RECORDS_MAX)
        values = [record.value for records in batch.values() for record in records if record.value is not None]
        return decode_receipt(values[-1]) if values else None

    async def inbox(self) -> Sequence[bytes]:
        """Every record of this agency in its inbox now, oldest first."""
        if self._log is None:
            raise LogUnavailable("not connected")
        reader = await self._log.reader()
        try:
            whole = read_whole(reader, self._inbox, records_max=RECORDS_MAX, silent_s_max=CALL_S_MAX)
            held = [record async for records in whole for record in records]
            return [record.value for record in held if record.key == self._key and record.value is not None]
        finally:
            await reader.close()

    async def close(self) -> None:
        """Close the whole connection; never raises."""
        log, producer, reader = self._log, self._producer, self._reader
        self._log = self._producer = self._reader = None
        for client in (producer, reader, log):
            if client is not None:
                await client.close()
