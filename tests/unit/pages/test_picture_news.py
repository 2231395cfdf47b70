"""What another process is told of a picture, piece by piece, is that picture; a month costs what
it brought."""

import pickle

import pytest

from consumers.pages.beside.picture_news import (
    PIECE,
    RELEASES,
    NewEpoch,
    NewNames,
    NewReleases,
    NewsPiece,
    PictureMirror,
    PictureTold,
    ShowPicture,
)
from consumers.pages.parts.from_picture import PicturePoints
from consumers.serve.snapshot.snapshot import Picture, PointSnapshot
from exchange.core.metrics.table import METRICS
from exchange.core.release.released import Released
from tests.kits.serve_world import FIRST, JANUARY, ReadRecord, as_records, picture, releases, world


def told(mirror: PictureMirror, news: PictureTold, shown: Picture, released: Released | None) -> list[NewsPiece]:
    """The pieces, as they arrive in another process."""
    pieces = [pickle.loads(pickle.dumps(one)) for one in news.news(shown, released)]
    for number, piece in enumerate(pieces, 1):
        assert mirror.take(piece) is (number == len(pieces))
    return pieces


def same(one: Picture, other: Picture, as_of: int) -> None:
    assert one.position == other.position
    assert one.newest == other.newest
    for metric in METRICS:
        points = [PicturePoints(each, as_of) for each in (one, other)]
        periods = [list(each.periods(metric.name)) for each in points]
        assert periods[0] == periods[1]
        for period in (None, *periods[0]):
            found = [list(each.of_period(metric.name, period)) for each in points]
            assert found[0] == found[1]
            for point in found[0][:1]:
                where = frozenset(point.dimensions)
                series = [list(each.of_series(metric.name, where, {period})) for each in points]
                assert series[0] == series[1]


def test_a_picture_that_was_told_is_the_picture_and_grows_by_what_came() -> None:
    mirror, news, snapshot = PictureMirror(), PictureTold(), PointSnapshot()
    some = as_records(world())
    cut = sum(1 for one in world() if one.epoch < JANUARY)
    read = [ReadRecord(key, value, offset) for offset, (key, value) in enumerate(some)]
    snapshot.take(read[:cut])
    snapshot.end_run()
    first = told(mirror, news, snapshot.picture, None)
    same(mirror.picture, snapshot.picture, JANUARY - 1)
    assert mirror.released is None
    assert len([one for one in first if isinstance(one, NewEpoch)]) == JANUARY - FIRST
    assert told(mirror, news, snapshot.picture, None) == []
    behind = Released().taking(releases(JANUARY - 1))
    [*released, shown] = told(mirror, news, snapshot.picture, behind)
    assert shown == ShowPicture(snapshot.picture.position, complete=True)
    assert mirror.released == behind
    assert all(isinstance(one, NewReleases) and len(one.releases) <= RELEASES for one in released)
    assert told(mirror, news, snapshot.picture, None) == []  # once they were there, they stay
    snapshot.take(read[cut:])
    snapshot.end_run(every_figure=True)
    behind = Released().taking(releases(JANUARY))
    later = told(mirror, news, snapshot.picture, behind)
    assert [one.epoch for one in later if isinstance(one, NewEpoch)] == [JANUARY]
    assert {one.epoch for piece in later if isinstance(piece, NewReleases) for one in piece.releases} == {JANUARY}
    same(mirror.picture, snapshot.picture, JANUARY)
    assert mirror.released == behind


def test_topics_that_were_made_anew_leave_nothing_of_before() -> None:
    mirror, news = PictureMirror(), PictureTold()
    told(mirror, news, picture(JANUARY), Released().taking(releases(JANUARY)))
    told(mirror, news, picture(FIRST), None)
    same(mirror.picture, picture(FIRST), JANUARY)
    assert mirror.released is None


def test_names_come_in_pieces_that_hold_nobody_up() -> None:
    pieces = list(PictureTold().news(picture(JANUARY), None))
    series = [len(one.series) for one in pieces if isinstance(one, NewNames) and one.series]
    assert sum(series) == len(picture(JANUARY).names.series.values)
    assert max(series) <= PIECE


def with_the_last_lost(lost: type) -> PictureMirror:
    mirror, pieces = PictureMirror(), list(PictureTold().news(picture(JANUARY), None))
    gone = [one for one in pieces if isinstance(one, lost)][-1]
    for piece in pieces:
        if piece is not gone:
            mirror.take(piece)
    return mirror


@pytest.mark.parametrize("lost", [NewEpoch, NewNames])
def test_a_piece_that_is_lost_is_missed(lost: type) -> None:
    """Or else nothing above could tell."""
    mirror = with_the_last_lost(lost)
    with pytest.raises((AssertionError, IndexError)):
        same(mirror.picture, picture(JANUARY), JANUARY)
