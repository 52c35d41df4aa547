"""Where the variance of the outcome lies: between and within clusters, before and after the predictors."""

from __future__ import annotations

from hiermeta.figures import palette, style
from hiermeta.figures.numbers import percent
from hiermeta.figures.results import Results, find

LEFT, RIGHT, TOP, STEP, BAR = 200, 860, 44, 44, 26
ENOUGH = 0.06
"""Share of the variance below which a part's label has no room."""


def applies(results: Results) -> bool:
    return any(row["quantity"] == "ICC [null]" for row in results.rows("clustering"))


def draw(results: Results) -> style.Drawing:
    """Two bars: the model without predictors, and the whole one."""
    shares = {row["quantity"]: row["mean"] for row in results.rows("clustering")}
    marginal, conditional = (shares.get(f"R2 [{which}]", 0.0) for which in ("marginal", "conditional"))
    null = shares["ICC [null]"]
    bars = [
        ("without predictors", [("between clusters", palette.BETWEEN, null), ("within", palette.WITHIN, 1 - null)]),
        (
            "with the predictors",
            [
                ("predictors", palette.ESTIMATE, marginal),
                ("between clusters", palette.BETWEEN, conditional - marginal),
                ("within", palette.WITHIN, 1 - conditional),
            ],
        ),
    ]
    bottom = TOP + STEP * len(bars)
    figure, axes = style.canvas(bottom + 30)
    for position, (name, parts) in enumerate(bars):
        y, at = TOP + STEP * position + STEP / 2, 0.0
        axes.text(2, y, name, va="center")
        for _, color, share in parts:
            start, end = (LEFT + (RIGHT - LEFT) * value for value in (at, at + share))
            axes.fill_between([start, end], y - BAR / 2, y + BAR / 2, color=color, linewidth=0)
            at += share
            if share >= ENOUGH:
                middle = (start + end) / 2
                axes.text(middle, y, percent(share, 0.0), ha="center", va="center", color=palette.PAPER)
    for tick in range(0, 101, 25):
        x = LEFT + (RIGHT - LEFT) * tick / 100
        axes.text(x, bottom + 4, f"{tick}%", ha="center", va="top", fontsize=style.SMALL)
    style.legend(
        figure,
        [
            (palette.ESTIMATE, "s", "explained by the predictors"),
            (palette.BETWEEN, "s", "between clusters"),
            (palette.WITHIN, "s", "within clusters"),
        ],
    )
    low, high = (find(results.rows("clustering"), "quantity", "ICC [null]")[name] for name in ("q2.5", "q97.5"))
    text = (
        f"Without predictors {percent(null, 0.0)} of the variance lies between clusters (95% credible interval "
        f"{percent(low, 0.0)} to {percent(high, 0.0)}). With them, predictors explain {percent(marginal, 0.0)}, and "
        f"{percent(conditional - marginal, 0.0)} of the variance remains between clusters."
    )
    return style.Drawing(figure, "Variance between and within clusters", text)
