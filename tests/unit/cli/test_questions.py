"""What evaluators ask, as the command line shows it: one answer, in two commands and two forms."""

import json

import pytest

from exchange.core.metrics.questions import QUESTIONS
from tests.kits.command_line import exchange


def test_both_commands_and_both_forms_show_the_same_answers() -> None:
    plain = json.loads(exchange("budget", "--questions", "--json").stdout)
    assert plain == json.loads(exchange("metrics", "questions", "--json").stdout)
    assert [one["question"] for one in plain["questions"]] == [question.name for question in QUESTIONS]
    shown = exchange("metrics", "questions", COLUMNS="100").stdout
    rows = [line for line in shown.splitlines() if line.endswith(("yes │", "no  │"))]
    assert [row.endswith("yes │") for row in rows] == [one["met"] for one in plain["questions"]]
    for one in plain["questions"]:
        assert (one["why_not"] == "") is one["met"]
        assert one["metric"] or one["why_not"] != "too much noise"


def test_fewer_clients_make_wider_answers() -> None:
    nation, few = (
        json.loads(exchange("metrics", "questions", "--json", *words).stdout) for words in ((), ("--clients", "1000"))
    )
    assert few["clients_a_year"] == 1_000
    for one, other in zip(nation["questions"], few["questions"], strict=True):
        assert not one["expected"] or not other["expected"] or other["expected"] > one["expected"]


@pytest.mark.parametrize("words", [("--clients", "0"), ("--clients", "some")])
def test_no_clients_are_refused(words: tuple[str, str]) -> None:
    assert exchange("metrics", "questions", *words).returncode == 2
