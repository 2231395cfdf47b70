"""The edge: an agency's own program, or the command line, publishes with it.

    async with Edge.open(profile) as edge:
        await edge.publish(fact)
        await edge.correct(key, fact)
        await edge.retract(key)

Promised: publishing the same fact twice adds nothing, a changed fact is corrected. A refusal names
the rule, never the value. Leaving the block sends everything, ends with the signed heartbeat and
returns only when the exchange accepted it. Whatever goes wrong, running again goes on.

A run is by hand unless its options say `scheduled`. Totals are counted by the run that closes their
quarter (`delivery.quarter_closing`). If much would be withdrawn, that waits for a person, and the
run ends with a named error after all else was accepted (`delivery.withdrawal_guard`).

Not promised: that a fact is durable before `flush` or the end of the block; use by two tasks.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Self

from exchange.core.model.period import LAST_YEAR
from exchange.engine.wall_clock import local_today
from producers import errors, facts
from producers.caps.marking import Caps
from producers.caps.policy import Policy
from producers.caps.tally import current_quarter
from producers.cooperative import cooperative, some_at_once, walked
from producers.delivery.address import kafka_link, servers_of
from producers.delivery.heartbeat import Stated, closing_beat, marking_beat, on_time, run_ended
from producers.delivery.link import Link
from producers.delivery.outbox import Outbox
from producers.delivery.preview import Leaving, what_leaves
from producers.delivery.quarter_closing import Closing
from producers.delivery.report import Report
from producers.delivery.run_options import RunOptions
from producers.delivery.sending import Sending
from producers.delivery.withdrawal_guard import WithdrawalGuard
from producers.edge_phrases import NOTHING_WITHDRAWN, STOPPING
from producers.facts import Fact, Reading, RowIgnored
from producers.intake import FactIntake, together
from producers.profile import Profile
from producers.same_input import SameInput
from producers.secret_files import Secret
from producers.vault.fact_store import SOURCE, FactOutcome, FactStore
from producers.vault.sent_chain import Chain
from producers.vault.store import Vault
from producers.vault.unsettled import GoneBy

TURN, BATCH = 2_000, 50_000  # facts between two turns of other tasks, and between two commits


class Edge:
    """One agency's edge: made by `open`, used as `async with`. `is_preview`: it changes nothing."""

    def __init__(
        self,
        profile: Profile,
        secret: Secret | None,
        link: Link | None,
        today: date | None,
        options: RunOptions,
        *,
        preview: bool,
    ) -> None:
        self.profile, self.report = profile, Report()
        self._secret, self._given_link, self._options = secret, link, options
        self._today = today or local_today()
        self._policy = Policy(profile.legal_class, profile.sensitive, newest=current_quarter(self._today))
        self._stated, self.is_preview, self._since_commit = Stated(), preview, 0

    @classmethod
    def open(
        cls,
        profile: Profile,
        *,
        secret: Secret | None = None,
        link: Link | None = None,
        today: date | None = None,
        options: RunOptions | None = None,
        preview: bool = False,
    ) -> Self:
        """An edge for an `async with` block. `secret`, `link`, `today`: others than the profile's.

        `options`: how the run began, waits and reports. `preview`: change and send nothing.
        """
        return cls(profile, secret, link, today, options or RunOptions(), preview=preview)

    async def __aenter__(self) -> Self:
        if self._today.year > LAST_YEAR:
            raise errors.ProfileInvalid("Today is after the last period that the exchange knows.")
        self._vault = Vault.open(self.profile, self._secret or self.profile.secret())
        try:
            self._fact_store = FactStore(self._vault)
            began, profile, both = self._options, self.profile, (self._vault, self._fact_store)
            self._guard = WithdrawalGuard(self._fact_store, self.report, began, is_preview=self.is_preview)
            self._fact_store.begin_run()
            self._intake = FactIntake(self._policy, self._fact_store, self.report)
            self._chain = Chain(self._vault, self._fact_store)
            self._closing = Closing(profile, self._vault, self._fact_store, self._today, began)
            self._caps = Caps(*both, profile.legal_class, small_counts=profile.small_counts, scheduled=began.scheduled)
            self._outbox = Outbox(*both, self._chain, self._caps)
            self.same_input = SameInput(*both, self.report, profile, self._policy.newest)
            if self.is_preview:
                return self
            self.report.left_over = self._outbox.unaccepted()
            self._link = self._given_link or kafka_link(profile)
            self._sending = Sending(
                self._vault,
                self._chain,
                self._outbox,
                link=self._link,
                report=self.report,
                beat=marking_beat(profile, self._today),
                stage=self._staging,
                options=began,
                address="" if self._given_link else servers_of(profile),
            )
        except BaseException:
            self._vault.close()
            raise
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, at: object) -> None:
        if self.is_preview:
            self._vault.close()
            return
        try:
            if error is None:
                await self.finish()
            elif isinstance(error, errors.SourceUnreadable):
                self._vault.rollback()  # it may be half of one file and half of another
            elif not isinstance(error, errors.VaultError):
                self._vault.commit()  # what was read is kept
                if isinstance(error, asyncio.CancelledError):
                    self._options.say(STOPPING)
        except asyncio.CancelledError:
            self._options.say(STOPPING)
            raise
        finally:
            self.report.count_sent(self._outbox.left, self._outbox.claimed_late, self._outbox.held_back)
            if not self.report.complete:
                with suppress(errors.VaultError):
                    self.report.waiting = self._outbox.unaccepted()
            await self._link.close()
            self._vault.close()

    @property
    def vault(self) -> Vault:
        """The open vault."""
        return self._vault

    @property
    def public_key(self) -> tuple[int, bytes]:
        """(number, 32 bytes) of the key that the operator registers."""
        return self._chain.public_key

    async def read_all(self, readings: Iterable[Reading]) -> None:
        """Take all readings of a source. Nothing of it is kept if it raises SourceUnreadable."""
        for some in some_at_once(readings):
            await self.read(*some)

    async def read(self, *readings: Reading) -> None:
        """Take the next readings of a source; some hundred at once are faster than one by one."""
        with self._intake.looked_ahead(readings):
            for reading in together(readings):
                if isinstance(reading, Fact):  # most are: no coroutine for each
                    self._intake.take(reading)
                else:
                    await self._take(reading)
        self.report.saw(readings)
        await asyncio.sleep(0)

    async def _take(self, reading: Reading | list[facts.Complete]) -> None:
        match reading:
            case list():
                await self._withdraw(self._intake.absent(reading), GoneBy.ABSENT)
            case facts.Edition(made_at, database):
                self._fact_store.edition(made_at, database)
            case facts.Withdrawn(prefix):
                if not await self.retract_all(prefix):
                    self._intake.leave(RowIgnored(reading.where, NOTHING_WITHDRAWN))
            case facts.ClientHeld(client):
                self.hold(client)
            case facts.ClientWithdrawn():
                await self._withdraw(self._intake.of_withdrawn(reading), GoneBy.MARKED)
            case facts.RowRefused() | RowIgnored() | facts.Taken() | facts.NotWhole():
                self._intake.leave(reading)

    async def publish(self, fact: Fact) -> FactOutcome:
        """Take a fact under its key, to be sent by `flush` or at the end of the block."""
        outcome = self._intake.take(fact)
        await self._breathe()
        return outcome

    async def correct(self, key: str, fact: Fact) -> FactOutcome:
        """Replace the fact under a key; raises KeyUnknown when there is none."""
        if self._fact_store.current(SOURCE + key.encode()) is None:
            raise errors.KeyUnknown
        return await self.publish(replace(fact, key=key))

    async def retract(self, key: str) -> FactOutcome:
        """Withdraw the fact under a key; raises KeyUnknown when there is none."""
        if not self._fact_store.take_back(SOURCE + key.encode(), GoneBy.MARKED):
            raise errors.KeyUnknown
        await self._breathe()
        return self._intake.count(FactOutcome.RETRACTED)

    async def retract_all(self, key_prefix: str) -> int:
        """Withdraw all facts whose keys begin so, none for an empty prefix; how many."""
        keys = self._fact_store.keys(SOURCE + key_prefix.encode()) if key_prefix else []
        return await self._withdraw(keys, GoneBy.MARKED)

    def hold(self, client: str, *, retract: bool = False) -> int:
        """Send nothing more about a client. `retract`: also withdraw sent facts; how many."""
        return self._fact_store.hold(client, retract=retract)

    def unhold(self, client: str) -> bool:
        """End a hold: facts about this client are taken again; whether there was one."""
        return self._fact_store.unhold(client)

    def retry_refused(self) -> int:
        """Send refused facts again, after the cause was settled; how many."""
        return self._fact_store.retry()

    def retract_unclaimed(self) -> int:
        """Withdraw events of a lost copy of this vault that no source states; how many."""
        self.report.claimed += sum(self._outbox.claims())
        return self._chain.retract_unclaimed()

    def spent(self, minutes: int) -> None:
        """State the staff minutes that this report took, for the heartbeat; else it has none."""
        self._stated = replace(self._stated, minutes=minutes)

    def nothing_to_report(self) -> None:
        """State that the agency has nothing to report, for the heartbeat; it is in no figure."""
        self._stated = replace(self._stated, nothing=True)

    def stage(self) -> None:
        """Count the tallies that are due and make everything durable, without sending."""
        deque(self._staging(), maxlen=0)

    def _staging(self) -> Iterator[None]:
        yield from self._guard.settle()
        self._closing.stage(self.report)
        for claimed in self._outbox.claims():
            self.report.claimed += claimed
            yield
        self._commit()

    def leaving(self) -> list[Leaving]:
        """Events that would be sent now, due tallies included, each different one once."""
        self.stage()
        leaving, to_chain = what_leaves(self._vault, self._caps)
        self.report.count_sent(to_chain, 0, self._outbox.held_back)
        return leaving

    async def flush(self) -> None:
        """Send all that waits; returns when the exchange has accepted it."""
        await walked(self._staging())
        await self._sending.deliver()

    async def finish(self) -> None:
        """`flush`, then the signed heartbeat."""
        await walked(self._staging())
        how, day = {"scheduled": self._options.scheduled}, self._today
        beat = closing_beat(self.profile, day, self._stated, on_time(self._vault, day, **how), **how)
        await self._sending.deliver(beat)
        run_ended(self._vault, day, **how)
        self._chain.forget_unchained()
        self._closing.end()
        self.report.unclaimed = self._chain.unclaimed()
        self.same_input.remember()
        self._commit()
        self.report.complete = True
        self.report.raise_what_waits()

    async def _withdraw(self, keys: list[bytes], by: GoneBy) -> int:
        count = sum([gone async for gone in cooperative(self._fact_store.take_back_each(keys, by))])
        self._intake.count(FactOutcome.RETRACTED, count)
        return count

    async def _breathe(self) -> None:
        """Now and then commit and let other tasks run."""
        self._since_commit += 1
        if self._since_commit >= BATCH:
            self._commit()
        if self._since_commit % TURN == 0:
            await asyncio.sleep(0)

    def _commit(self) -> None:
        self._since_commit = 0
        if not self.is_preview:
            self._vault.commit()
