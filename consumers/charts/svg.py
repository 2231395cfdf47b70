"""The SVG of a chart as it goes into a page: named for a screen reader, and of this page alone.

Rules kept: it has a title and a description, and its marks are hidden from assistive technology,
because the table beside it is the form to be read aloud. Every id ends in a digest of the chart, so
that two charts in one page do not take each other's. It has no style sheet, script, link or image,
and numbers have two decimals: equal charts have equal bytes.
"""

import re
from typing import Final
from xml.etree import ElementTree as ET

from consumers.charts.colours import HATCH, TEXT
from consumers.charts.smaller import smaller

_SVG: Final = "http://www.w3.org/2000/svg"
_NUMBER: Final = re.compile(r"-?\d+\.\d{3,}")
_KEPT: Final = frozenset({"viewBox", "width", "height"})
_DROPPED: Final = frozenset({"role", "class", "pointer-events", "aria-hidden", "aria-roledescription", "aria-label"})


def accessible(svg: str, *, title: str, describes: str, key: str) -> bytes:
    """The finished SVG. `key`: letters and digits, different for different charts."""
    ET.register_namespace("", _SVG)
    drawn = ET.fromstring(svg)  # noqa: S314 - vl-convert's own output
    root = ET.Element(f"{{{_SVG}}}svg", {name: drawn.attrib[name] for name in drawn.attrib if name in _KEPT})
    root.attrib |= {"role": "img", "aria-labelledby": f"t-{key} d-{key}", "class": "chart"}
    for name, words in (("title", title), ("desc", describes)):
        ET.SubElement(root, f"{{{_SVG}}}{name}", {"id": f"{name[0]}-{key}"}).text = words
    marks = ET.SubElement(root, f"{{{_SVG}}}g", {"aria-hidden": "true"})
    if HATCH in svg:
        marks.append(_hatch(key))
    marks.extend(smaller(kept) for child in drawn if (kept := _tidied(child, key)) is not None)
    _with_one_font(root)
    return ET.tostring(root, encoding="unicode").encode() + b"\n"


def _with_one_font(root: ET.Element) -> None:
    """The font of all texts stands once, on the whole."""
    found = {one.attrib.pop("font-family") for one in root.iter() if "font-family" in one.attrib}
    for font in found:
        root.set("font-family", font)


def _hatch(key: str) -> ET.Element:
    """Thin lines in the colour of the text, so that they are seen in print and in the dark."""
    size = {"width": "6", "height": "6", "patternUnits": "userSpaceOnUse", "patternTransform": "rotate(45)"}
    pattern = ET.Element(f"{{{_SVG}}}pattern", {"id": f"hatch-{key}", **size})
    line = {"x1": "0", "y1": "0", "x2": "0", "y2": "6", "stroke": TEXT, "stroke-width": "1.4", "stroke-opacity": "0.45"}
    ET.SubElement(pattern, f"{{{_SVG}}}line", line)
    return pattern


def _tidied(element: ET.Element, key: str) -> ET.Element | None:
    """Without roles, empty shapes and the background; None: nothing is left."""
    if element.get("display") == "none" or (
        element.tag == f"{{{_SVG}}}path" and element.get("class") in ("background", "foreground")
    ):
        return None
    attributes = {name: _short(value) for name, value in element.attrib.items() if name not in _DROPPED}
    if attributes.get("fill") == HATCH:
        attributes["fill"] = f"url(#hatch-{key})"
    made = ET.Element(element.tag, attributes)
    made.text = element.text
    made.extend(kept for child in element if (kept := _tidied(child, key)) is not None)
    empty = element.tag == f"{{{_SVG}}}g" and not len(made)
    return (
        None
        if empty or (element.tag == f"{{{_SVG}}}rect" and element.get("fill") in ("white", "transparent"))
        else made
    )


def _short(value: str) -> str:
    return _NUMBER.sub(lambda found: f"{float(found[0]):.2f}", value)
