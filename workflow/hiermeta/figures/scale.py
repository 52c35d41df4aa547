"""Heterogeneity along the scale moderators: τ with its credible band, or level by level."""

from __future__ import annotations

from matplotlib.axes import Axes

from hiermeta.figures import marginal_means, palette, style
from hiermeta.inference import along_moderators
from hiermeta.io.results import Results

HEIGHT = 300


def moderators(results: Results) -> list[str]:
    """The moderators of log τ."""
    return list(dict.fromkeys(row["moderator"] for row in results.scale))


def draw(results: Results) -> style.Drawing:
    """Panels for numeric scale moderators; intervals when there are only factors."""
    names = along_moderators.numeric(results.scale)
    if not names:
        return marginal_means.intervals(results.scale, "Standard deviation τ", None)
    found = [along_moderators.tau(results, name) for name in names]
    figure, panels = style.grid(HEIGHT, len(names), 1 if len(names) == 1 else 2, left=64, top=44, bottom=54)
    for axes, curve in zip(panels, found, strict=True):
        _panel(axes, results, curve)
    entries = [
        (palette.ESTIMATE, "-", "τ, 95% credible band"),
        (palette.INK, "o", "mean ± 1 SD of the moderator, within the data"),
    ]
    style.legend(figure, entries)
    rows = [row for curve in found for row in curve.rows()]
    return style.Drawing(figure, _description(results, names), rows)


def _panel(axes: Axes, results: Results, curve: along_moderators.Curve) -> None:
    axes.fill_between(curve.x, curve.lower, curve.upper, color=palette.ESTIMATE, alpha=0.2, linewidth=0)
    axes.plot(curve.x, curve.mean, color=palette.ESTIMATE, linewidth=2)
    for row in results.scale:
        if row["moderator"] == curve.moderator:
            axes.plot([float(row["value"])], [row["mean"]], "o", color=palette.INK, markersize=6)
    # Where the data are: a tick for every estimate.
    top = 1.08 * float(curve.upper.max())
    seen = sorted(set(along_moderators.values(results, curve.moderator).tolist()))
    axes.plot(seen, [0.012 * top] * len(seen), "|", color=palette.MUTED, markersize=7)
    axes.set_ylim(0, top)
    style.numeric_axes(axes)
    axes.set_xlabel(style.shorten(curve.moderator, 50))
    axes.set_ylabel("Standard deviation τ")


def _description(results: Results, names: list[str]) -> str:
    return " ".join(
        f"Along {style.shorten(name, 40)}, τ is {' and '.join(marginal_means.ends(results.scale, name))}."
        for name in names
    )
