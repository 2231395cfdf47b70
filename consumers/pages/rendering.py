"""Sections as HTML: a function of figures and setting, with the same bytes for the same input.

    Pages(setting).section("/needs", figures)          bytes of a page
    Pages(setting).alone(panel, figures, embedded=False)    one figure

Rules kept: a page stands without charts; a chart stands where `setting.charts` has one. A title
names nothing that anybody would have to hide.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import PackageLoader
from markupsafe import Markup

from consumers.charts.tile_map import PLACES
from consumers.charts.words_on_charts import beside
from consumers.pages.comparing_two import can_be_compared, choices, compare
from consumers.pages.figures_at_hand import Figures
from consumers.pages.parts import table_cells
from consumers.pages.parts.citing import bibtex, copied
from consumers.pages.parts.linked_data import dataset_of
from consumers.pages.parts.panels import Panel, PanelChart, PanelRow, Part, PartHeading, in_chart, in_table
from consumers.pages.possible_pages import has_pictures, pictures_of
from consumers.pages.sections.all_sections import SECTIONS, PageSection
from exchange.core.metrics.shapes import EVENTS
from exchange.core.metrics.table import BY_METRIC
from exchange.core.model.epochs import epoch_text
from exchange.core.picture.asked.briefs import Brief
from exchange.core.picture.wording.phrases import month_words
from exchange.core.picture.wording.sentences import caveat_of
from exchange.core.picture.wording.statuses import FigureStatus
from exchange.web.leaving import LEAVE_TO
from exchange.web.problems import Problem
from exchange.web.templating import Frame, environment, render

NAME: Final = "National service figures"
"""In titles and at the top: what anybody may be seen to read."""
STANDING: Final = (
    "These are services that agencies reported. They are not people: somebody whom two agencies help is counted twice. And "
    "they do not say how many people are trafficked."
)
NO_CHART_YET: Final = b'data-chart="awaited"'
"""In a page that a chart may still be added to."""
PART: Final = 2
"""The level of a part's heading."""
FORMS: Final = (
    ("CSV", "csv"),
    ("Excel", "xlsx"),
    ("JSON", "json"),
    ("Parquet", "parquet"),
    ("CSV with its description (zip)", "zip"),
)

Charts = Callable[[Panel, int], str | None]
"""(panel, epoch) → its chart as SVG; None: it is not ready, or there is none."""


def no_charts(_: Panel, __: int) -> str | None:
    """Tables only."""
    return None


@dataclass(frozen=True, slots=True)
class SiteSetting:
    """Where a site stands. `address`: its public address, for links that leave it.

    `preface`: a sentence that stands first on every page and in every text that is taken along.
    """

    address: str = ""
    preface: str = ""
    root: str = ""
    leave_to: str = LEAVE_TO
    live: bool = True
    charts: Charts = no_charts
    brief_pdf: Callable[[Brief], bytes] | None = None
    """Makes a brief's PDF; None: there are none."""
    drawn: bool = False
    """Whether charts are made at all: then a page without one may still change."""


class Pages:
    """All pages of a site."""

    def __init__(self, setting: SiteSetting | None = None) -> None:
        self.setting = setting or SiteSetting()
        self._made = environment(PackageLoader("consumers.pages"))

    def prepare(self) -> None:
        """Read every template, which the first page would wait for."""
        for name in self._made.list_templates():
            self._made.get_template(name)

    def section(
        self,
        section: PageSection,
        figures: Figures,
        *,
        chosen: Mapping[str, str] | None = None,
        frozen: bool = False,
        notice: str = "",
        coming: bool = False,
        after: int | None = None,
    ) -> bytes:
        """A section's page. `frozen`: it was asked for as of a month and never changes.

        `coming`: charts that are not there are being drawn. `after`: the newest event that it knows
        of: what comes between its making and its listening is not missed.
        """
        parts = [self._part(part, figures) for part in section.parts(figures, chosen or {})]
        current = section.address_of(chosen or {})
        values = {
            "heading": section.heading_of(chosen or {}),
            "contents": _contents(parts),
            "intro": section.intro,
            "parts": parts,
            "frozen": frozen,
            "stream": "/v1/stream" if after is None else f"/v1/stream?after={after}",
            "coming": coming and any(part["kind"] == "Panel" and part["it"]["awaited"] for part in parts),
            **self._around(figures, current, section.title, live=not frozen, notice=notice),
        }
        return render(self._made, "section.html", values).encode()

    def alone(self, panel: Panel, figures: Figures, *, embedded: bool) -> bytes:
        """One figure on a page of its own; `embedded`: without what stands around it."""
        around = self._around(figures, f"/figures/{panel.name}", "A figure", live=False)
        setting = self.setting
        data = dataset_of(panel, figures.as_of, setting.address, setting.root, setting.preface)
        values = {"figure": self._figure(panel, figures), "embedded": embedded, "data": data, **around}
        return render(self._made, "alone.html", values).encode()

    def comparison(self, figures: Figures, tables: Sequence[Panel], panel: Panel | None, one: str, other: str) -> bytes:
        """The page that compares two figures of a table."""
        values = {
            "tables": tables,
            "chosen": panel.name if panel else "",
            "rows": choices(figures, panel) if panel else (),
            "one": one,
            "other": other,
            "found": compare(figures, panel, one, other) if panel else None,
            **self._around(figures, "/compare", "Compare", live=False),
        }
        return render(self._made, "compare.html", values).encode()

    def possible(self, panel: Panel, figures: Figures) -> bytes:
        """Ten possible pictures of a figure."""
        root = self.setting.root
        values = {
            "figure": panel.title,
            "found": pictures_of(figures, panel),
            "compare": f"{root}/compare" + (f"?figure={panel.name}" if can_be_compared(figures, panel) else ""),
            "back": f"{root}/figures/{panel.name}",
            **self._around(figures, f"/possible/{panel.name}", "Possible pictures", live=False),
        }
        return render(self._made, "possible.html", values).encode()

    def brief(self, brief: Brief, place: str, figures: Figures) -> bytes:
        """The brief of a place: a part for each of its blocks."""
        address = f"{self.setting.root}/brief/{place}.pdf?as_of={epoch_text(figures.as_of)}"
        parts = [{"kind": type(one).__name__, "it": one} for one in brief.blocks]
        pdf = address if self.setting.brief_pdf else ""
        around = self._around(figures, f"/brief/{place}", "A brief", live=False)
        values = {"heading": brief.title, "parts": parts, "pdf": pdf, "place": place, **around}
        return render(self._made, "brief.html", values).encode()

    def problem(self, problem: Problem) -> bytes:
        """What is wrong with a request, for people."""
        values = {"frame": self._frame("", live=False), "title": NAME, "problem": problem}
        return render(self._made, "problem.html", values).encode()

    def waiting(self, address: str, detail: str) -> bytes:
        """Instead of any page while nothing has been released. It becomes that page by itself."""
        values = {"frame": self._frame(address, live=True), "title": NAME, "detail": detail}
        return render(self._made, "waiting.html", values).encode()

    def _around(
        self, figures: Figures, current: str, title: str, *, live: bool, notice: str = ""
    ) -> Mapping[str, object]:
        setting, as_of = self.setting, epoch_text(figures.as_of)
        return {
            "frame": self._frame(current, live=live, notice=notice),
            "title": f"{title} – {NAME}",
            "standing": STANDING,
            "as_of_words": month_words(figures.as_of),
            "permanent": f"{setting.root}{current}?as_of={as_of}",
        }

    def _frame(self, current: str, *, live: bool, notice: str = "") -> Frame:
        setting, sections = self.setting, tuple((one.address, one.title) for one in SECTIONS if one.in_menu)
        return Frame(
            NAME,
            sections,
            current,
            setting.leave_to,
            live=live and setting.live,
            notice=notice,
            preface=setting.preface,
            root=setting.root,
        )

    def _part(self, part: Part, figures: Figures) -> Mapping[str, Any]:
        it = self._figure(part, figures) if isinstance(part, Panel) else part
        return {"kind": type(part).__name__, "it": it}

    def _figure(self, panel: Panel, figures: Figures) -> Mapping[str, Any]:
        as_of, root = epoch_text(figures.as_of), self.setting.root
        svg = self.setting.charts(panel, figures.as_of) if panel.chart is PanelChart.DRAWN and panel.points else None
        permanent = f"{root}/figures/{panel.name}?as_of={as_of}"
        return {
            "name": panel.name,
            "title": panel.title,
            "of": panel.of,
            "unit": _unit(panel),
            "heads": panel.heads,
            "cut": len(in_chart(panel)) if len(in_chart(panel)) < len(panel.rows) else 0,
            "of_all": len(panel.rows),
            "rows": [_row(row, root) for row in in_table(panel)],
            "hidden": _hidden(panel),
            "tiles": list(_tiles(panel, root)) if panel.chart is PanelChart.TILES else [],
            "awaited": self.setting.drawn and not svg and panel.chart is PanelChart.DRAWN and bool(in_chart(panel)),
            "chart": Markup(svg) if svg else "",  # noqa: S704 - made by our own helper, of our own specification
            "sentences": panel.sentences,
            "notes": panel.notes,
            "statuses": panel.statuses,
            "reading": panel.reading,
            "says": BY_METRIC[panel.metric].says,
            "caveat": caveat_of(panel.points[0]) if panel.points else "",
            "origins": list(_origins(panel)),
            "downloads": [(form, root + panel.download(suffix, as_of)) for form, suffix in FORMS],
            "compare": f"{root}/compare?figure={panel.name}" if can_be_compared(figures, panel) else "",
            "possible": f"{root}/possible/{panel.name}" if has_pictures(figures, panel) else "",
            "permanent": permanent,
            "embed": f"{root}/embed/{panel.name}?as_of={as_of}",
            "copied": copied(panel, self.setting.address + permanent, self.setting.preface),
            "bibtex": bibtex(panel, figures.as_of, self.setting.address + permanent, self.setting.preface),
        }


def _contents(parts: Sequence[Mapping[str, Any]]) -> list[PartHeading]:
    """The headings that a list at the top leads to: those of parts, or of what one part holds."""
    found = [one["it"] for one in parts if one["kind"] == "PartHeading"]
    chief = [one for one in found if one.level == PART]
    named = chief if len(chief) > 1 else [one for one in found if one.level != PART]
    return named if len(named) > 1 else []


def _origins(panel: Panel) -> Iterator[str]:
    """Each table that a figure was computed from, with the months of its releases."""
    for table in dict.fromkeys(table for table, _ in panel.origins):
        yield f"{table} of {', '.join(month_words(epoch) for one, epoch in panel.origins if one == table)}"


def _unit(panel: Panel) -> str:
    unit = BY_METRIC[panel.metric].unit.name
    if BY_METRIC[panel.metric].unit is EVENTS:
        return "Number"
    return unit[:1].upper() + unit[1:]


def _hidden(panel: Panel) -> list[tuple[FigureStatus, list[str]]]:
    """The labels of the other rows, by the status of each."""
    there = in_table(panel)
    rest = [row for row in panel.rows if row not in there]
    return [(one, found) for one in FigureStatus if (found := [row.label for row in rest if row.status is one])]


def _row(row: PanelRow, root: str) -> Mapping[str, object]:
    return {
        "label": row.label,
        "address": root + row.address if row.address else "",
        "shown": table_cells.is_number(row.point),
        "value": table_cells.value(row.point),
        "interval": table_cells.interval(row.point),
        "more": row.more,
    }


def _tiles(panel: Panel, root: str) -> Iterator[Mapping[str, object]]:
    """A tile for each state, in the order of the list; other places are in the table only."""
    for row in panel.rows:
        code = dict(row.point.dimensions).get("state", "") if row.point else ""
        if code in PLACES:
            column, down = PLACES[code]
            number, _, range_ = (beside(row.point) if row.point else table_cells.value(None)).partition(" (")
            yield {
                "code": code.upper(),
                "label": row.label,
                "value": number,
                "range": range_.removesuffix(")"),
                "status": row.status.value,
                "address": root + row.address,
                "column": column + 1,
                "row": down + 1,
            }
