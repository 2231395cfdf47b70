"""The look and the upkeep with one rule broken each: a named law notices every one."""

import asyncio
import inspect
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

from producers.delivery import address
from producers.looking import looked_at, profile_draft, undecided_profile
from producers.sources.hmis import hmis_overview
from producers.upkeep import edge_checks, reporting_calendar, vault_backup
from tests.kits.broken_rules import BrokenRule, break_rule
from tests.unit.looking import test_look as looks
from tests.unit.upkeep import test_practice as practising
from tests.unit.upkeep import test_reporting_calendar as calendars
from tests.unit.upkeep import test_vault_backup as backups
from tests.unit.upkeep.test_edge_doctor import Usage


class Mutant(NamedTuple):
    """A rule, its mistake, and the law that must notice."""

    module: ModuleType
    name: str
    rule: str
    instead: str
    law: Callable[[Path], object]


def in_a_profile(law: Callable[..., object], *values: object) -> Callable[[Path], object]:
    """A law of the backup with a profile of its own."""
    return lambda folder: law(inspect.unwrap(backups.profile)(folder), folder, *values)


def the_free_disk(_: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shutil.disk_usage", lambda _: Usage(1, 0, 1 << 20))
        assert edge_checks._disk_found(Path("/")).state.value == "fault"


def practice(folder: Path) -> None:
    practising.run("edge", "init", "--practice", str(folder / "here"))
    practising.test_no_way_to_kafka_is_ever_made_for_it(folder / "here")


MUTANTS = {
    "totals are read as events are": Mutant(
        undecided_profile,
        "undecided_profile",
        "{**own, 'hmis': hmis, 'sheets': {'blank_consent': 'publish'}}",
        "{**own, 'legal_class': 'individual', 'hmis': hmis, 'sheets': {'blank_consent': 'publish'}}",
        looks.test_a_shelter_whose_flag_says_so_shares_only_totals,
    ),
    "small counts are up to ten, and ten is one": Mutant(
        looked_at,
        "_Look.end",
        "0 < n <= SMALL_COUNT_MAX",
        "0 < n < 1",
        looks.test_the_same_totals_leave_as_in_a_dry_run,
    ),
    "a column that HMIS does not have is named": Mutant(
        hmis_overview,
        "_columns",
        "ColumnsStay(name, OTHERS, (), len(left), order=len(UNREAD))",
        "ColumnsStay(name, OTHERS, tuple(map(str.title, left)), len(left), order=len(UNREAD))",
        looks.test_a_column_that_hmis_does_not_have_is_counted_and_not_named,
    ),
    "a profile is written over another": Mutant(
        profile_draft,
        "write_draft",
        "path.exists() or path.is_symlink()",
        "path.is_symlink()",
        looks.test_a_profile_is_never_overwritten,
    ),
    "a practice profile reaches Kafka": Mutant(address, "servers_of", "expect_no_practice(profile)", "None", practice),
    "the quarter after one is the next number": Mutant(
        reporting_calendar,
        "_next",
        "next(quarters(quarter + 1, quarter + 2))",
        "quarter + 1",
        calendars.test_a_run_after_its_end_sends_a_quarter_also_over_the_new_year,
    ),
    "what waits is sent": Mutant(
        reporting_calendar,
        "_standing",
        "there['waiting']",
        "False",
        calendars.test_what_the_exchange_has_not_accepted_is_not_sent,
    ),
    "totals are sent by any run": Mutant(
        reporting_calendar,
        "_standing",
        "closed is not None",
        "False",
        calendars.test_totals_are_sent_by_the_run_that_closes_their_quarter,
    ),
    "late on the last day": Mutant(
        reporting_calendar,
        "_standing",
        "today > end + timedelta(days=ON_TIME_DAYS)",
        "today >= end + timedelta(days=ON_TIME_DAYS)",
        lambda folder: calendars.test_a_quarter_is_due_when_it_is_over_and_late_five_weeks_after(
            folder, date(2026, 5, 5), "due"
        ),
    ),
    "a backup beside its key": Mutant(
        vault_backup,
        "_expect_place",
        "secrets_beside(profile, path.parent)",
        "[]",
        in_a_profile(backups.test_no_backup_is_written_beside_what_opens_it, "key_file"),
    ),
    "a backup over another": Mutant(
        vault_backup,
        "_expect_place",
        "path.exists() or path.is_symlink()",
        "path.is_symlink()",
        in_a_profile(backups.test_nothing_is_overwritten_and_no_link_followed),
    ),
    "a backup over a living vault": Mutant(
        vault_backup,
        "put_back",
        "last = _checked(profile.model_copy(update={'vault': unfinished}), secret)",
        "last = 0",
        in_a_profile(backups.test_what_is_no_backup_of_this_agency_is_not_put_back),
    ),
    "a full disk is well": Mutant(edge_checks, "_disk_found", "free < DISK_FULL_BYTES", "free < 0", the_free_disk),
}


def keeps(law: Callable[[Path], object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = law(Path(folder))
        if inspect.iscoroutine(found):
            asyncio.run(found)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_rule_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = MUTANTS[name]
    keeps(mutant.law)
    break_rule(monkeypatch, BrokenRule(mutant.module, mutant.name, mutant.rule, mutant.instead))
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        keeps(mutant.law)
