"""How drawings are written: small, and the same to a tenth of a pixel."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from hiermeta.data.measures import MEASURES
from hiermeta.figures.natural_axis import ticks
from hiermeta.figures.svg import shorter

coordinates = st.floats(-2000, 2000, allow_nan=False)
lines = st.lists(st.lists(st.tuples(coordinates, coordinates), min_size=2, max_size=30), min_size=1, max_size=4)


def corners(path: str) -> list[tuple[float, float]]:
    """The points of a path written with M, l, implied steps and z."""
    found: list[tuple[float, float]] = []
    x = y = 0.0
    for command, body in re.findall(r"([Ml])([^Mlz]*)", path):
        numbers = [float(text) for text in body.split()]
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = (dx, dy) if command == "M" else (x + dx, y + dy)
            found.append((x, y))
    return found


@given(parts=lines, closed=st.booleans())
def test_a_shorter_path_draws_the_same(parts: list[list[tuple[float, float]]], closed: bool) -> None:
    """Does no point move by more than half a tenth of a pixel, however long the line?"""
    text = " ".join("M " + " L ".join(f"{x:.6f} {y:.6f}" for x, y in part) + (" z" if closed else "") for part in parts)
    points = [point for part in parts for point in part]
    for (x, y), (u, v) in zip(points, corners(shorter(text)), strict=True):
        assert abs(x - u) <= 0.05 + 1e-6 and abs(y - v) <= 0.05 + 1e-6


@given(low=st.floats(-3, -0.1), high=st.floats(0.1, 3), measure=st.sampled_from(["RR", "ZCOR", "PLO", "PAS", "PLN"]))
def test_natural_labels_stand_where_they_belong(low: float, high: float, measure: str) -> None:
    """Does the label at a position state the natural value there?"""
    from hiermeta.data.measures import to_natural

    assert MEASURES[measure].transformation != "identity"
    for at, value in ticks(measure, low, high):
        assert abs(float(to_natural(measure, at)) - value) < 1e-3 * max(abs(value), 1)
