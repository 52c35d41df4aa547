"""Where the variance of the outcome lies: between and within clusters, before and after the predictors."""

from __future__ import annotations

from itertools import cycle

from hiermeta.figures import palette, style
from hiermeta.figures.hierarchical.layout import groups
from hiermeta.io.results import Results, find
from hiermeta.text.numbers import EXACT, percent, percents

LEFT, RIGHT, TOP, STEP, BAR = 200, 860, 36, 50, 20
_COLORS = (palette.BETWEEN, palette.PREDICTION, palette.PRIOR, palette.OBSERVED, palette.INK, palette.SAMPLING)
"""Of the clusters of each grouping factor; repeated beyond six."""
ENOUGH = 0.03
"""Share of the variance below which a part's label has no room."""


def applies(results: Results) -> bool:
    """Whether there is a share of the variance between clusters, as with one grouping factor."""
    return any(row["quantity"] == "ICC [null]" for row in results.rows("clustering"))


def draw(results: Results) -> style.Drawing:
    """Two bars: the model without predictors, and the whole one."""
    shares = {row["quantity"]: row["mean"] for row in results.rows("clustering")}
    marginal, conditional = (shares.get(f"R2 [{which}]", 0.0) for which in ("marginal", "conditional"))
    null = shares["ICC [null]"]
    factors = groups(results)
    before = [shares.get(f"ICC [{group}, null]", null) for group in factors]
    parts = [shares.get(f"ICC [{group}]", shares.get("ICC", 0.0)) for group in factors]
    left = (conditional - marginal) / (sum(parts) or 1.0)
    bars = [
        ("without predictors", [*zip(cycle(_COLORS), before, strict=False), (palette.WITHIN, 1 - null)]),
        (
            "with the predictors",
            [
                (palette.ESTIMATE, marginal),
                *((color, left * part) for color, part in zip(cycle(_COLORS), parts, strict=False)),
                (palette.WITHIN, 1 - conditional),
            ],
        ),
    ]
    if results.model["coefficients"] == ["intercept"]:
        bars = bars[:1]
    entries = [
        *([(palette.ESTIMATE, "s", "explained by the predictors")] if len(bars) > 1 else []),
        *(
            (color, "s", f"between clusters of {style.shorten(group, 24)}")
            for color, group in zip(cycle(_COLORS), factors, strict=False)
        ),
        (palette.WITHIN, "s", "within clusters"),
    ]
    top = TOP + style.LEGEND_LINE * (len(style.legend_lines(entries)) - 1)
    bottom = top + STEP * len(bars)
    figure, axes = style.canvas(bottom + 30)
    for position, (name, pieces) in enumerate(bars):
        y, at = top + STEP * (position + 0.6), 0.0
        axes.text(2, y, name, va="center")
        texts = percents([share for _, share in pieces])
        for (color, share), text in zip(pieces, texts, strict=True):
            start, end = (LEFT + (RIGHT - LEFT) * value for value in (at, at + share))
            axes.fill_between([start, end], y - BAR / 2, y + BAR / 2, color=color, linewidth=0)
            at += share
            if share >= ENOUGH:
                middle = (start + end) / 2
                above = y - BAR / 2 - 4
                axes.text(middle, above, text, ha="center", va="bottom", fontsize=style.SMALL)
    for tick in range(0, 101, 25):
        x = LEFT + (RIGHT - LEFT) * tick / 100
        axes.text(x, bottom + 4, f"{tick}%", ha="center", va="top", fontsize=style.SMALL)
    style.legend(figure, entries)
    low, high = (find(results.rows("clustering"), "quantity", "ICC [null]")[name] for name in ("q2.5", "q97.5"))
    said = (
        f"Without predictors {percent(null, EXACT)} of the variance lies between clusters (95% credible interval "
        f"{percent(low, EXACT)} to {percent(high, EXACT)})."
    )
    if len(bars) > 1:
        explained, remaining, _ = percents([marginal, conditional - marginal, 1 - conditional])
        said += f" With them, predictors explain {explained}, and {remaining} remains between clusters."
    return style.Drawing(figure, "Variance between and within clusters", said)
