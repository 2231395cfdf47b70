"""No client's record changes what an edge says of others: two worlds that differ in one client.

The worlds, and edges with faults that show a difference, are the adversary's
(`exchange.trial.attack`, `tests/adversary/test_exact_attacks.py`). Here they live longer, and there
are more of them.
"""

from pathlib import Path

import pytest

from exchange.core.model.vocabulary import LegalClass
from exchange.trial.attack.two_worlds import others, script

SEEDS = [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 60))]
CLASSES = [LegalClass.individual, LegalClass.tally_only]


@pytest.mark.parametrize("legal_class", CLASSES)
@pytest.mark.parametrize("seed", SEEDS)
def test_one_client_moves_nobody_else(seed: int, legal_class: LegalClass, tmp_path: Path) -> None:
    with_one, without = others(script(seed), legal_class, tmp_path)
    assert with_one == without
    assert sum(1 for said in without if said[-1]), "nothing with marks was said of others"
