"""SDMX for statistics offices: SDMX-CSV 2.0, and its structure as SDMX-JSON 2.0.

One structure serves every metric: dimensions FREQ, REF_AREA, MEASURE, BREAKDOWN and TIME_PERIOD.
BREAKDOWN names the codes of a figure, such as `service@legal`; `_T` is the total.

Rules kept: an observation that is not shown is there, with NaN and the reason. OBS_STATUS has
SDMX's codes (CL_OBS_STATUS 2.2: A normal, P provisional, Q suppressed, M cannot exist), CONF_STATUS
its F and C, and STATUS ours, which is finer. Intervals are attributes of the observation.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from consumers.files.package import as_json, created
from consumers.files.published import PublishedMonth
from consumers.files.written_files import ExportFile
from exchange.core.metrics.figures import MetricPoint
from exchange.core.metrics.table import BY_METRIC, CAVEAT
from exchange.core.metrics.view import ARRIVALS
from exchange.core.model.epochs import epoch_text
from exchange.core.model.period import quarter_of, year_of
from exchange.core.picture.wording.statuses import FigureStatus, status_of
from schemas.lists import read_list

AGENCY, NAME, VERSION = "EXCHANGE", "NATIONAL_PICTURE", "1.0.0"
TOTAL: Final = "_T"
OBS_STATUS: Final[Mapping[FigureStatus, str]] = MappingProxyType(
    {
        FigureStatus.SHOWN: "A",
        FigureStatus.PROVISIONAL: "P",
        FigureStatus.WITHHELD: "Q",
        FigureStatus.HIDDEN_AGENCIES: "Q",
        FigureStatus.HIDDEN_PART: "Q",
        FigureStatus.NOT_USABLE: "Q",
        FigureStatus.UNDEFINED: "M",
        FigureStatus.NOT_RELEASED: "L",
    }
)
CONFIDENTIAL: Final = frozenset({FigureStatus.WITHHELD, FigureStatus.HIDDEN_AGENCIES, FigureStatus.HIDDEN_PART})
DIMENSIONS: Final = ("FREQ", "REF_AREA", "MEASURE", "BREAKDOWN", "TIME_PERIOD")
ATTRIBUTES: Final = ("LOWER", "UPPER", "UNIT", "STATUS", "OBS_STATUS", "CONF_STATUS", "EPOCH")
NAN: Final = "NaN"
_URN: Final = "urn:sdmx:org.sdmx.infomodel"
_SCHEMA: Final = "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master/structure-message/tools/schemas/2.0.0/sdmx-json-structure-schema.json"


def sdmx_csv(published: PublishedMonth) -> ExportFile:
    """Every figure as an observation."""
    out = io.StringIO(newline="")
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(("STRUCTURE", "STRUCTURE_ID", "ACTION", *DIMENSIONS, "OBS_VALUE", *ATTRIBUTES))
    start = ("dataflow", f"{AGENCY}:{NAME}({VERSION})", "I")
    rows.writerows((*start, *_observation(point)) for point in published.points)
    return ExportFile(
        "sdmx/figures.csv", out.getvalue().encode(), "application/vnd.sdmx.data+csv;version=2.0.0", "SDMX-CSV 2.0"
    )


def _observation(point: MetricPoint) -> tuple[str, ...]:
    status = status_of(point)
    numbers = (point.value, point.low, point.high) if status.shows_number else (None, None, None)
    value, low, high = (NAN if number is None else f"{number:f}" for number in numbers)
    key = (_frequency(point), area_of(point), point.metric, breakdown_of(point), _time(point))
    conf = "C" if status in CONFIDENTIAL else "F"
    return (*key, value, low, high, point.unit, status.value, OBS_STATUS[status], conf, epoch_text(point.epoch))


def _frequency(point: MetricPoint) -> str:
    if point.period is ARRIVALS:
        return "M"
    return "Q" if quarter_of(point.period) else "A"


def _time(point: MetricPoint) -> str:
    if point.period is ARRIVALS:
        return epoch_text(point.epoch)
    quarter = quarter_of(point.period)
    return f"{year_of(point.period)}-Q{quarter}" if quarter else str(year_of(point.period))


def area_of(point: MetricPoint) -> str:
    """`US`, `US-CA` (ISO 3166-2), or `DIV-pacific`."""
    held = dict(point.dimensions)
    if "state" in held:
        return f"US-{held['state'].upper()}"
    return f"DIV-{held['division']}" if "division" in held else "US"


def breakdown_of(point: MetricPoint) -> str:
    """Such as `service@legal$quantile@p50`."""
    codes = [f"{name}@{code}" for name, code in point.dimensions if name not in ("state", "division")]
    return "$".join(codes) or TOTAL


def structure(published: PublishedMonth) -> ExportFile:
    """The structure of the observations: concepts, code lists, data structure and dataflow."""
    lists = [_code_list(name, codes) for name, codes in _lists(published.points).items()]
    concepts = {
        "id": "CS_PICTURE",
        "name": "Concepts of the national picture",
        "agencyID": AGENCY,
        "version": VERSION,
        "concepts": [{"id": name, "name": says} for name, says in _CONCEPTS.items()],
    }
    document = {
        "meta": {
            "schema": _SCHEMA,
            "id": f"{NAME}_{published.month}",
            "test": False,
            "prepared": created(published),
            "sender": {"id": AGENCY},
        },
        "data": {
            "codelists": lists,
            "conceptSchemes": [concepts],
            "dataStructures": [_data_structure()],
            "dataflows": [
                {
                    "id": NAME,
                    "name": "The shared national picture of anti-trafficking services",
                    "description": CAVEAT,
                    "agencyID": AGENCY,
                    "version": VERSION,
                    "structure": f"{_URN}.datastructure.DataStructure={AGENCY}:{NAME}({VERSION})",
                }
            ],
        },
    }
    says = "The structure of sdmx/figures.csv, as SDMX-JSON 2.0"
    return ExportFile(
        "sdmx/structure.json", as_json(document), "application/vnd.sdmx.structure+json;version=2.0.0", says
    )


_CONCEPTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "FREQ": "Frequency",
        "REF_AREA": "The nation, a Census division or a state",
        "MEASURE": "The figure",
        "BREAKDOWN": "Codes by which the figure is broken down",
        "TIME_PERIOD": "The quarter or year that is counted, or the month of arrival",
        "OBS_VALUE": "The published number; NaN: not shown",
        "LOWER": "Lower end of the 95 % interval of the noise",
        "UPPER": "Upper end of the 95 % interval of the noise; NaN: no upper bound",
        "UNIT": "What is counted",
        "STATUS": "Whether the number is shown, and if not, why",
        "OBS_STATUS": "Observation status (CL_OBS_STATUS 2.2)",
        "CONF_STATUS": "Confidentiality status (CL_CONF_STATUS 1.2)",
        "EPOCH": "The month of arrival for which it was released",
    }
)
_NUMBER: Final[Mapping[str, object]] = MappingProxyType({"localRepresentation": {"format": {"dataType": "Double"}}})
_ENUMERATED: Final = ("FREQ", "REF_AREA", "MEASURE", "BREAKDOWN", "STATUS", "OBS_STATUS", "CONF_STATUS")


def _data_structure() -> dict[str, object]:
    kept = [name for name in DIMENSIONS if name != "TIME_PERIOD"]
    time = _component("TIME_PERIOD")
    time["localRepresentation"] = {"format": {"dataType": "ObservationalTimePeriod"}}
    return {
        "id": NAME,
        "name": "The shared national picture",
        "agencyID": AGENCY,
        "version": VERSION,
        "dataStructureComponents": {
            "dimensionList": {
                "id": "DimensionDescriptor",
                "dimensions": [{**_component(name), "position": at} for at, name in enumerate(kept, 1)],
                "timeDimension": time,
            },
            "measureList": {
                "id": "MeasureDescriptor",
                "measures": [{**_component("OBS_VALUE"), "usage": "optional", **_NUMBER}],
            },
            "attributeList": {
                "id": "AttributeDescriptor",
                "attributes": [_attribute(name) for name in ATTRIBUTES],
            },
        },
    }


def _attribute(name: str) -> dict[str, object]:
    """Of an observation, and always there."""
    observed = {
        "attributeRelationship": {"observation": {}},
        "measureRelationship": ["OBS_VALUE"],
        "usage": "mandatory",
    }
    return {**_component(name), **observed, **(_NUMBER if name in ("LOWER", "UPPER") else {})}


def _component(name: str) -> dict[str, object]:
    made: dict[str, object] = {
        "id": name,
        "conceptIdentity": f"{_URN}.conceptscheme.Concept={AGENCY}:CS_PICTURE({VERSION}).{name}",
    }
    if name in _ENUMERATED:
        made["localRepresentation"] = {"enumeration": f"{_URN}.codelist.Codelist={AGENCY}:CL_{name}({VERSION})"}
    elif name in ("UNIT", "EPOCH"):
        made["localRepresentation"] = {"format": {"dataType": "String"}}
    return made


def _code_list(name: str, codes: Mapping[str, str]) -> dict[str, object]:
    return {
        "id": f"CL_{name}",
        "name": _CONCEPTS[name],
        "agencyID": AGENCY,
        "version": VERSION,
        "codes": [{"id": code, "name": says} for code, says in codes.items()],
    }


def _lists(points: Iterable[MetricPoint]) -> dict[str, dict[str, str]]:
    """Every code that the observations have, and the words for it."""
    found = list(points)
    states = {
        f"US-{row['code'].upper()}": row["label"] for row in (*read_list("us_state"), *read_list("missing_reason"))
    }
    areas = sorted({area_of(point) for point in found})
    breakdowns = sorted({breakdown_of(point) for point in found})
    return {
        "FREQ": {"A": "Annual", "Q": "Quarterly", "M": "Monthly"},
        "REF_AREA": {area: states.get(area, _area_words(area)) for area in areas},
        "MEASURE": {metric: BY_METRIC[metric].says for metric in dict.fromkeys(point.metric for point in found)},
        "BREAKDOWN": {code: _breakdown_words(code) for code in breakdowns},
        "STATUS": {status.value: status.sentence for status in FigureStatus},
        "OBS_STATUS": {
            "A": "Normal value",
            "P": "Provisional value",
            "Q": "Missing value; suppressed",
            "M": "Missing value; data cannot exist",
            "L": "Missing value; data exist but were not collected",
        },
        "CONF_STATUS": {"F": "Free", "C": "Confidential statistical information"},
    }


def _area_words(area: str) -> str:
    kind, _, code = area.partition("-")
    return "United States" if not code else f"{code.replace('_', ' ').capitalize()} division" if kind == "DIV" else code


def _breakdown_words(code: str) -> str:
    return "In all" if code == TOTAL else code.replace("$", ", ").replace("@", ": ").replace("_", " ")
