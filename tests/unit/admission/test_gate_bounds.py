"""What the gate holds in memory, whatever a thousand agencies send."""

from collections.abc import Iterator

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


def test_a_thousand_unfinished_runs_are_not_held_and_all_are_admitted_once_they_are_closed() -> None:
    """Five times as many records wait as may be held."""
    facts = list(next(iter(sample_exchange(1, 1, events=400, tally_share=0.0).agencies)).facts())
    chains = {f"agency-{n}": SignedChain(f"agency-{n}", facts) for n in range(AGENCIES)}
    registry, inboxes, at = Registry(), dict[Partition, list[Rec]](), dict[Partition, int]()
    for code, chain in chains.items():
        registry.put(Registration(code, LegalClass.individual, False, 0, ((KEY_NUMBER, chain.key.public),)))
        values = chain.take(RUN)
        source = Partition(inbox_of(code), 0)
        inboxes[source] = [Rec(code.encode(), value, offset) for offset, value in enumerate(values)]
        at[source] = 0
    step = gate_step.GateStep(0, registry)
    step.positions()
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
