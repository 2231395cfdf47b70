"""Short makers for the tables of rules, and the reports that they name."""

from typing import Final

from producers.checks.check_rule import CheckRule, Effect, Level, RepairStep

E, L, R = Effect, Level, RepairStep
"""Short, so that a rule is a row."""
QUALITY: Final = "HUD APR and CAPER, Q6 (data quality)"
SERVED: Final = "HUD APR and CAPER, Q7 (persons served)"
AGES: Final = "HUD APR and CAPER, Q11 (age)"
LENGTH: Final = "HUD APR and CAPER, Q22 (length of participation)"
DESTINATION: Final = "HUD APR and CAPER, Q23 (exit destination)"
TIMELINESS: Final = "HUD APR and CAPER, Q6e (timeliness)"
YOUTH: Final = "RHY-HMIS upload (youth programs)"
REFERRALS: Final = "Coordinated entry, APR Q10 (events)"
PROJECT_REPORTS: Final = "Every HUD report of the project"
PATH_REPORT: Final = "PATH annual report"


def published(  # noqa: PLR0917 - a row of a table
    name: str, level: Level, table: str, column: str, meaning: str, repair: RepairStep, effect: Effect, report: str = ""
) -> CheckRule:
    """A rule by which publishing refuses."""
    return CheckRule(name, level, table, column, meaning, repair, effect, report, publishing=True)


def rule(  # noqa: PLR0917 - a row of a table
    name: str,
    level: Level,
    table: str,
    column: str,
    meaning: str,
    repair: RepairStep,
    effect: Effect,
    report: str = "",
    needs: str = "",
) -> CheckRule:
    """A rule of its own. `needs`: names of other files, without `.csv`."""
    files = tuple(f"{file}.csv" for file in needs.split())
    return CheckRule(name, level, table, column, meaning, repair, effect, report, files)
