"""The derived parts of `docs/CHECKS.md` and `docs/REPORTS.md`: every rule, and every report."""

from collections.abc import Iterator
from typing import Final

from producers.checks.check_rule import CheckRule, Level
from producers.checks.rules.all_rules import CHANGES, RULES
from producers.checks.rules.export_rules import EXPORT_RULES
from producers.checks.rules.general_rules import GENERAL_RULES
from producers.checks.rules.sense_rules import SENSE_RULES
from producers.checks.rules.value_rules import VALUE_RULES
from producers.reports.funder_report import HowCertain
from producers.reports.kinds.all_kinds import TABLES
from producers.reports.report_period import words_of
from producers.reports.report_rows import NameOrigin, ReportSection
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


def report_kinds() -> Iterator[str]:
    """Every kind of report, and its periods."""
    rows = [(f"`{kind}`", made.title, words_of(made.forms)) for kind, made in TABLES.items()]
    yield from table(("report", "what it is", "the funder's own periods"), rows)


def report_marks() -> Iterator[str]:
    """What the marks of a cell mean."""
    marks = [(str(one), one.meaning) for one in (*HowCertain, *NameOrigin)]
    yield from table(("mark", "meaning"), marks)


def report_sections() -> Iterator[str]:
    """The sections of every report: how many rows have which names, and from where."""
    for number, (kind, made) in enumerate(TABLES.items()):
        yield from ("",) if number else ()
        yield from (f"### `{kind}`", "")
        names = [str(one) for one in NameOrigin]
        yield from table(("section", *names, "never known here", "source of names"), map(_section_row, made.sections))


def _section_row(section: ReportSection) -> tuple[str, ...]:
    counts = [sum(row.name is one for row in section.rows) for one in NameOrigin]
    never = sum(row.measure is None for row in section.rows)
    return (section.title, *(str(count or "") for count in (*counts, never)), section.source)


REPORT_PARTS: Final = (report_kinds, report_marks, report_sections)
