"""What the gate holds in memory, whatever a thousand agencies send."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from consumers.admission import gate_step
from consumers.admission.registry import Registry
from exchange.core.admission.gate import Registration
from exchange.core.model.vocabulary import LegalClass
from exchange.engine.log import Partition
from exchange.trial.sample import SignedChain, sample_exchange
from exchange.trial.sample_key import KEY_NUMBER
from exchange.wire.topics import EVENTS, inbox_of
from tests.kits.step_world import Rec

HELD_MAX, AGENCIES, RUN = 2_000, 1_000, 12


@pytest.fixture(autouse=True)
def few_are_held() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate_step, "HELD_MAX", HELD_MAX)
        yield


@dataclass
class Backlog:
    """A gate, and what its agencies have sent."""

    step: gate_step.GateStep
    inboxes: dict[Partition, list[Rec]]
    at: dict[Partition, int]


def backlog(agencies: int, runs: Sequence[int]) -> Backlog:
    """Each agency has sent runs of so many events."""
    facts = list(next(iter(sample_exchange(1, 1, events=400, tally_share=0.0).agencies)).facts())
    registry, inboxes = Registry(), dict[Partition, list[Rec]]()
    for code in (f"agency-{n}" for n in range(agencies)):
        chain = SignedChain(code, facts)
        registry.put(Registration(code, LegalClass.individual, False, 0, ((KEY_NUMBER, chain.key.public),)))
        values = [value for run in runs for value in chain.take(run)]
        inboxes[Partition(inbox_of(code), 0)] = [Rec(code.encode(), value, at) for at, value in enumerate(values)]
    step = gate_step.GateStep(0, registry)
    step.positions()
    return Backlog(step, inboxes, dict.fromkeys(inboxes, 0))


def test_a_thousand_unfinished_runs_are_not_held_and_all_are_admitted_once_they_are_closed() -> None:
    """Five times as many records wait as may be held."""
    sent = backlog(AGENCIES, [RUN])
    step, inboxes, at = sent.step, sent.inboxes, sent.at
    admitted = held_max = 0

    def work(end: int) -> None:
        """Read on until the gate has no work left."""
        nonlocal admitted, held_max
        while True:
            batch = {s: rs[at[s] : min(end, at[s] + 5)] for s, rs in inboxes.items() if at[s] < end}
            batch = {s: batch[s] for s in list(batch)[:200]}
            if not batch and not step.busy:
                return
            at.update({s: records[-1].offset + 1 for s, records in batch.items()})
            step.apply(batch)
            at.update(step.seeks())
            held_max = max(held_max, sum(one.held for one in step.agencies.values()))
            outputs = step.outcome().outputs
            admitted += sum(len(pairs) for partition, pairs in outputs if partition.topic == EVENTS)

    work(RUN - 1)
    assert admitted == 0
    assert sum(one.waiting for one in step.agencies.values()) == AGENCIES * (RUN - 1)
    work(RUN)
    assert admitted == AGENCIES * RUN
    assert held_max <= HELD_MAX + 2 * RUN, "beside the limit, one stretch that is read again"


@pytest.mark.parametrize("records_max", [100, 500])
def test_a_gate_that_is_behind_reads_every_record_once(records_max: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says when it is full. Were it read to all the same, it would drop what it cannot hold."""
    monkeypatch.setattr(gate_step, "RECORDS_MAX", records_max)
    sent, read, held_max = backlog(20, [50] * 8), 0, 0
    total = sum(map(len, sent.inboxes.values()))
    while read < total or sent.step.busy:
        batch = dict[Partition, list[Rec]]()
        left = 0 if sent.step.full else records_max
        for source, records in sent.inboxes.items():
            if taken := records[sent.at[source] :][:left]:
                batch[source] = taken
                sent.at[source] += len(taken)
                left -= len(taken)
        read += sum(map(len, batch.values()))
        sent.step.apply(batch)
        assert not sent.step.seeks(), "nothing was dropped"
        held_max = max(held_max, sum(one.held for one in sent.step.agencies.values()))
    assert sum(one.accepted for one in sent.step.agencies.values()) == total
    assert held_max <= 4 * records_max, "however much there is"
