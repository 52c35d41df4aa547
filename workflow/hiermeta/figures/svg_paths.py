"""Path data of SVG files, as short as the eye allows."""

from __future__ import annotations

import math
import re
from itertools import count, pairwise

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
_TOLERANCE = 1.0
"""How far a point may lie from the line that replaces it, in tenths of a pixel."""

_FAR = 1e6
"""Pixels beyond which a coordinate is drawn there: far outside of every figure."""

Point = tuple[int, int]


def tenth(value: float) -> str:
    """A coordinate to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")


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

    Examples
    --------
    >>> shorter("M 10 20 L 20 20 L 30.04 20 L 30 25.5 L 29 24 z M 10 21 L 9.5 22"), shorter("M 0 0 C 1 1 2 2 3.33 3")
    ('M10 20h20v5.5l-1-1.5zm0 1l-.5 1', 'M 0 0 C 1 1 2 2 3.3 3')
    """
    if not set(re.findall("[A-Za-z]", path)) <= {"M", "L", "z"}:
        return _NUMBER.sub(lambda match: tenth(float(match[0])), path)
    written, at = "", None
    for part in path.replace("M", " M").split(" M")[1:]:
        numbers = [round(10 * min(max(float(n), -_FAR), _FAR)) for n in _NUMBER.findall(part)]
        points = simplified(list(zip(numbers[::2], numbers[1::2], strict=True)))
        written += f"m{_pair(_step(at, points[0]))}" if at else f"M{_pair(points[0])}"
        command = ""
        for step in (_step(a, b) for a, b in pairwise(points)):
            wanted, values = _command(step)
            written += f"{wanted if wanted != command else ' '}{values}"
            command = wanted
        closed = part.rstrip().endswith("z")
        written += "z" if closed else ""
        at = points[0] if closed else points[-1]
    return written.replace(" -", "-")


def simplified(points: list[Point]) -> list[Point]:
    """Those of a line's points without which it would look different (Ramer 1972; Douglas & Peucker 1973).

    Examples
    --------
    >>> simplified([(0, 0), (10, 0), (20, 1), (30, 0), (40, 9)])
    [(0, 0), (30, 0), (40, 9)]
    """
    kept = {0, len(points) - 1}
    open_parts = [(0, len(points) - 1)]
    while open_parts:
        first, last = open_parts.pop()
        if last - first < 2:
            continue
        (x, y), (dx, dy) = points[first], _step(points[first], points[last])
        inner = [(a - x, b - y) for a, b in points[first + 1 : last]]
        length = math.hypot(dx, dy)
        if length:
            distances = [abs(dx * b - dy * a) / length for a, b in inner]
            along = [0, *(dx * a + dy * b for a, b in inner), dx * dx + dy * dy]
            forth = all(s <= t for s, t in pairwise(along))
        else:
            distances, forth = [math.hypot(a, b) for a, b in inner], True
        farthest = max(range(len(inner)), key=distances.__getitem__)
        if distances[farthest] > _TOLERANCE or not forth:
            middle = first + 1 + farthest
            kept.add(middle)
            open_parts += [(first, middle), (middle, last)]
    return [points[i] for i in sorted(kept)]


def _step(a: Point, b: Point) -> Point:
    return b[0] - a[0], b[1] - a[1]


def _command(step: Point) -> tuple[str, str]:
    """The shortest command for a step."""
    if not step[1]:
        return "h", _short(step[0])
    return ("l", _pair(step)) if step[0] else ("v", _short(step[1]))


def _pair(point: Point) -> str:
    return " ".join(map(_short, point))


def _short(tenths: int) -> str:
    """Tenths of a pixel in pixels, without a zero before the point."""
    return re.sub(r"^(-?)0(?=\.)", r"\1", tenth(tenths / 10))
