"""The points of a served picture, as a page asks for them: no more of them is read."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from consumers.pages.figures_at_hand import Where
from consumers.serve.snapshot.columns import ARRIVALS_CODE
from consumers.serve.snapshot.served_points import point_of
from consumers.serve.snapshot.snapshot import Picture
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.view import Period


class PicturePoints:
    """The points of a picture up to a month. They never change, as the picture does not."""

    def __init__(self, picture: Picture, as_of: int) -> None:
        self._picture = picture
        self._epochs = picture.until(as_of)
        self._brought: dict[str, dict[int, list[int]]] = {}

    def periods(self, metric: str) -> Iterator[int]:
        """The quarters and years that a metric has points of."""
        return (one for one in self._epochs_of(metric) if one != ARRIVALS_CODE)

    def of_period(self, metric: str, period: Period, months: int = 0) -> Iterator[MetricPoint]:
        """The points of a metric in one period; `months`: of the newest so many months alone."""
        code = period or ARRIVALS_CODE
        return self._points(metric, self._epochs_of(metric).get(code, ())[-months:], period=code)

    def of_series(self, metric: str, where: Where, periods: Collection[Period]) -> Iterator[MetricPoint]:
        """The points of a metric with exactly these dimensions, in some periods."""
        brought = [(period or ARRIVALS_CODE, self._epochs_of(metric)) for period in periods]
        asked = sorted((epoch, code) for code, epochs in brought for epoch in epochs.get(code, ()))
        for number in self._picture.names.numbers_of(metric, where):
            for epoch, code in asked:
                yield from self._points(metric, (epoch,), period=code, series=number)

    def _epochs_of(self, metric: str) -> Mapping[int, Sequence[int]]:
        """Of each period, the epochs that brought points of a metric: most brought none."""
        if metric not in self._brought:
            found: dict[int, list[int]] = {}
            for epoch in self._epochs:
                for period in self._picture.epochs[epoch].periods(metric):
                    found.setdefault(period, []).append(epoch)
            self._brought[metric] = found
        return self._brought[metric]

    def _points(self, metric: str, epochs: Iterable[int], **only: int) -> Iterator[MetricPoint]:
        for epoch in epochs:
            for row in self._picture.epochs[epoch].rows(metric, **only):
                yield point_of(row, epoch, self._picture.names)
