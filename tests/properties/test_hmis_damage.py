"""Damage is no evidence: what the edge concludes from an export that is damaged, however it is."""

import asyncio
import tempfile
from collections import Counter
from dataclasses import fields
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange.core.counting.tables import MISSING_CODES
from exchange.core.model.events import AgencyProfiled, Body, FundingReceived
from producers import errors
from producers.delivery.report import Report
from producers.sources.hmis import HmisExport, HmisSettings
from producers.vault.event_tail import decode_tail
from producers.vault.fact_store import SOURCE
from producers.vault.store import Vault
from tests.kits.edge_kit.agency import SECRET, Agency
from tests.kits.export_damage import DAMAGES, HARMLESS, Files, a_row_twice_with_another_code, town
from tests.kits.hmis_exports import Written
from tests.kits.sizes import examples

LAWS = settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
SINGLE = st.tuples(st.sampled_from(DAMAGES), st.integers(0, 9_999))
TWICE = a_row_twice_with_another_code
DAMAGED = st.lists(SINGLE, min_size=1, max_size=3).filter(lambda found: len(found) == 1 or TWICE not in dict(found))
"""Of two rows that contradict each other, nobody misses one that another damage destroyed."""
ABOUT_AGENCY = (AgencyProfiled, FundingReceived)


class Desk:
    """One agency that publishes exports one after another, by the real edge and gate."""

    def __init__(self, folder: Path, hmis: dict[str, object]) -> None:
        self.agency, self._folder = Agency(folder, hmis=hmis), folder
        self._settings = HmisSettings.from_profile(self.agency.profile)

    def publish(self, contents: dict[str, bytes]) -> Report | None:
        """The report of a run; None if the edge refused the export as a whole."""
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        try:
            return asyncio.run(self._run(HmisExport(folder, self._settings)))
        except (errors.DatabaseChanged, errors.SourceUnreadable):
            return None

    async def _run(self, source: HmisExport) -> Report:
        async with self.agency.edge() as edge:
            await edge.read_all(source.read())
            return edge.report

    def facts(self) -> Counter:
        """(period, state, body) of every fact that the agency states now."""
        with Vault.open(self.agency.profile, SECRET) as vault:
            rows = vault.all("SELECT schema, want FROM fact WHERE want IS NOT NULL AND key > ?", (SOURCE,))
        found = (decode_tail(schema, tail) for schema, tail in rows)
        return Counter((event.period, event.state, event.body) for event in found)


def desk(folder: Path) -> Desk:
    return Desk(folder, hmis={"all_projects_trafficking": True})


def later(written: Written) -> Written:
    return written.change("Export.csv", ExportDate="2026-10-05 08:00:00")


def damaged(written: Written, damages) -> dict[str, bytes]:
    files = Files.of(written)
    for damage, seed in damages:
        damage(files, Random(seed))
    return files.contents()


@LAWS
@given(DAMAGED)
def test_a_damaged_copy_of_a_published_export_changes_nothing(damages):
    with tempfile.TemporaryDirectory() as folder:
        one = desk(Path(folder))
        one.publish(Files.of(town()).contents())
        before = one.facts()
        one.publish(damaged(later(town()), damages))
        assert one.facts() == before


@LAWS
@given(DAMAGED)
def test_a_damaged_export_states_nothing_that_the_whole_one_does_not(damages):
    with tempfile.TemporaryDirectory() as whole, tempfile.TemporaryDirectory() as broken:
        good, bad = desk(Path(whole)), desk(Path(broken))
        good.publish(Files.of(town()).contents())
        bad.publish(damaged(town(), damages))
        left = good.facts()
        for period, state, body in bad.facts().elements():
            if isinstance(body, ABOUT_AGENCY):
                continue
            fitting = [one for one in left if one[0] == period and _vaguer(body, one[2])]
            exact = [one for one in fitting if one[1:] == (state, body)]
            assert fitting, (period, body)
            left[(exact or fitting)[0]] -= 1
            left += Counter()


def _vaguer(body: Body, than: object) -> bool:
    """Whether a body says the same as another, but for codes that say nothing."""
    if type(body) is not type(than):
        return False
    pairs = [(getattr(body, name), getattr(than, name)) for name in (one.name for one in fields(body))]
    return all(one == other or str(one) in {*MISSING_CODES, "not_applicable"} for one, other in pairs)


@LAWS
@given(st.lists(st.tuples(st.sampled_from(HARMLESS), st.integers(0, 9_999)), min_size=1, max_size=4))
def test_how_tools_write_the_same_changes_nothing_and_refuses_nothing(damages):
    with tempfile.TemporaryDirectory() as folder:
        one = desk(Path(folder))
        one.publish(Files.of(town()).contents())
        before = one.facts()
        report = one.publish(damaged(later(town()), damages))
        assert report is not None
        assert report.clean
        assert one.facts() == before
