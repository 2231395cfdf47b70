"""Laws of our own sheet: facts → sheet → facts is the identity, and damage never makes a fact."""

import random
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.core.model import events as e
from exchange.core.model import vocabulary as v
from exchange.core.model.period import parse_period, period_text
from producers.facts import Complete, Fact, Reading, RowRefused
from producers.sources.sheets.form.form_columns import CASES, COLUMNS
from tests.kits.sheet_files import readings, write_file

QUARTERS = [parse_period(text) for text in ("2025Q4", "2026Q1", "2026Q2")]
NONE = v.FundingSource.not_collected


def offered(column: str) -> st.SearchStrategy[str]:
    return st.sampled_from([word.code for word in COLUMNS[column].words])


@st.composite
def rows(draw: st.DrawFn) -> tuple[dict[str, str], list[tuple[str, int, e.Correctable]]]:
    """A row in codes, and the facts that it states: (kind, period, body)."""
    case, quarter = draw(st.sampled_from(["17", "018", "a/b", "ñ 1"])), draw(st.sampled_from(QUARTERS))
    service = v.Service(draw(offered("need")))
    row = {"case": case, "quarter": period_text(quarter), "need": str(service)}
    facts: list[e.Correctable] = [e.NeedIdentified(service)]
    if draw(st.booleans()):
        missing = (v.WaitBand.not_collected, v.CostBand.not_collected, v.UnitBand.not_collected)
        row["served"] = "yes"
        facts.append(e.ServiceProvided(service, *missing, NONE))
    if draw(st.booleans()):
        row["unmet_reason"] = draw(offered("unmet_reason"))
        facts.append(e.NeedUnmet(service, v.UnmetReason(row["unmet_reason"]), NONE))
    if draw(st.booleans()):
        row["barrier"] = draw(offered("barrier"))
        facts.append(e.BarrierReported(v.Barrier(row["barrier"]), service))
    return row, [(case, quarter, body) for body in facts]


def written(row: dict[str, str], dice: random.Random, header: list[str]) -> list[str]:
    """The cells of a row, each word as code or as a label of either language, with odd spacing."""
    cells = []
    for code in header:
        words = {word.code: word for word in COLUMNS[code].words}
        word = words.get(row.get(code, ""))
        text = dice.choice([word.code, word.en, word.es, f"  {word.es.upper()} "]) if word else row.get(code, "")
        cells.append(text)
    return cells


def told(found: list[Reading]) -> set[tuple[str, int, e.Correctable]]:
    return {(one.client, one.period, one.body) for one in found if isinstance(one, Fact)}


def without_contradictions(
    drawn: list[tuple[dict[str, str], list[tuple[str, int, e.Correctable]]]],
) -> set[tuple[str, int, e.Correctable]]:
    """What rows state together: where two reasons stand for one unmet need, neither counts."""
    reasons: dict[tuple[str, int, v.Service], set[v.UnmetReason]] = {}
    everything = {fact for _, facts in drawn for fact in facts}
    for case, quarter, body in everything:
        if isinstance(body, e.NeedUnmet):
            reasons.setdefault((case, quarter, body.service), set()).add(body.unmet_reason)
    return {
        (case, quarter, body)
        for case, quarter, body in everything
        if not isinstance(body, e.NeedUnmet) or len(reasons[case, quarter, body.service]) == 1
    }


@settings(max_examples=60, deadline=None)
@given(
    drawn=st.lists(rows(), min_size=1, max_size=12),
    seed=st.integers(0, 9_999),
    suffix=st.sampled_from([".csv", ".xlsx"]),
)
def test_facts_to_sheet_to_facts_is_the_identity_in_any_order_language_and_file(
    drawn: list[tuple[dict[str, str], list[tuple[str, int, e.Correctable]]]], seed: int, suffix: str
) -> None:
    dice = random.Random(seed)
    header = [column.code for column in CASES if column.code != "consent"]
    dice.shuffle(header)
    names = [dice.choice([code, COLUMNS[code].en, COLUMNS[code].es]) for code in header]
    body = [written(row, dice, header) for row, _ in drawn]
    expected = without_contradictions(drawn)
    with TemporaryDirectory() as folder:
        sheets = []
        for order in range(2):
            dice.shuffle(body)
            sheets.append(readings(write_file(Path(folder) / f"{order}{suffix}", [names, *body])))
    assert told(sheets[0]) == told(sheets[1]) == expected
    keys = [[one.key for one in sheet if isinstance(one, Fact)] for sheet in sheets]
    assert set(keys[0]) == set(keys[1])
    assert len(keys[0]) == len(set(keys[0]))


@settings(max_examples=60, deadline=None)
@given(
    drawn=st.lists(rows(), min_size=1, max_size=8),
    at=st.integers(0, 7),
    column=st.sampled_from(["need", "served", "unmet_reason", "barrier", "quarter", "case"]),
    cut=st.integers(1, 3),
)
def test_a_damaged_cell_refuses_its_row_states_nothing_new_and_withdraws_nothing_of_it(
    drawn: list[tuple[dict[str, str], list[tuple[str, int, e.Correctable]]]], at: int, column: str, cut: int
) -> None:
    at %= len(drawn)
    damaged = [dict(row) for row, _ in drawn]
    word = damaged[at].get(column, "word")
    damaged[at][column] = "" if column in ("case", "quarter") else f"{word[:-cut]}\u00bf{cut}"
    header = [column.code for column in CASES if column.code != "consent"]
    with TemporaryDirectory() as folder:
        found = readings(
            write_file(Path(folder) / "a.csv", [header, *([row.get(c, "") for c in header] for row in damaged)])
        )
    others = drawn[:at] + drawn[at + 1 :]
    assert any(isinstance(one, RowRefused) and one.where.row == at + 2 for one in found)
    assert told(found) == without_contradictions(others)
    case, quarter = drawn[at][0]["case"], drawn[at][0]["quarter"]
    prefix = next((one.key.split("/")[1] for one in found if isinstance(one, Fact) and one.client == case), "")
    for one in found:
        if isinstance(one, Complete):
            assert column not in ("case", "quarter")
            assert not (prefix and one.key_prefix == f"form/{prefix}/{quarter}/")
