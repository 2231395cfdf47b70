"""A rule is broken in its one place, for any layout of code, wherever the function is used."""

import sys
from types import ModuleType

import pytest

from tests.kits.broken_rules import BrokenRule, break_rule, kept

HERE = sys.modules[__name__]


def worth(amount: int, discount: int) -> int:
    if amount < 0:
        raise OverflowError
    return (
        amount  # before tax
        - min(discount, amount)
    )


class Till:
    def __init__(self) -> None:
        self.inside = 0

    def take(self, amount: int) -> None:
        self.inside += worth(amount, 0)


@pytest.mark.parametrize(
    ("rule", "instead", "found"),
    [
        ("amount-min(discount,amount)", "amount", 10),
        ("_1 - min(discount, _1)", "_1 - discount", 7),
        ("_1 - _2", "_2 - _1", -7),
        ("min", "max", 0),
        ("return _1", "return -(_1)", -7),
        ("_1 < 0", "_1 > 20", 7),
    ],
)
def test_a_rule_is_found_however_it_is_laid_out(
    rule: str, instead: str, found: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert worth(10, 3) == 7
    break_rule(monkeypatch, BrokenRule(HERE, "worth", rule, instead))
    assert worth(10, 3) == found


def test_a_statement_is_replaced_and_a_name_that_the_module_lacks_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    break_rule(monkeypatch, BrokenRule(HERE, "worth", "raise OverflowError", "return other"), other=5)
    assert worth(-1, 0) == 5


@pytest.mark.parametrize(("rule", "times"), [("amount + discount", 0), ("amount", 3), ("_1 - min(_1, amount)", 0)])
def test_a_rule_that_is_not_there_once_is_refused(rule: str, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=f"is there {times} times"):
        break_rule(monkeypatch, BrokenRule(HERE, "worth", rule, "0"))


def test_a_method_is_broken_in_its_class_and_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        break_rule(patch, BrokenRule(HERE, "Till.take", "self.inside += _1", "self.inside = _1"))
        till = Till()
        till.take(1)
        till.take(2)
        assert till.inside == 2
    till.take(3)
    assert till.inside == 5


class Drawer(Till):
    def take(self, amount: int) -> None:
        super().take(amount + 1)


def test_a_method_that_asks_its_super_class_is_broken_too(monkeypatch: pytest.MonkeyPatch) -> None:
    break_rule(monkeypatch, BrokenRule(HERE, "Drawer.take", "amount + 1", "amount + 2"))
    drawer = Drawer()
    drawer.take(1)
    assert drawer.inside == 3


def test_every_module_that_has_the_function_gets_the_broken_one(monkeypatch: pytest.MonkeyPatch) -> None:
    user = ModuleType("tests.made_for_this_test")
    vars(user)["priced"] = worth
    monkeypatch.setitem(sys.modules, user.__name__, user)
    break_rule(monkeypatch, BrokenRule(HERE, "worth", "amount < 0", "True"))
    for function in (vars(user)["priced"], worth):
        with pytest.raises(OverflowError):
            function(10, 3)


def test_a_law_is_looked_at_once_and_one_that_does_not_hold_is_no_law() -> None:
    looks: list[int] = []

    def law() -> None:
        looks.append(1)

    kept(law)
    kept(law)
    assert looks == [1]

    def broken() -> None:
        raise AssertionError

    with pytest.raises(AssertionError):
        kept(broken)
