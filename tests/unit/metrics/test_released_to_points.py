"""The releases behind metrics: refused ones, ones that are due, and the periods of buckets."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from exchange.core.admission.cap_rules import NONE, Cap
from exchange.core.counting.tables import BY_NAME, Tier, domain
from exchange.core.metrics.view import View
from exchange.core.model.epochs import EpochInvalid, epoch_of, epoch_text, first_month, parse_epoch
from exchange.core.model.period import period_of, period_text
from exchange.core.release.released import Release, ReleasedDomainChanged, ReleaseDiffers, ReleaseUnsound
from exchange.core.release.tiers import Bucket, bucket_of, is_due, period_of_bucket
from tests.kits.release_world import DECEMBER, JANUARY, MARCH, release, released, releases


def test_a_second_draw_is_refused() -> None:
    one = release("cases", JANUARY, lambda *_: 40)
    with pytest.raises(ReleaseDiffers):
        released([one]).taking([release("cases", JANUARY, lambda *_: 41)])


def test_a_changed_domain_is_refused() -> None:
    one = replace(release("cases_by_gender_yearly_only", DECEMBER), table="of_another_version")
    fewer = replace(one, epoch=DECEMBER + 12, codes=(one.codes[0][:1],), increments=one.increments[::2])
    with pytest.raises(ReleasedDomainChanged):
        released([one, fewer])


@pytest.mark.parametrize(
    "change",
    [
        lambda r: replace(r, variance=Fraction(0)),
        lambda r: replace(r, variance=Fraction(-1)),
        lambda r: replace(r, increments=(None, *r.increments[1:])),
        lambda r: replace(r, increments=r.increments[1:]),
        lambda r: replace(r, tier=Tier.NEVER),
        lambda r: replace(r, tier=Tier.NATION_YEARLY),
        lambda r: replace(r, bit=NONE),
        lambda r: replace(r, bit=Cap.STATE),
        lambda r: replace(r, bit=Cap.UNMARKED),
        lambda r: replace(r, table="exits_by_destination"),
        lambda r: replace(r, table="barriers_by_barrier_and_service"),
        lambda r: replace(r, places=("ca",)),
        lambda r: replace(r, since=r.epoch + 1),
        lambda r: replace(r, epoch=12),
        lambda r: replace(r, dimensions=("exit_destination",)),
        lambda r: replace(r, codes=(r.codes[0][::-1],)),
        lambda r: replace(r, codes=(r.codes[0][:1] * len(r.codes[0]),)),
        lambda r: replace(r, codes=(("made_up", *r.codes[0][1:]),)),
    ],
)
def test_a_release_that_is_not_its_table_s_is_refused(change: Callable[[Release], Release]) -> None:
    with pytest.raises(ReleaseUnsound):
        change(release("exits_by_reason", MARCH))


def test_a_release_of_another_version_s_table_can_be_read() -> None:
    own = replace(release("cases", JANUARY, lambda *_: 60), table="of_another_version")
    assert View(released([own]), JANUARY).has("of_another_version")
    for bits in (Cap.UNMARKED, Cap.NATION | Cap.STATE):
        with pytest.raises(ReleaseUnsound, match="one bit"):
            replace(own, bit=bits)


def test_a_release_with_its_sensitive_codes_in_it_is_refused() -> None:
    """Its counted table has them; what is released under the name has not."""
    for name in ("cases_by_gender", "needs_by_service", "exits_by_reason"):
        one, counted = release(name, MARCH), BY_NAME[name]
        codes = (domain(counted, counted.dimensions[0]),)
        assert len(codes[0]) > len(one.codes[0])
        with pytest.raises(ReleaseUnsound, match="another domain"):
            replace(one, codes=codes, increments=(0,) * (len(one.buckets) * len(codes[0])))


def test_what_is_due_and_not_here_is_awaited() -> None:
    made = releases(["cases", "exits_by_reason", "state_cases"], JANUARY, epoch_of(2026, 6), lambda *_: 40)
    june = released([some for some in made if (some.table, some.epoch) != ("exits_by_reason", epoch_of(2026, 6))])
    assert june.awaited(epoch_of(2026, 6)) == ("exits_by_reason",)
    assert june.awaited(epoch_of(2026, 5)) == ()


@pytest.mark.parametrize(
    ("month", "periods"),
    [(1, ("2026Q1", "2025Q4", "2026", "2025")), (11, ("2026Q4", "2026Q3", "2026", "2025"))],
)
def test_buckets_are_periods_seen_from_their_epoch(month: int, periods: tuple[str, ...]) -> None:
    found = [period_of_bucket(bucket, epoch_of(2026, month)) for bucket in Bucket]
    assert (*map(period_text, found[:4]), found[4]) == (*periods, 0)


@pytest.mark.parametrize("tier", [tier for tier in Tier if tier is not Tier.NEVER])
@pytest.mark.parametrize("month", range(1, 13))
def test_every_period_is_in_one_bucket(tier: Tier, month: int) -> None:
    epoch = epoch_of(2026, month)
    monthly = tier in {Tier.NATION_MONTHLY, Tier.NATION_QUARTERLY}
    for period in range(period_of(2023), period_of(2028)):
        bucket = bucket_of(tier, epoch, period)
        alone = period_of_bucket(bucket, epoch)
        same = [p for p in range(period_of(2023), period_of(2028)) if bucket_of(tier, epoch, p) is bucket]
        if bucket is Bucket.EARLIER:
            assert all(bucket_of(tier, epoch, p) is bucket for p in range(period_of(2001), period_of(2023)))
        elif monthly:
            assert same == [alone] == [period]
        else:
            assert same == list(range(alone, alone + 5))
            assert period in same


def test_tables_are_due_at_the_end_of_their_month_quarter_or_year() -> None:
    due = {tier: [month for month in range(1, 13) if is_due(tier, epoch_of(2026, month))] for tier in Tier}
    assert due[Tier.NATION_MONTHLY] == list(range(1, 13))
    assert due[Tier.NATION_QUARTERLY] == [3, 6, 9, 12]
    assert due[Tier.NATION_YEARLY] == due[Tier.STATE_YEARLY] == [12]
    assert due[Tier.NEVER] == []


def test_epochs_are_months() -> None:
    assert epoch_text(epoch_of(2026, 11)) == "2026-11"
    assert parse_epoch("2026-11") == epoch_of(2026, 11) == epoch_of(2026, 12) - 1
    assert [first_month(period_of(2026, q)) - JANUARY for q in (0, 1, 2, 3, 4)] == [0, 0, 3, 6, 9]
    for wrong in ("2026-13", "2026-00", "2000-12", "2026Q1", "2026-1"):
        with pytest.raises(EpochInvalid):
            parse_epoch(wrong)
