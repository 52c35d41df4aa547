"""Contour-enhanced funnel plot: estimates against their standard errors, over regions of significance."""

from __future__ import annotations

import math

from matplotlib.axes import Axes

from hiermeta.figures import palette, style
from hiermeta.io.results import Results
from hiermeta.text.numbers import as_written

HEIGHT = 400
CONTOURS = ((1.644854, 1.959964, palette.RULE), (1.959964, 2.575829, palette.SAMPLING))
"""z limits and colours of p from 0.10 to 0.05 and from 0.05 to 0.01."""


def draw(results: Results) -> style.Drawing:
    """Precise estimates on top; grey where an estimate alone would have p between 0.01 and 0.10."""
    x = [row["effect"] for row in results.data]
    y = [math.sqrt(row["variance"]) for row in results.data]
    mu = results.estimate("mu")["mean"]
    figure, panels = style.grid(HEIGHT, 1, 1, left=70, top=44, bottom=54)
    axes = panels[0]
    deepest = 1.06 * max(y)
    points = [*x, mu] if results.single_group else [*x, mu, 0.0]
    margin = 0.06 * (max(points) - min(points)) or 1.0
    left, right = min(points) - margin, max(points) + margin
    if not results.single_group:
        _contours(axes, deepest)
        axes.plot([0, 0], [0, deepest], color=palette.MUTED, linewidth=1)
    for sign in (-1, 1):
        # The estimates that sampling error alone would give around the pooled effect.
        axes.plot(
            [mu, mu + sign * 1.959964 * deepest], [0, deepest], color=palette.ESTIMATE, linewidth=1, dashes=(5, 3)
        )
    axes.plot([mu, mu], [0, deepest], color=palette.ESTIMATE, linewidth=1.5)
    size = 7 if len(x) <= 300 else 4
    style.dots(axes, x, y, [size] * len(x), palette.INK, 0.65)
    axes.set_xlim(left, right)
    axes.set_ylim(deepest, 0)
    ticks = style.nice_ticks(left, right, 8)
    axes.set_xticks(ticks, [as_written(tick) for tick in ticks])
    depths = style.nice_ticks(0, deepest, 5)
    axes.set_yticks(depths, [as_written(tick) for tick in depths])
    label = str(results.model["measure_label"])
    axes.set_xlabel(label[:1].upper() + label[1:])
    axes.set_ylabel("Standard error")
    entries = [(palette.INK, "o", "estimate"), (palette.ESTIMATE, "-", "pooled effect μ; dashed: ± 1.96 SE")]
    if not results.single_group:
        entries += [(palette.SAMPLING, "s", "0.01 < p < 0.05"), (palette.RULE, "s", "0.05 < p < 0.10")]
    style.legend(figure, entries)
    return style.Drawing(figure, _description(results, x, y))


def _contours(axes: Axes, deepest: float) -> None:
    for inner, outer, color in CONTOURS:
        for sign in (-1, 1):
            axes.fill(
                [0, sign * inner * deepest, sign * outer * deepest],
                [0, deepest, deepest],
                color=color,
                linewidth=0,
            )


def _description(results: Results, x: list[float], y: list[float]) -> str:
    start = f"{len(x)} estimates against their standard errors"
    if results.single_group:
        return f"{start}, precise ones on top."
    significant = sum(abs(effect) > 1.959964 * error for effect, error in zip(x, y, strict=True))
    return (
        f"{start}, precise ones on top; {significant} of them {'differs' if significant == 1 else 'differ'} from zero "
        "at p < 0.05 considered alone. An empty corner where estimates would not be significant is what one-sided "
        "publication would leave."
    )
