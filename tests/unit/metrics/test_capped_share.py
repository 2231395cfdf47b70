"""Caps hardly move the share of unmet needs: of each client, both ends count the same services."""

from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest

from exchange.core.admission.cap_rules import RULES, Cap
from exchange.core.model import events as e
from exchange.trial.sample import sample_exchange
from exchange.trial.sample.volumes import marks

ROOT = Path(__file__).parents[3]
ENDS = (e.NeedUnmet, e.NeedIdentified)


@cache
def bodies_of_clients() -> dict[str, list[e.Correctable]]:
    found: dict[str, list[e.Correctable]] = defaultdict(list)
    for agency in sample_exchange(2003, scale=0.1).agencies:
        for fact in agency.facts():
            if fact.client and isinstance(fact.body, ENDS):
                found[f"{agency.code}|{fact.client}|{fact.period}"].append(fact.body)
    return found


def shares(bit: Cap) -> tuple[float, float]:
    """Without caps and within them: services (or groups) that went unmet, of those needed."""
    rules = {rule.body: rule for rule in RULES if rule.bit is bit and rule.body in ENDS}
    happened: Counter[type] = Counter()
    within: Counter[type] = Counter()
    for unit, bodies in bodies_of_clients().items():
        bits = marks(bodies, unit)
        for end in ENDS:
            there = [n for n, body in enumerate(bodies) if isinstance(body, end) and rules[end].concerns(body)]
            happened[end] += len({rules[end].key(bodies[n]) for n in there})
            within[end] += sum(bool(bits[n] & bit) for n in there)
    whole, capped = (found[e.NeedUnmet] / found[e.NeedIdentified] for found in (happened, within))
    return whole, capped


@pytest.mark.parametrize("bit", [Cap.NATION, Cap.STATE])
def test_the_share_within_caps_is_near_the_share_of_all_and_the_docs_say_how_near(bit: Cap) -> None:
    whole, capped = shares(bit)
    assert 0.99 < capped / whole < 1.01
    text = " ".join((ROOT / "docs" / "METRICS.md").read_text().split())
    assert f"{capped / whole:.2f} ({(bit.name or '').lower()})" in text
