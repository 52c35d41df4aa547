"""Where the variance of the estimates comes from: sampling error, within and between clusters."""

from __future__ import annotations

from matplotlib.axes import Axes

from hiermeta.figures import palette, style
from hiermeta.io.results import Results, Row
from hiermeta.text.numbers import printed

LEFT, RIGHT = 190, 880


def _x(share: float) -> float:
    return LEFT + (RIGHT - LEFT) * share / 100


def draw(results: Results) -> style.Drawing:
    """A bar of the posterior mean shares, and below it each share with its 95% interval."""
    parts = _parts(results)
    height = 118 + 26 * len(parts)
    figure, axes = style.canvas(height)
    _bar(axes, parts, results.quantity("I2")["mean"])
    for position, (name, row, color) in enumerate(parts):
        _share(axes, name, row, color, 88 + 26 * position)
    bottom = height - 32
    axes.plot([LEFT, RIGHT], [bottom] * 2, color=palette.MUTED, linewidth=1)
    for tick in range(0, 101, 20):
        axes.plot([_x(tick)] * 2, [bottom, bottom + 4], color=palette.MUTED, linewidth=1)
        axes.text(_x(tick), bottom + 7, f"{tick}%", ha="center", va="top", fontsize=style.SMALL)
    return style.Drawing(figure, "Where the variance comes from", _description(results))


def _parts(results: Results) -> list[tuple[str, Row, str]]:
    total = results.quantity("I2")
    if not results.clustered:
        return [("true differences (I²)", total, palette.BETWEEN)]
    return [
        ("between clusters", results.quantity("I2 [between]"), palette.BETWEEN),
        ("within clusters", results.quantity("I2 [within]"), palette.WITHIN),
        ("both together (I²)", total, palette.INK),
    ]


def _bar(axes: Axes, parts: list[tuple[str, Row, str]], total: float) -> None:
    axes.text(2, 32, "mean share of the", va="center")
    axes.text(2, 48, "total variance", va="center")
    shares = parts if len(parts) == 1 else parts[:-1]
    pieces = [(name, row["mean"], color) for name, row, color in shares]
    start = 0.0
    for name, share, color in [*pieces, ("sampling error", 100 - total, palette.SAMPLING)]:
        axes.fill_between([_x(start), _x(start + share)], 26, 54, color=color, linewidth=0)
        if share > 14:
            axes.text(_x(start), 16, name, va="center", fontsize=style.SMALL)
        elif share > 0.5:
            axes.text(_x(start + share), 64, name, ha="right", va="center", fontsize=style.SMALL)
        start += share


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
