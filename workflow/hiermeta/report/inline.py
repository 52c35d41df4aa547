"""Figures made fit to stand inside a page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from markupsafe import Markup

from hiermeta.figures.palette import INK, PAPER, TOKENS
from hiermeta.io.results import Results

SVG = "{http://www.w3.org/2000/svg}"
SMALL = 11
ALLOWED = frozenset(
    {"svg", "g", "path", "text", "tspan", "use", "defs", "title", "desc", "rect", "circle", "line", "clipPath"}
)


class UnexpectedElement(ValueError):
    """A figure holds an element that our figures never draw."""


@dataclass(frozen=True)
class Figure:
    """A figure ready to be put on the page."""

    name: str
    image: str
    description: str


def figures(results: Results) -> dict[str, Figure]:
    """The figures of the data set, by name."""
    return {
        path.stem: of_svg(path.stem, path.read_text("utf-8")) for path in (results.folder / "figures").glob("*.svg")
    }


def of_svg(name: str, svg: str) -> Figure:
    """A figure as the page holds it, with the description that it carries."""
    return Figure(name, inline(svg, name), ET.fromstring(svg).findtext(f"{SVG}desc", ""))


def inline(svg: str, name: str) -> Markup:
    """The figure as an image element of the page.

    Ids get the figure's name as a prefix, since a page holds many figures; the palette's colours become custom
    properties, so that the page's light or dark scheme decides; title and description become the image's name.

    Parameters
    ----------
    svg : str
        As written by ``figures.svg.render``.
    name : str
        The figure's file name without ending.
    """
    root = ET.fromstring(svg)
    for background in [child for child in root if child.get("fill") == PAPER][:1]:  # the page's own shows through
        root.remove(background)
    for element in root.iter():
        tag = element.tag.removeprefix(SVG)
        if tag not in ALLOWED:
            raise UnexpectedElement(f"{name}.svg: <{tag}>")
        element.tag = tag
        for key, value in element.attrib.items():
            element.set(key, _attribute(key, value, name))
        if tag == "text":  # what most labels share stands in the style sheet
            for key, usual in (("fill", f"var(--{TOKENS[INK]})"), ("font-size", f"{SMALL}px")):
                if element.get(key) == usual:
                    del element.attrib[key]
    for child in root:
        if child.tag in ("title", "desc"):
            child.set("id", f"{name}-{child.tag}")
    for key in ("width", "height", "font-family"):
        root.attrib.pop(key, None)
    root.attrib.update({"role": "img", "class": "figure", "aria-labelledby": f"{name}-title {name}-desc"})
    return Markup(ET.tostring(root, encoding="unicode").replace(" />", "/>"))


def _attribute(key: str, value: str, name: str) -> str:
    if key in ("fill", "stroke") and value in TOKENS:
        return f"var(--{TOKENS[value]})"
    if key == "id":
        return f"{name}-{value}"
    if key == "href":
        return re.sub(r"^#", f"#{name}-", value)
    return re.sub(r"url\(#", f"url(#{name}-", value)
