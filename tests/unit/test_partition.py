"""The figure of variance between and within clusters, with any number of grouping factors."""

from types import SimpleNamespace

import pytest

from hiermeta.figures import partition, style


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
def test_every_factor_is_drawn_and_named_within_the_figure(count, monkeypatch):
    """Are all parts drawn, up to 100%, and do all names in the legend end before the right edge and above the bars?

    Seen to fail: with three factors of long names the legend ran off the edge, and a fifth factor was dropped.
    """
    factors = [f"grouping factor number {i}" for i in range(count)]
    rows = [
        {"quantity": "ICC [null]", "mean": 0.7, "q2.5": 0.5, "q97.5": 0.8},
        {"quantity": "R2 [marginal]", "mean": 0.2},
        {"quantity": "R2 [conditional]", "mean": 0.7},
        *({"quantity": f"ICC [{name}, null]", "mean": 0.7 / count} for name in factors),
        *({"quantity": f"ICC [{name}]", "mean": 0.6 / count} for name in factors),
    ]
    monkeypatch.setattr(partition, "groups", lambda results: factors)
    with style.drawing():
        figure = partition.draw_regression(
            SimpleNamespace(model={"coefficients": ["intercept", "x"]}, rows=lambda name: rows)
        ).figure
        figure.canvas.draw()
        (axes,) = figure.axes
        right = figure.bbox.x1
        boxes = [text.get_window_extent() for text in figure.texts]
        bars = [part.get_window_extent() for part in axes.collections]
    assert len(boxes) == count + 2
    assert max(box.x1 for box in boxes) <= right
    assert min(box.y0 for box in boxes) > max(bar.y1 for bar in bars)
    assert len(bars) == (count + 1) + (count + 2)
    assert max(bar.x1 for bar in bars) == pytest.approx(right * partition.RIGHT / style.WIDTH, rel=0.01)
