"""A figure as schema.org's Dataset, for search engines: JSON-LD in its page, data and no script.

A browser runs no `application/ld+json`, and the page's policy, which forbids inline scripts, is not
asked. Rules kept: no number stands there without its interval and its caveat; what could end the
element is escaped; a site that has no public address has none, as it would name other places.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup

from consumers.pages.parts.panels import Panel
from exchange.core.metrics.table import BY_METRIC
from exchange.core.model.epochs import epoch_text
from exchange.core.picture.wording.sentences import caveat_of, sentence_of
from exchange.wire.public_records import period_of_point_text

MEDIA_TYPES: Final[Mapping[str, str]] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
    "zip": "application/zip",
}
_ESCAPED: Final = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def dataset_of(panel: Panel, as_of: int, address: str, root: str, preface: str = "") -> Markup:
    """The element's text; empty: without a public address, or before the figure was released."""
    points = panel.points
    if not address or not points:
        return Markup("")
    month = epoch_text(as_of)
    periods = sorted({period_of_point_text(one.period) for one in points if one.period})
    says = (preface, f"{BY_METRIC[panel.metric].says}", sentence_of(points[-1]), caveat_of(points[-1]))
    return _text(
        {
            "@context": "https://schema.org/",
            "@type": "Dataset",
            "name": panel.title,
            "description": " ".join(one for one in says if one),
            "url": f"{address}{root}/figures/{panel.name}?as_of={month}",
            "identifier": f"{panel.name}-{month}",
            "version": month,
            "isAccessibleForFree": True,
            "creator": {"@type": "Organization", "name": "The exchange"},
            "spatialCoverage": {"@type": "Country", "name": "United States"},
            **({"temporalCoverage": "/".join(dict.fromkeys((periods[0][:4], periods[-1][:4])))} if periods else {}),
            "variableMeasured": {
                "@type": "PropertyValue",
                "name": panel.metric,
                "unitText": points[0].unit,
                "description": BY_METRIC[panel.metric].says,
            },
            "measurementTechnique": "Reports of agencies, with noise that protects clients; 95 % intervals of the noise.",
            "distribution": _downloads(panel, month, address + root),
        }
    )


def _downloads(panel: Panel, month: str, base: str) -> Sequence[Mapping[str, str]]:
    return [
        {"@type": "DataDownload", "encodingFormat": kind, "contentUrl": base + panel.download(suffix, month)}
        for suffix, kind in MEDIA_TYPES.items()
    ]


def _text(document: Mapping[str, object]) -> Markup:
    plain = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return Markup(plain.translate(_ESCAPED))  # noqa: S704 - nothing that could end the element is left in it
