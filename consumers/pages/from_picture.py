"""The points of a served picture, as a page asks for them: no more of them is read."""

from collections.abc import Iterator

from consumers.pages.figures import Where
from consumers.serve.columns import ARRIVALS_CODE
from consumers.serve.points import point_of
from consumers.serve.snapshot import Picture
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.view import Period


class PicturePoints:
    """The points of a picture up to a month. They never change, as the picture does not."""

    def __init__(self, picture: Picture, as_of: int) -> None:
        self._picture = picture
        self._epochs = picture.until(as_of)

    def periods(self, metric: str) -> Iterator[int]:
        """The quarters and years that a metric has points of."""
        for epoch in self._epochs:
            yield from (one for one in self._picture.epochs[epoch].periods(metric) if one != ARRIVALS_CODE)

    def of_period(self, metric: str, period: Period) -> Iterator[MetricPoint]:
        """The points of a metric in one period."""
        return self._points(metric, period=period or ARRIVALS_CODE)

    def of_series(self, metric: str, where: Where) -> Iterator[MetricPoint]:
        """The points of a metric with exactly these dimensions, in every period."""
        for number in self._picture.names.numbers_of(metric, where):
            yield from self._points(metric, series=number)

    def _points(self, metric: str, **only: int) -> Iterator[MetricPoint]:
        for epoch in self._epochs:
            for row in self._picture.epochs[epoch].rows(metric, **only):
                yield point_of(row, epoch, self._picture.names)
