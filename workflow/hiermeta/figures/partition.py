"""Where the variance lies: sampling error, within and between clusters, or explained by predictors."""

from __future__ import annotations

from itertools import cycle

from matplotlib.axes import Axes

from hiermeta.figures import palette, style
from hiermeta.figures.regression import groups
from hiermeta.io.results import Results, Row, find
from hiermeta.text.numbers import EXACT, percent, percents, printed

LEFT, RIGHT = 190, 880
TOP, STEP, BAR, BODY = 36, 50, 20, 62
_COLORS = (palette.BETWEEN, palette.PREDICTION, palette.PRIOR, palette.OBSERVED, palette.INK, palette.SAMPLING)
"""Of the clusters of each grouping factor; repeated beyond six."""
ENOUGH = 0.03
"""Share of the variance below which a part's label has no room."""


def _x(share: float) -> float:
    return LEFT + (RIGHT - LEFT) * share / 100


def draw(results: Results) -> style.Drawing:
    """A bar of the posterior mean shares, and below it each share with its 95% interval."""
    parts = _parts(results)
    height = BODY + 26 * len(parts) + 52
    figure, axes = style.canvas(height)
    style.legend(figure, _bar(axes, parts, results.quantity("I2")["mean"]))
    for position, (name, row, color) in enumerate(parts):
        _share(axes, name, row, color, BODY + 26 * position + 22)
    bottom = height - 32
    style.axis(axes, LEFT, RIGHT, bottom, [(_x(tick), f"{tick}%") for tick in range(0, 101, 20)])
    return style.Drawing(figure, _description(results))


def _parts(results: Results) -> list[tuple[str, Row, str]]:
    total = results.quantity("I2")
    if not results.clustered:
        return [("true differences (I²)", total, palette.BETWEEN)]
    return [
        ("between clusters", results.quantity("I2 [between]"), palette.BETWEEN),
        ("within clusters", results.quantity("I2 [within]"), palette.WITHIN),
        ("both together (I²)", total, palette.INK),
    ]


def _bar(axes: Axes, parts: list[tuple[str, Row, str]], total: float) -> list[tuple[str, str, str]]:
    """Draw the mean shares; their colours and names for the legend, since small ones have no room for names."""
    axes.text(2, BODY - 22, "mean share of the", va="center")
    axes.text(2, BODY - 6, "total variance", va="center")
    shares = parts if len(parts) == 1 else parts[:-1]
    pieces = [
        *((name, row["mean"], color) for name, row, color in shares),
        ("sampling error", 100 - total, palette.SAMPLING),
    ]
    start = 0.0
    for _, share, color in pieces:
        axes.fill_between([_x(start), _x(start + share)], BODY - 28, BODY, color=color, linewidth=0)
        start += share
    return [(color, "s", name) for name, _, color in pieces]


def _share(axes: Axes, name: str, row: Row, color: str, y: float) -> None:
    axes.text(2, y, name, va="center")
    axes.plot([_x(row["q2.5"]), _x(row["q97.5"])], [y, y], color=color, linewidth=3, solid_capstyle="butt")
    axes.plot([_x(row["mean"])], [y], "o", color=color, markersize=8)


def _description(results: Results) -> str:
    def phrase(name: str, words: str) -> str:
        row = results.quantity(name)
        mean, low, high = (printed(row, column) for column in ("mean", "q2.5", "q97.5"))
        return f"{words} {mean}% (95% interval {low}% to {high}%)"

    total = phrase("I2", "Differences between true effects make up")
    if not results.clustered:
        return f"{total} of the variance of the estimates; the rest is sampling error."
    between, within = phrase("I2 [between]", "between clusters"), phrase("I2 [within]", "within clusters")
    return f"{total} of the variance of the estimates: {between}, {within}. The rest is sampling error."


def applies_to_regression(results: Results) -> bool:
    """Whether there is a share of the variance between clusters, as with one grouping factor."""
    return any(row["quantity"] == "ICC [null]" for row in results.rows("clustering"))


def draw_regression(results: Results) -> style.Drawing:
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
            start, end = (_x(100 * value) for value in (at, at + share))
            axes.fill_between([start, end], y - BAR / 2, y + BAR / 2, color=color, linewidth=0)
            at += share
            if share >= ENOUGH:
                middle = (start + end) / 2
                above = y - BAR / 2 - 4
                axes.text(middle, above, text, ha="center", va="bottom", fontsize=style.SMALL)
    for tick in range(0, 101, 25):
        axes.text(_x(tick), bottom + 4, f"{tick}%", ha="center", va="top", fontsize=style.SMALL)
    style.legend(figure, entries)
    low, high = (find(results.rows("clustering"), "quantity", "ICC [null]")[name] for name in ("q2.5", "q97.5"))
    said = (
        f"Without predictors {percent(null, EXACT)} of the variance lies between clusters (95% credible interval "
        f"{percent(low, EXACT)} to {percent(high, EXACT)})."
    )
    if len(bars) > 1:
        explained, remaining, _ = percents([marginal, conditional - marginal, 1 - conditional])
        said += f" With them, predictors explain {explained}, and {remaining} remains between clusters."
    return style.Drawing(figure, said)
