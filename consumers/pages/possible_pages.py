"""Ten possible pictures of a figure: how it could have come out with other noise.

Who sees ten of them sees at once whether an order or a rise would stand (hypothetical outcome
plots; Hullman 2015). They stand beside each other and nothing moves, so nobody has to stop them.

Rules kept: they are drawn by `exchange.core.picture.comparisons.possible` with its public seed,
from published counts and sizes of noise; anybody finds the same. They are no release.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from consumers.charts import possible_svg
from consumers.pages.figures_at_hand import Figures
from consumers.pages.parts.panels import Panel, PanelChart, PanelRow, in_chart
from exchange.core.picture.comparisons.measured import MeasuredFigure
from exchange.core.picture.comparisons.possible import possible_pictures

FIGURES_MAX = 12
"""Of a table; a picture of more is not taken in."""
Pictures = Sequence[Sequence[float | None]]


@dataclass(frozen=True, slots=True)
class PossiblePicture:
    """One picture: `svg`, and in words what stands out in it."""

    svg: str
    says: str


@dataclass(frozen=True, slots=True)
class PossiblePictures:
    """All of them. `sums`: what they come to, in sentences; `key`: letters and what they name."""

    pictures: tuple[PossiblePicture, ...]
    sums: tuple[str, ...]
    key: tuple[tuple[str, str], ...] = ()


def has_pictures(figures: Figures, panel: Panel) -> bool:
    """Whether a figure has numbers with noise to draw: several beside each other, or over time."""
    return panel.chart is not PanelChart.TILES and len(_measured(figures, panel)) > 1


def pictures_of(figures: Figures, panel: Panel) -> PossiblePictures | None:
    """Ten pictures; None: there is nothing to draw."""
    found = _measured(figures, panel)
    if panel.chart is PanelChart.TILES or len(found) < 2:
        return None
    labels = [row.label for row, _ in found]
    drawn = possible_pictures([figure for _, figure in found])
    most = max((value for picture in drawn for value in picture if value is not None), default=0.0)
    return _over_time(labels, drawn, most) if panel.period in ("", "arrivals") else _beside(labels, drawn, most)


def _measured(figures: Figures, panel: Panel) -> list[tuple[PanelRow, MeasuredFigure]]:
    if figures.behind is None:
        return []
    shown = [row for row in in_chart(panel) if row.point is not None and row.status.shows_number]
    found = ((row, figures.behind.of(row.point)) for row in shown if row.point is not None)
    known = [(row, figure) for row, figure in found if figure is not None and not figure.exact]
    return known if panel.period in ("", "arrivals") else known[:FIGURES_MAX]


def _beside(labels: Sequence[str], drawn: Pictures, most: float) -> PossiblePictures:
    first = [_largest(picture) for picture in drawn]
    letters = [possible_svg.letter(number) for number in range(len(labels))]
    pictures = tuple(
        PossiblePicture(
            possible_svg.dots(picture, most),
            "nothing can be compared" if top is None else f"largest: {letters[top]}, {labels[top]}",
        )
        for picture, top in zip(drawn, first, strict=True)
    )
    times = Counter(top for top in first if top is not None)
    sums = tuple(f"“{labels[top]}” is the largest in {n} of {len(drawn)}." for top, n in times.most_common())
    return PossiblePictures(pictures, sums, tuple(zip(letters, labels, strict=True)))


def _largest(picture: Sequence[float | None]) -> int | None:
    known = [(value, -number) for number, value in enumerate(picture) if value is not None]
    return -max(known)[1] if known else None


def _over_time(labels: Sequence[str], drawn: Pictures, most: float) -> PossiblePictures:
    before, last = labels[-2], labels[-1]
    went = list(map(_direction, drawn))
    pictures = tuple(
        PossiblePicture(possible_svg.line(picture, most), f"{how} at the end")
        for picture, how in zip(drawn, went, strict=True)
    )
    return PossiblePictures(pictures, tuple(_said(Counter(went), before, last, len(drawn))))


def _direction(picture: Sequence[float | None]) -> str:
    before, last = picture[-2], picture[-1]
    if before is None or last is None or before == last:
        return "neither up nor down"
    return "up" if last > before else "down"


def _said(went: Counter[str], before: str, last: str, of: int) -> Iterator[str]:
    for how, times in went.most_common():
        yield f"From {before} to {last} it went {how} in {times} of {of}."
