"""How drawings are written: small, and the same to a tenth of a pixel."""

from __future__ import annotations

import math
import re
import warnings
import xml.etree.ElementTree as ET
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes

from hiermeta.data.measures import MEASURES
from hiermeta.figures import style, svg
from hiermeta.figures.natural_axis import ticks
from hiermeta.figures.svg import shifted, shorter

coordinates = st.floats(-2000, 2000, allow_nan=False)
lines = st.lists(st.lists(st.tuples(coordinates, coordinates), min_size=2, max_size=30), min_size=1, max_size=4)


def corners(path: str) -> list[list[tuple[float, float]]]:
    """The points of each part of a path written with m, steps and z."""
    parts: list[list[tuple[float, float]]] = []
    x = y = 0.0
    for body, closed in re.findall(r"m([^mz]*)(z?)", path):
        numbers = [float(number) for number in re.findall(r"-?(?:\d+(?:\.\d+)?|\.\d+)", body)]
        parts.append([])
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = x + dx, y + dy
            parts[-1].append((x, y))
        x, y = parts[-1][0] if closed else (x, y)
    return parts


def distance(point: tuple[float, float], line: list[tuple[float, float]]) -> float:
    """From a point to the nearest place on a line of several parts."""
    at, starts, ends = complex(*point), [complex(*p) for p in line[:-1]], [complex(*p) for p in line[1:]]
    found = []
    for a, b in zip(starts, ends, strict=True):
        share = ((at - a) * (b - a).conjugate()).real / abs(b - a) ** 2 if a != b else 0.0
        found.append(abs(at - (a + min(max(share, 0.0), 1.0) * (b - a))))
    return min(found)


@given(parts=lines, closed=st.booleans())
def test_a_shorter_path_draws_the_same(parts: list[list[tuple[float, float]]], closed: bool) -> None:
    """Does every point stay on the line, to rounding (0.05 each way) and the tolerance of a tenth of a pixel?

    Seen to fail when steps are taken from the unrounded points and when the tolerance is two tenths.
    """
    text = " ".join("M " + " L ".join(f"{x:.6f} {y:.6f}" for x, y in part) + (" z" if closed else "") for part in parts)
    written = corners(shorter(text))
    assert len(written) == len(parts)
    for part, line in zip(parts, written, strict=True):
        assert max(distance(point, line) for point in part) <= 0.1 + 0.05 * 2**0.5 + 1e-6
        assert max(min(abs(x - u) + abs(y - v) for u, v in part) for x, y in line) <= 0.1 + 1e-6, "an invented corner"


@given(
    st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=2, max_size=12),
    st.floats(-100, 100),
    st.floats(-100, 100),
)
def test_a_shifted_path_is_the_same_elsewhere(points: list[tuple[int, int]], x: float, y: float) -> None:
    """Are x and y added to the right coordinates? Seen to fail with x and y exchanged."""
    text = "M " + " L ".join(f"{a} {b}" for a, b in points)
    moved = [float(number) for number in re.findall(r"-?[\d.]+(?:e-?\d+)?", shifted(text, x, y))]
    assert moved == [value for a, b in points for value in (a + x, b + y)]


@given(low=st.floats(-3, -0.1), high=st.floats(0.1, 3), measure=st.sampled_from(["RR", "ZCOR", "PLO", "PAS", "PLN"]))
def test_natural_labels_stand_where_they_belong(low: float, high: float, measure: str) -> None:
    """Does the label at a position state the natural value there? Seen to fail with labels a tenth to the right."""
    from hiermeta.data.measures import to_natural

    assert MEASURES[measure].transformation != "identity"
    for at, value in ticks(measure, low, high):
        assert abs(float(to_natural(measure, at)) - value) < 1e-3 * max(abs(value), 1)


DRAWN = {
    "bar": lambda axes, a, b: axes.fill_between([a, b], 3, 9, linewidth=0),
    "line": lambda axes, a, b: axes.plot([a, b], [2, 3]),
    "dot": lambda axes, a, b: axes.plot([a], [b], "o"),
    "dots of our own": lambda axes, a, b: style.dots(axes, [a, b], [b, 5], [3, 4], "#000000"),
    "segments": lambda axes, a, b: style.segments(axes, [a], [b], [5], "#000000", 2),
    "line across": lambda axes, a, b: axes.hlines([a], 3, b),
    "text": lambda axes, a, b: axes.text(a, b, "text"),
    "area": lambda axes, a, b: axes.fill([a, a, b], [b, b, 1]),
    "nothing": lambda axes, a, b: axes.fill_between([], [], []),
}
EDGES = (0.0, 5.0, math.nan, math.inf, -math.inf, 1e-300, 1e300)


@pytest.mark.parametrize("kind", DRAWN)
def test_what_has_no_extent_leaves_the_rest_of_the_figure(kind: str) -> None:
    """Is a figure written, with its other parts, where a part has no extent, no number or no end?

    Seen to fail with KeyError where a path without data is shortened, and with OverflowError at 1e300.
    """
    with style.drawing(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for a, b in product(EDGES, EDGES):
            figure, axes = style.canvas(100)
            draw_part(axes, kind, a, b)
            written = ET.fromstring(svg.render(figure, "title", "description"))
            assert [element.text for element in written.iter(f"{{{svg.SVG}}}text")][-1] == "the rest"
            for path in written.iter(f"{{{svg.SVG}}}path"):
                assert path.get("d"), (a, b)
                assert not re.search("nan|inf", path.attrib["d"]), (a, b)
            ids = {element.get("id") for element in written.iter()}
            assert all(use.attrib["href"][1:] in ids for use in written.iter(f"{{{svg.SVG}}}use"))


def draw_part(axes: Axes, kind: str, a: float, b: float) -> None:
    """One part, and another below it."""
    DRAWN[kind](axes, a, b)
    axes.set_xlim(0, style.WIDTH)
    axes.set_ylim(100, 0)
    axes.text(5, 50, "the rest")


FORBIDDEN = ["\x01", "\x1b[31m", "\x7f", "\x90", "\ufffe", "\uffff", "\U0001ffff", "\ufdd0"]


@pytest.mark.parametrize("character", FORBIDDEN, ids=ascii)
def test_characters_that_xml_forbids_are_replaced(character: str) -> None:
    """Are they U+FFFD in texts, title and description, so that the file can be read and the page drawn?

    Seen to fail (a figure that can't be parsed) where only control characters are replaced.
    """
    with style.drawing():
        figure, axes = style.canvas(50)
        axes.text(2, 20, f"Smith{character}")
        axes.text(2, 40, style.shorten(f"Jones{character} 1999", 30))
        text = svg.render(figure, f"title {character}", f"description {character}")
    assert character not in text
    assert text.count("\N{REPLACEMENT CHARACTER}") == 4
    ET.fromstring(text)
