"""The derived parts of `docs/CHECKS.md`: every rule of `exchange edge check`, and its words."""

from collections.abc import Iterator
from typing import Final

from producers.checks.check_rule import CheckRule, Level
from producers.checks.rules.all_rules import CHANGES, RULES
from producers.checks.rules.export_rules import EXPORT_RULES
from producers.checks.rules.general_rules import GENERAL_RULES
from producers.checks.rules.sense_rules import SENSE_RULES
from producers.checks.rules.value_rules import VALUE_RULES
from tools.derive.markdown import table

FAMILIES: Final = (
    ("The export as a whole, and keys", EXPORT_RULES),
    ("Dates, codes and missing answers", VALUE_RULES),
    ("What contradicts itself", SENSE_RULES),
    ("Other files, and your own history", GENERAL_RULES),
)


def check_levels() -> Iterator[str]:
    """The levels, and how many rules have them."""
    rows = [(str(level), level.meaning, str(sum(one.level is level for one in RULES))) for level in Level]
    yield from table(("level", "meaning", "rules"), rows)


def check_rules() -> Iterator[str]:
    """Every rule, by family."""
    for number, (title, rules) in enumerate(FAMILIES):
        yield from ("",) if number else ()
        yield from (f"### {title}", "")
        yield from table(("rule", "level", "where", "what", "repair", "your figures", "also changes"), map(_row, rules))


def check_versions() -> Iterator[str]:
    """The versions of the rules."""
    yield from table(("version", "change"), list(CHANGES.items()))


def _row(rule: CheckRule) -> tuple[str, ...]:
    where = " ".join(part for part in (rule.table, rule.column) if part) or "any"
    name = f"{rule.id} ¹" if rule.publishing else rule.id
    return name, str(rule.level), where, rule.meaning, str(rule.repair), str(rule.effect), rule.report


CHECK_PARTS: Final = (check_levels, check_rules, check_versions)
