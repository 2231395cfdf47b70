"""The colours of charts: names of CSS variables, and what each stands for without a style sheet.

One SVG serves light, dark and print: it names variables and `currentColor`, and the page that holds
it gives them values (`LIGHT`, `DARK`). An SVG that is opened by itself has those of `LIGHT`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

LIGHT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "--page": "#ffffff",
        "--text": "#1c1c1c",
        "--c1": "#1d5b8f",
        "--c2": "#9c4a12",
        "--grid": "#d8dadd",
        "--muted": "#595f66",
    }
)
DARK: Final[Mapping[str, str]] = MappingProxyType(
    {
        "--page": "#14181c",
        "--text": "#ececec",
        "--c1": "#82bdea",
        "--c2": "#f0a878",
        "--grid": "#3a4148",
        "--muted": "#a9b1b9",
    }
)
TEXT: Final = "currentColor"
TILE_OPACITIES: Final = (0.1, 0.22, 0.36, 0.5)
"""Of `--c1` under a tile's text, from the least class to the most."""


def variable(name: str) -> str:
    """Such as `var(--c1, #1d5b8f)`."""
    return f"var({name}, {LIGHT[name]})"


ESTIMATE: Final = variable("--c1")
ACCENT: Final = variable("--c2")
GRID: Final = variable("--grid")
MUTED: Final = variable("--muted")
HATCH: Final = "url(#hatch)"
"""The pattern for what is not shown (`consumers.charts.svg` defines it)."""
