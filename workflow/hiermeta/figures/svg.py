"""Saving a figure as a small, deterministic SVG that carries its title and description."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from collections import Counter
from itertools import count

import numpy as np
from matplotlib.figure import Figure
from matplotlib.path import Path

from hiermeta.text.characters import in_markup

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
_PATH = f"{{{SVG}}}path"
FONTS = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, 'Noto Sans', 'DejaVu Sans', sans-serif"

DEFAULTS = {
    ("stroke-linejoin", "miter"),
    ("stroke-linecap", "butt"),
    ("stroke-dashoffset", "0"),
    ("fill", "#000000"),
    ("text-anchor", "start"),
}
_FONT = re.compile(r"^(?:(?:italic|oblique) )?(?:(bold|\d+) )?([\d.]+)px")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
_TOLERANCE = 0.1
"""How far a point may lie from the line that replaces it, in pixels."""

_FAR = 1e6
"""Pixels beyond which a coordinate is drawn there: far outside of every figure."""


def render(figure: Figure, title: str, description: str) -> str:
    """The figure as SVG text.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Made within ``style.drawing()``.
    title : str
        What the figure is.
    description : str
        What it shows: the finding, in a sentence or two, for readers who can't see it.

    Returns
    -------
    str
        SVG without dates, metadata, style sheets or style attributes (a page with a content security policy would
        ignore those), coordinates to a tenth of a pixel, text kept as text.
    """
    for axes in figure.axes:
        if not axes.axison:  # our own layouts: nothing reaches beyond the drawing
            for artist in axes.get_children():
                artist.set_clip_on(False)
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    root = ET.fromstring(in_markup(buffer.getvalue()))
    _compact(root)
    width, height = figure.get_size_inches() * 72
    root.attrib.clear()
    root.attrib.update(
        {
            "viewBox": f"0 0 {width:.0f} {height:.0f}",
            "width": f"{width:.0f}",
            "height": f"{height:.0f}",
            "font-family": FONTS,
            "stroke-linejoin": "round",
        }
    )
    for position, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ET.Element(f"{{{SVG}}}{tag}")
        element.text = in_markup(text)
        root.insert(position, element)
    ET.register_namespace("", SVG)
    return ET.tostring(root, encoding="unicode").replace(" />", "/>") + "\n"


def _compact(root: ET.Element) -> None:
    """Drop what the drawing doesn't need and turn style attributes into presentation attributes, in place."""
    used = set(re.findall(r"#([\w-]+)", " ".join(v for e in root.iter() for v in e.attrib.values())))
    empty = {f"#{path.get('id')}" for path in root.iter(_PATH) if not path.get("d")}  # a share of zero, say
    for parent in list(root.iter()):
        for child in list(parent):
            nothing = (child.tag == _PATH and not child.get("d")) or child.get(f"{{{XLINK}}}href") in empty
            if nothing or child.tag.endswith(("}metadata", "}style")):
                parent.remove(child)
    for element in root.iter():
        _present(element)
        if element.get("id") not in used:
            element.attrib.pop("id", None)
        link = element.attrib.pop(f"{{{XLINK}}}href", None)
        if link is not None:
            element.set("href", link)
        for name in ("x", "y", "transform", "points"):
            if name in element.attrib:
                element.set(name, " ".join(_rounded(element.attrib[name]).split()))
        element.attrib.pop("font-family", None)
        if element.get("transform", "").startswith("rotate(-0 "):
            del element.attrib["transform"]
        element.tail = None
        if element.text is not None and not element.text.strip():
            element.text = None
    _inline(root)
    for path in root.iter(_PATH):
        path.set("d", shorter(path.attrib["d"]))
    _unwrap(root)
    _rename(root)


def _tenth(value: float) -> str:
    """A coordinate to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")


def _rounded(text: str) -> str:
    return _NUMBER.sub(lambda match: _tenth(float(match[0])), text)


def shifted(path: str, x: float, y: float) -> str:
    """The same path elsewhere, for absolute commands with pairs of coordinates.

    Examples
    --------
    >>> shifted("M 0 0 L 1.5 2 z", 10, -2)
    'M 10.0 -2.0 L 11.5 0.0 z'
    """
    position = count()
    return _NUMBER.sub(lambda match: str(float(match[0]) + (y if next(position) % 2 else x)), path)


def shorter(path: str) -> str:
    """The same path to a tenth of a pixel; lines as steps from point to point, without points that lie on them.

    Matplotlib by itself leaves all points of areas, of collections and of short lines, and absolute coordinates: the
    pages would be 13 to 33% larger.

    Examples
    --------
    >>> shorter("M 10 20 L 20 20 L 30.04 20 L 30 25.5 L 29 24 z M 10 21 L 9.5 22"), shorter("M 0 0 C 1 1 2 2 3.33 3")
    ('m10 20 20 0 0 5.5-1-1.5zm0 1-.5 1', 'M 0 0 C 1 1 2 2 3.3 3')
    """
    if not set(re.findall("[A-Za-z]", path)) <= {"M", "L", "z"}:
        return _rounded(path)
    written, at = "", np.zeros(2)
    for part in re.findall("M[^M]*", path):
        line = Path(np.array(_NUMBER.findall(part), float).reshape(-1, 2).clip(-_FAR, _FAR))
        line.simplify_threshold = _TOLERANCE
        corners = np.rint(10 * np.asarray(line.cleaned(simplify=True).vertices)[:-1])  # the last is the end mark
        steps = np.diff(corners, axis=0, prepend=[at])
        steps = steps[steps.any(axis=1) | (np.arange(len(steps)) < 2)]
        written += "m" + " ".join(_tenth(tenths / 10 + 0.0) for tenths in steps.ravel())
        closed = part.rstrip().endswith("z")
        written, at = (written + "z", corners[0]) if closed else (written, corners[-1])
    return re.sub(r"\b0(?=\.)", "", written).replace(" -", "-")


def _inline(root: ET.Element) -> None:
    """Draw a path that is used once where it is used, and leave to a path that is used often what it says itself."""
    paths = {element.attrib["id"]: element for element in root.iter(_PATH) if "id" in element.attrib}
    parents = {child: parent for parent in root.iter() for child in parent}
    uses = [element for element in root.iter(f"{{{SVG}}}use") if element.get("href", "#")[1:] in paths]
    times = Counter(element.attrib["href"][1:] for element in uses)
    for use in uses:
        path = paths[use.attrib["href"][1:]]
        for name in path.attrib.keys() & use.attrib.keys():
            del use.attrib[name]
        if times[path.attrib["id"]] == 1 and "transform" not in use.attrib:
            parents[path].remove(path)
            x, y = (float(use.attrib.pop(name, 0)) for name in ("x", "y"))
            del use.attrib["href"], path.attrib["id"]
            use.tag = path.tag
            use.attrib.update(path.attrib)
            use.set("d", shifted(path.attrib["d"], x, y))


def _rename(root: ET.Element) -> None:
    """Numbers in place of hashes as ids."""
    named = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    short = {name: f"s{position}" for position, name in enumerate(dict.fromkeys(named))}
    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "id":
                element.set(key, short[value])
            elif "#" in value:
                element.set(key, re.sub(r"#([\w-]+)", lambda match: f"#{short.get(match[1], match[1])}", value))


def _present(element: ET.Element) -> None:
    style = element.attrib.pop("style", "")
    for declaration in filter(None, (part.strip() for part in style.split(";"))):
        name, value = (part.strip() for part in declaration.split(":", 1))
        if name == "font":
            match = _FONT.match(value)
            if match:
                element.set("font-size", match[2])
                if match[1]:
                    element.set("font-weight", match[1])
        elif (name, value) not in DEFAULTS:
            element.set(name, value)


def _unwrap(parent: ET.Element) -> None:
    """Replace groups without attributes by their children, and drop empty groups."""
    flat: list[ET.Element] = []
    for child in list(parent):
        _unwrap(child)
        if child.tag == f"{{{SVG}}}g" and not child.attrib:
            flat.extend(child)
        elif len(child) or child.tag not in (f"{{{SVG}}}g", f"{{{SVG}}}defs"):
            flat.append(child)
    parent[:] = flat
