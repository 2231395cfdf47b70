"""The marks of a chart in fewer bytes, which look the same: a page holds twenty charts twice.

- Groups that only nest are spliced; a style that neighbours share stands once, on their group.
- Lines, dots and areas of one layer with one style become one path. A dot is a line of no length
  with a round end. Marks of different layers stay apart: where translucent bands lie on each other,
  each must count.
- Coordinates have one decimal: a tenth of a pixel. A line of many points goes on by steps.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Final
from xml.etree import ElementTree as ET

_SVG: Final = "{http://www.w3.org/2000/svg}"
_GROUP, _LINE, _PATH, _TEXT = (f"{_SVG}{tag}" for tag in ("g", "line", "path", "text"))
_NUMBER: Final = re.compile(r"-?\d+\.\d+")
_AT: Final = re.compile(r"translate\(([-\d.]+),([-\d.]+)\)")
_CIRCLE: Final = re.compile(r"M([\d.]+),0A\1,\1,0,1,1,-\1,0A\1,\1,0,1,1,\1,0")
_POINTS: Final = re.compile(r"M[-\d.]+,[-\d.]+(?:L[-\d.]+,[-\d.]+)+(Z?)")
_TENTHS: Final = 10
_PLACES: Final = frozenset({"transform", "d", "x", "y", "x1", "x2", "y1", "y2", "width", "height"})
_OWN: Final = _PLACES | {"opacity", "id"}
"""What a mark has for itself: opacity of a group is not that of its marks."""


def smaller(element: ET.Element) -> ET.Element:
    """A group with the same marks."""
    found = ET.Element(element.tag, _tidy(element))
    found.extend(_grouped(_inside(element)))
    return found


def _inside(group: ET.Element) -> list[ET.Element]:
    """The marks of a group, in order; those of one style merged if they are one layer."""
    leaves = not any(child.tag == _GROUP for child in group)
    found = [one for child in group for one in _parts(child)]
    return list(_merged(found)) if leaves else found


def _parts(element: ET.Element) -> list[ET.Element]:
    """A mark in a plainer form; of a group without a style of its own, what is in it."""
    if element.tag != _GROUP:
        return [_plain(element)]
    attributes = _tidy(element)
    if not attributes:
        return _inside(element)
    made = ET.Element(_GROUP, attributes)
    made.extend(_grouped(_inside(element)))
    return [made]


def _tidy(element: ET.Element) -> dict[str, str]:
    """The attributes, with short numbers and without what is so anyway."""
    found = {name: _rounded(value) if name in _PLACES else value for name, value in element.attrib.items()}
    idle = {"transform": "translate(0,0)", "opacity": "1", "x2": "0", "y2": "0"}
    return {name: value for name, value in found.items() if idle.get(name) != value}


def _rounded(text: str) -> str:
    return _NUMBER.sub(lambda found: _short(float(found[0])), text)


def _short(number: float) -> str:
    return f"{round(number, 1) + 0.0:.1f}".removesuffix(".0")


def _plain(element: ET.Element) -> ET.Element:
    """A line or a dot as a path, a text at its place; anything else as it is."""
    attributes = _tidy(element)
    at = _AT.fullmatch(attributes.get("transform", "translate(0,0)"))
    made = ET.Element(element.tag, attributes)
    made.text = element.text
    made.extend(ET.Element(child.tag, _tidy(child)) for child in element)
    lines = _POINTS.fullmatch(attributes.get("d", ""))
    if lines is not None:
        made.set("d", _by_steps(lines[0]) + lines[1])
    if at is None:
        return made
    circle = _CIRCLE.fullmatch(element.get("d", ""))
    if element.tag == _LINE:
        x, y = attributes.pop("x2", "0"), attributes.pop("y2", "0")
        step = f"v{y}" if x == "0" else f"h{x}" if y == "0" else f"l{x} {y}"
        return _path(attributes, f"M{at[1]} {at[2]}{step}")
    if circle is not None and "stroke" not in attributes:
        width = _short(2 * float(circle[1]))
        dot = {"stroke": attributes.pop("fill", ""), "stroke-width": width, "stroke-linecap": "round"}
        return _path(attributes | dot, f"M{at[1]} {at[2]}h0")
    if element.tag == _TEXT:
        for name, place in (("x", at[1]), ("y", at[2])):
            if place != "0":
                made.set(name, place)
        made.attrib.pop("transform", None)
    return made


def _by_steps(d: str) -> str:
    """A line from point to point as its first point and steps, none of which adds to an error."""
    numbers = [round(float(one) * _TENTHS) for one in re.findall(r"[-\d.]+", d)]
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    steps = [(x - before_x, y - before_y) for (before_x, before_y), (x, y) in pairwise(points)]
    told = "".join(f" {_short(step / _TENTHS)}" for pair in steps for step in pair)
    return f"M{_short(points[0][0] / _TENTHS)} {_short(points[0][1] / _TENTHS)}l{told[1:].replace(' -', '-')}"


def _path(attributes: dict[str, str], d: str) -> ET.Element:
    style = {name: value for name, value in attributes.items() if name not in ("transform", "d")}
    return ET.Element(_PATH, {**style, "d": d})


def _merged(marks: Sequence[ET.Element]) -> Iterator[ET.Element]:
    """Neighbouring paths that differ in their lines only, as one."""
    for style, run in groupby(marks, _style_of_path):
        some = list(run)
        if style is None or len(some) == 1:
            yield from some
        else:
            yield ET.Element(_PATH, {**some[0].attrib, "d": "".join(one.get("d", "") for one in some)})


def _style_of_path(mark: ET.Element) -> tuple[tuple[str, str], ...] | None:
    if mark.tag != _PATH or "transform" in mark.attrib:
        return None
    return tuple(sorted((name, value) for name, value in mark.attrib.items() if name != "d"))


def _grouped(marks: Sequence[ET.Element]) -> Iterator[ET.Element]:
    """Neighbours with one style in a group that has it."""
    for style, run in groupby(marks, _style):
        some = list(run)
        if len(some) == 1 or not style:
            yield from some
            continue
        group = ET.Element(_GROUP, dict(style))
        for one in some:
            made = ET.SubElement(group, one.tag, {n: v for n, v in one.attrib.items() if (n, v) not in style})
            made.text = one.text
            made.extend(one)
        yield group


def _style(mark: ET.Element) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, value) for name, value in mark.attrib.items() if name not in _OWN))
