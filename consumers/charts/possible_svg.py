"""Small pictures of figures as they could have come out: dots on lines, or a line over time.

Written directly, without the helper: ten pictures on one scale need no axis, and a page of them is
made when somebody asks. Nothing moves. Colours are variables (`consumers.charts.colours`), and the
words beside each picture say what it shows, so it is hidden from a screen reader.
"""

from collections.abc import Sequence
from typing import Final

from consumers.charts.colours import ACCENT, ESTIMATE, GRID, TEXT

WIDTH: Final = 150
ROW: Final = 15
HEIGHT: Final = 70
_LEFT: Final = 16
"""Room for a letter."""
_EDGE: Final = 6

Values = Sequence[float | None]


def dots(values: Values, most: float) -> str:
    """A line for each figure, named A, B, C …, with its dot; the largest is another colour."""
    known = [one for one in values if one is not None]
    rows = []
    for number, value in enumerate(values):
        y = number * ROW + 10
        rows.append(f'<text x="0" y="{y + 4}">{letter(number)}</text><path d="M{_LEFT} {y}h{WIDTH - _LEFT}"/>')
        if value is not None:
            largest = value == max(known)
            colour, size = (ACCENT, 5) if largest else (ESTIMATE, 4)
            rows.append(f'<circle cx="{_across(value, most)}" cy="{y}" r="{size}" fill="{colour}" stroke="none"/>')
    return _svg("".join(rows), len(values) * ROW + 6)


def line(values: Values, most: float) -> str:
    """A line over time; broken where a figure has nothing to divide by."""
    step = (WIDTH - 2 * _EDGE) / max(1, len(values) - 1)
    d, moved = "", True
    for number, value in enumerate(values):
        if value is None:
            moved = True
            continue
        at = f"{_EDGE + number * step:.1f} {HEIGHT - _EDGE - (HEIGHT - 2 * _EDGE) * value / (most or 1):.1f}"
        d, moved = f"{d}{'M' if moved else 'L'}{at}", False
    ground = f'<path d="M0 {HEIGHT - _EDGE}h{WIDTH}"/>'
    return _svg(f'{ground}<path d="{d}" stroke="{ESTIMATE}" stroke-width="2"/>', HEIGHT)


def letter(number: int) -> str:
    """The name of a row: A, B, C and so on."""
    return chr(ord("A") + number)


def _across(value: float, most: float) -> str:
    return f"{_LEFT + _EDGE + (WIDTH - _LEFT - 2 * _EDGE) * value / (most or 1):.1f}"


def _svg(marks: str, height: int) -> str:
    box = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    style = f'fill="none" stroke="{GRID}" font-size="11"'
    inside = marks.replace("<text ", f'<text fill="{TEXT}" stroke="none" ')
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box} aria-hidden="true"><g {style}>{inside}</g></svg>'
