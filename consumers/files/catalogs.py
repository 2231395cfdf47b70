"""How catalogues find the data: `catalog.json` (DCAT-US 3.0) and `dataset.jsonld` (schema.org).

Addresses are those of the publisher's page. Without one, files are named by their path alone, and
whoever puts them on the web adds addresses.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from consumers.files.package import as_json
from consumers.files.published import PublishedMonth
from consumers.files.written_files import ExportFile
from consumers.sheets.figure_columns import SAYS
from exchange.core.metrics.table import CAVEAT
from exchange.wire.public_records import period_of_point_text

TITLE: Final = "The shared national picture of anti-trafficking services"
KEYWORDS: Final = ("human trafficking", "victim services", "service needs", "unmet needs", "differential privacy")
NOBODY: Final = "mailto:nobody@example.invalid"
"""Where the publisher named no address: no message may reach a stranger."""
SERIES: Final = "national-picture"
_DCAT: Final = "https://resources.data.gov/dcat-us/3.0.0"


def catalog(published: PublishedMonth, files: Sequence[ExportFile]) -> ExportFile:
    """The catalogue: this month's data set, its series, and the API where there is one."""
    who = published.publisher
    series = {
        "@type": "DatasetSeries",
        "title": TITLE,
        "description": "One data set for each month of arrival; an earlier one never changes.",
    }
    dataset = {
        "@type": "Dataset",
        "title": f"{TITLE}, {published.month}",
        "description": f"Needs, services, unmet needs, barriers and outcomes. {CAVEAT}",
        "identifier": f"{SERIES}-{published.month}",
        "version": published.month,
        "issued": published.day,
        "modified": published.day,
        "keyword": list(KEYWORDS),
        "language": ["en"],
        "publisher": _organization(published),
        "contactPoint": _contact(published),
        "accessRights": "public",
        "inSeries": [series],
        "spatial": [{"@type": "Location", "prefLabel": "United States"}],
        "temporal": [{"@type": "PeriodOfTime", "startDate": f"{years(published)[0]}-01-01", "endDate": published.day}],
        "distribution": [_distribution(published, file) for file in files],
    }
    document: dict[str, object] = {
        "@context": _DCAT,
        "@type": "Catalog",
        "title": TITLE,
        "description": CAVEAT,
        "conformsTo": {"@type": "Standard", "title": "DCAT-US 3.0", "identifier": _DCAT},
        "modified": published.day,
        "publisher": _organization(published),
        "dataset": [dataset],
    }
    if who.address:
        service = {
            "@type": "DataService",
            "title": f"{TITLE}: API",
            "endpointURL": [f"{who.address}/v1"],
            "endpointDescription": [f"{who.address}/openapi.json"],
            "publisher": _organization(published),
            "contactPoint": [_contact(published)],
        }
        document["service"] = [service]
    return ExportFile("catalog.json", as_json(document), "application/json", "DCAT-US 3.0, for data.gov and others")


def years(published: PublishedMonth) -> tuple[int, int]:
    """The first and the last year with a figure."""
    found = [int(period_of_point_text(point.period)[:4]) for point in published.points if point.period]
    return (min(found), max(found)) if found else (int(published.month[:4]),) * 2


def _organization(published: PublishedMonth) -> dict[str, object]:
    return {"@type": "Organization", "name": published.publisher.name}


def _contact(published: PublishedMonth) -> dict[str, object]:
    who = published.publisher
    return {"@type": "Kind", "fn": who.contact, "hasEmail": f"mailto:{who.email}" if who.email else NOBODY}


def _address(published: PublishedMonth, file: ExportFile) -> str:
    base = published.publisher.address
    return f"{base}/files/{published.month}/{file.path}" if base else ""


def _distribution(published: PublishedMonth, file: ExportFile) -> dict[str, object]:
    address = _address(published, file)
    return {
        "@type": "Distribution",
        "title": file.path,
        "description": file.says,
        "mediaType": file.media_type,
        "format": file.path.rpartition(".")[2].upper(),
        "byteSize": str(len(file.content)),
        "checksum": {"@type": "Checksum", "algorithm": "SHA-256", "checksumValue": sha256(file.content).hexdigest()},
        **({"downloadURL": address} if address else {}),
    }


def json_ld(published: PublishedMonth, files: Sequence[ExportFile]) -> ExportFile:
    """schema.org/Dataset, for search engines."""
    first, last = years(published)
    document = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": f"{TITLE}, {published.month}",
        "description": f"Needs, services, unmet needs, barriers and outcomes. {CAVEAT}",
        "version": published.month,
        "datePublished": published.day,
        "isAccessibleForFree": True,
        "keywords": list(KEYWORDS),
        "creator": {"@type": "Organization", "name": published.publisher.name},
        "spatialCoverage": {"@type": "Country", "name": "United States"},
        "temporalCoverage": f"{first}/{last}",
        "measurementTechnique": (
            "Counts of service events with discrete Gaussian noise (differential privacy); exact counts of agencies; "
            "95 % intervals of the noise."
        ),
        "variableMeasured": [
            {"@type": "PropertyValue", "name": name, "description": SAYS[name]}
            for name in ("value", "low", "high", "status")
        ],
        **({"url": published.publisher.address} if published.publisher.address else {}),
        "distribution": [
            {
                "@type": "DataDownload",
                "name": file.path,
                "description": file.says,
                "encodingFormat": file.media_type,
                "contentSize": f"{len(file.content)} B",
                "sha256": sha256(file.content).hexdigest(),
                **({"contentUrl": address} if (address := _address(published, file)) else {}),
            }
            for file in files
        ],
    }
    return ExportFile("dataset.jsonld", as_json(document), "application/ld+json", "schema.org, for search engines")
