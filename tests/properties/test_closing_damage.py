"""A damaged HMIS export closes no quarter on other totals than the whole one: the first are final.

An agency of totals publishes a copy that is damaged in a way of `tests.kits.export_damage`, by its
schedule or asked to close one quarter, and then the export as it is. Laws: a quarter's first
totals are those of an agency that saw the whole export only; while a row of a quarter is refused,
or a file with facts is missing, it stays open; how tools write the same keeps nothing open.
"""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from exchange.core.model.events import Tally
from exchange.core.model.period import parse_period
from exchange.core.model.vocabulary import LegalClass
from producers import errors
from producers.delivery import quarter_closing, report
from producers.delivery.report import Report
from producers.sources.hmis import HmisExport, HmisSettings
from producers.vault.store import Vault
from tests.kits.broken_rules import BrokenRule, notices
from tests.kits.edge_kit.agency import SECRET, Agency
from tests.kits.export_damage import HARMLESS, Files, a_column_is_missing, town
from tests.kits.sizes import examples
from tests.properties.test_hmis_damage import DAMAGED, damaged, later

LAWS = settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
Q1, Q2, Q3 = QUARTERS = [parse_period(f"2026Q{q}") for q in (1, 2, 3)]
ASKED = st.sampled_from([None, *QUARTERS])
Totals = dict[tuple[int, str, str], tuple[int, ...]]


class Office:
    """An agency of totals that publishes exports one after another, by the real edge and gate."""

    def __init__(self, folder: Path) -> None:
        self.agency = Agency(folder, LegalClass.tally_only, hmis={"all_projects_trafficking": True})
        self._folder, self._settings = folder, HmisSettings.from_profile(self.agency.profile)
        with Vault.open(self.agency.profile, SECRET) as vault:
            for name in ("cap_key", "secret"):  # every office chooses alike what is past a cap
                vault.set(name, bytes(range(32)))
            vault.commit()

    def publish(self, contents: dict[str, bytes], closes: int | None = None) -> Report | None:
        """The report; None if the export was refused as a whole. `closes`: by hand, one quarter."""
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        source = HmisExport(folder, self._settings)
        how = replace(self.agency.options, withdraw=False, incomplete=False, scheduled=closes is None, closes=closes)
        return asyncio.run(self._run(source, how))

    async def _run(self, source: HmisExport, how: object) -> Report | None:
        edge = self.agency.edge(options=how)
        waits = (errors.QuarterKeptOpen, errors.WithdrawalsUnconfirmed, errors.QuarterNotClosable)
        try:
            with suppress(*waits):
                async with edge:
                    await edge.read_all(source.read())
        except (errors.DatabaseChanged, errors.SourceUnreadable):
            return None
        return edge.report

    def first_totals(self) -> Totals:
        """(quarter, table, state) → the counts that releases take."""
        said = [event for _, event in self.agency.exchange.events() if isinstance(event.body, Tally) and event.cap]
        return {(event.period, event.body.table, event.state): tuple(event.body.counts) for event in said}

    def closed(self) -> set[int]:
        return {quarter for quarter, _, _ in self.first_totals()}


@contextmanager
def office() -> Iterator[Office]:
    with tempfile.TemporaryDirectory() as folder:
        yield Office(Path(folder))


@cache
def of_the_whole() -> Totals:
    """The first totals of an agency that saw the whole export only."""
    with office() as one:
        one.publish(Files.of(town()).contents())
        return one.first_totals()


FILES_AND_ROWS = DAMAGED.filter(lambda found: a_column_is_missing not in dict(found))
"""A column that is missing leaves its answers unknown, and closes: no row was refused."""


def keeps_open(one: Office, told: Report) -> None:
    """While rows of a quarter are refused, or a file with facts is missing, it is not closed."""
    unread = {row.period for row in told.refused_rows} | ({0} if told.not_whole else set())
    first = 0 if 0 in unread else min(unread, default=max(QUARTERS) + 1)
    assert all(quarter < first for quarter in one.closed()), (sorted(one.closed()), sorted(unread))


@LAWS
@given(FILES_AND_ROWS, ASKED)
def test_no_first_total_is_that_of_a_damaged_export(damages, asked):
    with office() as one:
        told = one.publish(damaged(town(), damages), asked)
        if told is not None:
            keeps_open(one, told)
        one.publish(Files.of(later(town())).contents())
        assert one.first_totals() == of_the_whole()


@LAWS
@given(st.lists(st.tuples(st.sampled_from(HARMLESS), st.integers(0, 9_999)), min_size=1, max_size=4))
def test_how_tools_write_the_same_keeps_no_quarter_open(damages):
    with office() as one:
        told = one.publish(damaged(town(), damages))
        assert told is not None
        assert not told.kept_open
        assert one.first_totals() == of_the_whole()


MUTANTS = {
    "refused rows keep nothing open": BrokenRule(
        quarter_closing, "sure_before", "max(closed, min([asked, *_1]))", "asked"
    ),
    "rows of an unknown quarter keep nothing open": BrokenRule(
        quarter_closing, "sure_before", "[closed] if 0 in doubtful else _1", "_1"
    ),
    "missing files keep nothing open": BrokenRule(
        report, "Report.doubtful", "{0} if self.not_whole or self.unconfirmed else set()", "set()"
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_closing_with_one_rule_broken_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    notices(monkeypatch, test_no_first_total_is_that_of_a_damaged_export, MUTANTS[name])
