"""How probable each model is, before and after seeing the data."""

from __future__ import annotations

from collections.abc import Sequence

from hiermeta.figures import palette, style
from hiermeta.io.results import Results, Row
from hiermeta.text.numbers import percents

LEFT, RIGHT, STEP = 330, 790, 24
MODELS_SHOWN = 16


def printed(rows: Sequence[Row], when: str) -> list[str]:
    """The ``prior`` or ``posterior`` probabilities of all models, as printed: they add up."""
    return percents([row[f"{when}_probability"] for row in rows])


def draw(results: Results) -> style.Drawing:
    """A bar per model for its posterior probability, with a mark at its prior probability."""
    every = zip(results.comparison, printed(results.comparison, "posterior"), strict=True)
    rows = sorted(every, key=lambda pair: -pair[0]["posterior_probability"])[:MODELS_SHOWN]
    names = [style.wrapped(row["model"], 48) for row, _ in rows]
    step = STEP + 10 * any("\n" in name for name in names)
    bottom = 36 + step * len(rows)
    figure, axes = style.canvas(bottom + 34)

    def x(probability: float) -> float:
        return LEFT + (RIGHT - LEFT) * probability

    axes.fill_between([LEFT, LEFT + 20], 8, 20, color=palette.ESTIMATE, linewidth=0)
    axes.text(LEFT + 28, 14, "posterior probability", va="center", fontsize=style.SMALL)
    axes.plot([LEFT + 200] * 2, [6, 22], color=palette.PRIOR, linewidth=2)
    axes.text(LEFT + 208, 14, "prior probability", va="center", fontsize=style.SMALL)
    for position, (name, (row, share)) in enumerate(zip(names, rows, strict=True)):
        y = 36 + step * (position + 0.5)
        axes.text(2, y, name, va="center", fontsize=style.SMALL)
        axes.fill_between([LEFT, x(row["posterior_probability"])], y - 8, y + 8, color=palette.ESTIMATE, linewidth=0)
        axes.plot([x(row["prior_probability"])] * 2, [y - 10, y + 10], color=palette.PRIOR, linewidth=2)
        axes.text(style.WIDTH - 4, y, share, ha="right", va="center", fontsize=style.SMALL)
    axes.plot([LEFT] * 2, [34, bottom], color=palette.MUTED, linewidth=1)
    for tick in range(0, 101, 25):
        axes.plot([x(tick / 100)] * 2, [bottom, bottom + 4], color=palette.MUTED, linewidth=1)
        axes.text(x(tick / 100), bottom + 7, f"{tick}%", ha="center", va="top", fontsize=style.SMALL)
    best, share = rows[0]
    before = printed(results.comparison, "prior")[results.comparison.index(best)]
    text = (
        f"The most probable of {len(results.comparison)} models is {style.shorten(best['model'], 60)}: "
        f"{before} before, {share} after the data."
    )
    return style.Drawing(figure, text)
