"""Text that leaves the page with a number: copied text and BibTeX, with interval and caveat."""

from consumers.pages.parts.panels import Panel
from exchange.core.metrics.figures import MetricPoint
from exchange.core.model.epochs import epoch_text
from exchange.core.picture.wording.phrases import month_words
from exchange.core.picture.wording.sentences import caveat_of, copied_text

_YEAR: int = 12


def chief(panel: Panel) -> MetricPoint | None:
    """The point of a panel's first sentence: the newest over time, else the first row's."""
    points = panel.points
    if not points:
        return None
    return points[-1] if len({one.period for one in points}) > 1 or points[0].period is None else points[0]


def copied(panel: Panel, address: str, preface: str = "") -> str:
    """What the button copies. `preface`: stands before it."""
    point = chief(panel)
    text = copied_text(point, address) if point else f"{panel.title}: not released yet. {address}"
    return f"{preface} {text}".strip()


def bibtex(panel: Panel, as_of: int, address: str, preface: str = "") -> str:
    """An entry for a bibliography. The caveat is its note, behind the preface."""
    point = chief(panel)
    note = f"{preface} Figures as of {month_words(as_of)}. {caveat_of(point) if point else ''}".strip()
    key = f"{panel.name}-{epoch_text(as_of)}"
    fields = (
        ("title", panel.title),
        ("author", "{The exchange}"),
        ("year", str(as_of // _YEAR)),
        ("url", address),
        ("note", note),
    )
    return "\n".join([f"@misc{{{key},", *(f"  {name} = {{{text}}}," for name, text in fields), "}"])
