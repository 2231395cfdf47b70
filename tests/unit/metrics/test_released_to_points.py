"""The releases behind metrics: refused ones, and ones that are due and missing."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from exchange.core.admission.cap_rules import NONE, Cap
from exchange.core.counting.tables import BY_NAME, Tier, domain
from exchange.core.metrics.view import View
from exchange.core.model.epochs import EpochInvalid, epoch_of, epoch_text, first_month, parse_epoch
from exchange.core.model.period import period_of
from exchange.core.release.released import Release, ReleasedDomainChanged, ReleaseDiffers, ReleaseUnsound
from tests.kits.release_world import AFTER, APRIL, JANUARY, JULY, release, released, releases


def test_a_second_draw_is_refused() -> None:
    one = release("cases", APRIL, lambda *_: 40)
    with pytest.raises(ReleaseDiffers):
        released([one]).taking([release("cases", APRIL, lambda *_: 41)])


def test_a_changed_domain_is_refused() -> None:
    one = replace(release("cases_by_gender_yearly_only", AFTER), table="of_another_version")
    fewer = replace(one, epoch=AFTER + 12, codes=(one.codes[0][:1],), counts=one.counts[::2])
    with pytest.raises(ReleasedDomainChanged):
        released([one, fewer])


@pytest.mark.parametrize(
    "change",
    [
        lambda r: replace(r, variance=Fraction(0)),
        lambda r: replace(r, variance=Fraction(-1)),
        lambda r: replace(r, counts=(None, *r.counts[1:])),
        lambda r: replace(r, counts=r.counts[1:]),
        lambda r: replace(r, tier=Tier.NEVER),
        lambda r: replace(r, tier=Tier.NATION_YEARLY),
        lambda r: replace(r, bit=NONE),
        lambda r: replace(r, bit=Cap.STATE),
        lambda r: replace(r, bit=Cap.NATION | Cap.ONE),
        lambda r: replace(r, table="exits_by_destination"),
        lambda r: replace(r, table="barriers_by_barrier_and_service"),
        lambda r: replace(r, places=("ca",)),
        lambda r: replace(r, epoch=r.epoch + 1),
        lambda r: replace(r, epoch=12),
        lambda r: replace(r, dimensions=("exit_destination",)),
        lambda r: replace(r, codes=(r.codes[0][::-1],)),
        lambda r: replace(r, codes=(r.codes[0][:1] * len(r.codes[0]),)),
        lambda r: replace(r, codes=(("made_up", *r.codes[0][1:]),)),
    ],
)
def test_a_release_that_is_not_its_table_s_is_refused(change: Callable[[Release], Release]) -> None:
    with pytest.raises(ReleaseUnsound):
        change(release("exits_by_reason", APRIL))


def test_a_release_of_another_version_s_table_can_be_read() -> None:
    own = replace(release("cases", APRIL, lambda *_: 60), table="of_another_version")
    assert View(released([own]), APRIL).periods("of_another_version") == (period_of(2026, 1),)
    with pytest.raises(ReleaseUnsound, match="one bit"):
        replace(own, bit=Cap.NATION | Cap.STATE)


def test_a_release_with_its_sensitive_codes_in_it_is_refused() -> None:
    """Its counted table has them; what is released under the name has not."""
    for name in ("cases_by_gender", "needs_by_service", "exits_by_reason"):
        one, counted = release(name, APRIL), BY_NAME[name]
        codes = (domain(counted, counted.dimensions[0]),)
        assert len(codes[0]) > len(one.codes[0])
        with pytest.raises(ReleaseUnsound, match="another domain"):
            replace(one, codes=codes, counts=(0,) * len(codes[0]))


def test_what_is_due_and_not_here_is_awaited() -> None:
    made = releases(["cases", "exits_by_reason", "state_cases", "arrivals_cases"], APRIL, JULY, lambda *_: 40)
    lacking = released([some for some in made if (some.table, some.epoch) != ("exits_by_reason", JULY)])
    assert lacking.awaited(JULY) == ("exits_by_reason",)
    assert lacking.awaited(JULY + 1) == ("arrivals_cases",)
    assert lacking.awaited(APRIL) == ()


def test_epochs_are_months() -> None:
    assert epoch_text(epoch_of(2026, 11)) == "2026-11"
    assert parse_epoch("2026-11") == epoch_of(2026, 11) == epoch_of(2026, 12) - 1
    assert [first_month(period_of(2026, q)) - JANUARY for q in (0, 1, 2, 3, 4)] == [0, 0, 3, 6, 9]
    for wrong in ("2026-13", "2026-00", "2000-12", "2026Q1", "2026-1"):
        with pytest.raises(EpochInvalid):
            parse_epoch(wrong)
