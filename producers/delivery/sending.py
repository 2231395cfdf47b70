"""Delivers the outbox to the exchange and makes sure that it arrived.

A loop without memory: chain some events, send some, look for a receipt, act on it. All it knows is
in the vault and in the newest receipt. So it may be killed anywhere, and begins again by reading
the receipt. Many events are under way at once (`WINDOW`). Waiting is bounded
(`producers.delivery.waiting`) and ends with a named error, while everything is kept in the vault.
"""

from collections.abc import Callable, Iterator
from typing import Final

from exchange.core.admission.reasons import Reason
from exchange.core.words import number_of
from exchange.engine.errors import LogUnavailable, PartitionUnknown
from exchange.wire.records import Receipt
from producers import errors
from producers.cooperative import cooperative, walked, walked_slowly
from producers.delivery.link import Link
from producers.delivery.outbox import Outbox
from producers.delivery.receipts import Delivered, Fork, Mark, Repair, Replay, Resend, meaning_of
from producers.delivery.remembered.clusters import check_cluster, note_cluster
from producers.delivery.remembered.ledger_memory import remember
from producers.delivery.report import Report
from producers.delivery.restore import by_digest, path_back, unknown_runs
from producers.delivery.run_chain import CHUNK, RunChain
from producers.delivery.run_options import RunOptions
from producers.delivery.waiting import Next, Waiting
from producers.vault.chain_row import Beat
from producers.vault.sent_chain import Chain
from producers.vault.store import Vault

WINDOW: Final = 50_000


class Sending:
    """The delivery of one run. `beat`: the fields of a heartbeat that feeds no figure.

    It takes the place of a refused event and closes parts of a run. `stage`: the steps that make
    ready what is to be sent, again after something was read back.

    `address`: of the exchange, for the message when it cannot be reached.
    """

    def __init__(
        self,
        vault: Vault,
        chain: Chain,
        outbox: Outbox,
        *,
        link: Link,
        report: Report,
        beat: Beat,
        stage: Callable[[], Iterator[None]],
        options: RunOptions,
        address: str = "",
    ) -> None:
        self._vault, self._chain, self._outbox, self._link = vault, chain, outbox, link
        self._report, self._beat, self._stage, self._options = report, beat, stage, options
        self._exchange = f"exchange at {address}" if address else "exchange"
        self._waiting = Waiting(options.patience, options.clock())
        self._connected = False
        self._forgiven: tuple[int, bytes] | None = None
        self._echo: Receipt | None = None
        self._accepted = 0
        self._to_chain = 0
        """Facts to be chained after the newest run, for the progress."""
        self._cluster = ""
        self._next = 1
        self._run_chain = RunChain(chain, outbox, beat)

    @property
    def accepted(self) -> int:
        """The newest sequence that the exchange is known to have accepted."""
        return int.from_bytes(self._vault.get("accepted"), "big")

    async def deliver(self, end: Beat | None = None) -> None:
        """Send everything, signed, and wait until it is accepted.

        `end`: the fields of the heartbeat that comes last.

        Raises ExchangeAway, ExchangeSilent, ExchangeReplaced, Blocked, Forked, RestoreImpossible,
        InboxMissing; all is kept then.
        """
        self._run_chain.begin(end)
        attempt = 0
        while True:
            before = self._accepted
            try:
                if not self._connected:
                    await self._connect()
                await self._until_accepted()
            except LogUnavailable:
                attempt = 0 if self._connected and self._accepted > before else attempt
                await self._wait_for_exchange(attempt)
                attempt += 1
            except PartitionUnknown:
                raise errors.InboxMissing from None
            else:
                note_cluster(self._vault, self._cluster)
                return

    async def _wait_for_exchange(self, attempt: int) -> None:
        self._connected = False
        pauses = self._options.patience.pauses_s
        if attempt >= len(pauses):
            raise errors.ExchangeAway(f"The {self._exchange} cannot be reached; {self._kept()}.") from None
        self._options.say(
            f"the {self._exchange} cannot be reached, trying again in {pauses[attempt]:.0f} s "
            f"(attempt {attempt + 2} of {len(pauses) + 1}); {self._kept()}"
        )
        await self._options.pause(pauses[attempt])

    def _kept(self) -> str:
        waiting = self._outbox.unaccepted()
        return f"{number_of(waiting, 'event')} {'is' if waiting == 1 else 'are'} kept in the vault"

    async def _connect(self) -> None:
        await self._link.connect()
        self._cluster, self._to_chain = await self._link.cluster_id(), self._outbox.waiting()
        check_cluster(self._vault, self._cluster, confirmed=self._options.over_fork)
        receipt = await self._link.latest()
        self._accepted, self._next = 0, 1
        self._waiting.moved(self._options.clock())
        if receipt is not None:
            await self._act_on(receipt)
            self._next = self._accepted + 1
        self._connected = True

    async def _until_accepted(self) -> None:
        while True:
            moved = await self._move()
            if not moved and self._accepted >= self._chain.last and not self._outbox.waits():
                return
            receipt = await self._link.receipt(0 if moved else self._options.patience.poll_s)
            if receipt is not None:
                self._waiting.heard(self._options.clock())
                await self._act_on(receipt)
            elif not moved:
                self._idle()

    async def _move(self) -> bool:
        """Send one chunk of the chained run, if the window allows; returns whether any was sent."""
        if self._next - self._accepted > WINDOW:
            return False
        if self._next > self._chain.last:
            await walked(self._outbox.decide())
            await walked_slowly(self._run_chain.chain_run())
            self._to_chain = self._outbox.waiting()
            self._vault.commit()  # durable before it is sent
        values = self._chain.values(self._next, CHUNK)
        if not values:
            return False
        await self._link.send(values)
        self._next += len(values)
        return True

    def _idle(self) -> None:
        waiting = self._waiting
        match waiting.idle(self._options.clock()):
            case Next.GIVE_UP if waiting.blocked:
                raise errors.Blocked(*waiting.blocked)
            case Next.GIVE_UP:
                raise errors.ExchangeSilent(f"No receipt came for what was sent; {self._kept()}.")
            case Next.SEND_AGAIN:
                self._options.say(f"no receipt yet, sending again; {self._kept()}")
                self._next = self._accepted + 1
            case Next.WAIT:
                pass
        self._options.waiting(waiting.describe(self._options.clock()))

    async def _act_on(self, receipt: Receipt) -> None:
        """Act on a receipt."""
        remember(self._vault, receipt.ledger, self._options.say)
        sequence = receipt.head.sequence
        following = self._chain.row_at(sequence + 1)
        meaning = meaning_of(receipt, self._chain.digest(sequence), following.kind if following else None)
        if isinstance(meaning, Fork) and await self._is_echo(receipt):
            meaning = Delivered(sequence)
        if isinstance(meaning, Fork):
            head = (sequence, receipt.head.digest)
            if not (self._options.over_fork and self._forgiven in {None, head}):
                raise errors.Forked
            self._forgiven = head
            meaning = Replay() if self._chain.digest(sequence) != receipt.head.digest else Mark()
        read_back = 0
        if isinstance(meaning, Replay):
            before = self._report.restored
            await self._replay(receipt)
            read_back = self._report.restored - before
        self._take_as_accepted(sequence, read_back)
        match meaning:
            case Repair(refused, reason):
                self._repair(refused, reason)
            case Mark() if self._chain.last == sequence:
                self._chain.append_heartbeat(self._beat)
                self._vault.commit()
            case Resend(_, reason) if self._waiting.refused(self._options.clock(), sequence + 1, reason):
                self._next = sequence + 1
            case _:
                pass

    async def _is_echo(self, receipt: Receipt) -> bool:
        """Whether the fork is only a late copy of a run that this vault has unchained (ADR 14).

        True only when it is certain. The head must be the vault's own. The gate reports a fork only
        once, so the vault must remember every other run in the inbox from the refused heartbeat on
        as its own. Only what its key signed is a sign of another copy.
        """
        head, refused = receipt.head, receipt.refused
        if refused is None or self._chain.digest(head.sequence) != head.digest:
            return False
        if self._echo != receipt:
            chain = self._chain
            held = unknown_runs(refused.sequence, await self._link.inbox(), chain.has_signed, chain.digest)
            known = {stranger: chain.was_unchained(*stranger) async for stranger in cooperative(held)}
            if not all(known.values()) or refused.sequence not in {sequence for sequence, _ in known}:
                return False
            self._echo = receipt
        return True

    def _take_as_accepted(self, sequence: int, read_back: int) -> None:
        """Note that all up to here is accepted, the last `read_back` events in an earlier run."""
        if sequence > self._accepted:
            self._waiting.moved(self._options.clock())
        before = self.accepted
        if sequence > before:
            self._report.delivered += max(0, sequence - before - read_back)
            self._report.heartbeats += self._chain.heartbeats(before, sequence - read_back)
            self._vault.set("accepted", sequence.to_bytes(8, "big"))
            self._vault.commit()
            waiting = self._chain.last - sequence + self._to_chain
            self._options.progress(self._report.delivered, self._report.delivered + waiting)
        self._accepted = sequence
        self._next = max(self._next, sequence + 1)

    def _repair(self, sequence: int, reason: Reason) -> None:
        dropped = self._outbox.repair(sequence, reason, self._beat)
        self._to_chain = self._outbox.waiting()
        self._vault.commit()
        self._report.refused_by_exchange[str(reason)] += dropped
        self._next = sequence
        self._waiting.moved(self._options.clock())

    async def _replay(self, receipt: Receipt) -> None:
        self._options.say("the exchange holds events that this vault does not know; reading them back")
        held = await self._link.inbox()
        known = dict([pair async for pair in cooperative(by_digest(held))])
        path = [step async for step in cooperative(path_back(receipt.head, known, self._chain.digest))]
        with self._vault.writing():
            self._chain.unchain(receipt.head.sequence - len(path) + 1)
            async for value, link in cooperative(reversed(path)):
                self._chain.adopt(value, link)
            # a mark: the inbox may hold more events that this vault has forgotten
            self._chain.append_heartbeat(self._beat)
        await walked(self._stage())
        self._report.restored += len(path)
        self._next = receipt.head.sequence + 1
