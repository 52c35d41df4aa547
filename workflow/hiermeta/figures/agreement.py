"""Stan against the exact posterior: differences beside their own Monte Carlo errors."""

from __future__ import annotations

from matplotlib.axes import Axes

from hiermeta.figures import palette, style
from hiermeta.io.results import Document, Results
from hiermeta.text.numbers import significant

LEFT, RIGHT, STEP, TOP = 280, 880, 20, 40


def draw(results: Results) -> style.Drawing:
    """One line per parameter and statistic: the difference as a dot, four Monte Carlo standard errors as a bar."""
    entries: list[Document] = results.diagnostics["agreement"]
    reach = max(max(abs(entry["difference_sd"]), _half_width(entry)) for entry in entries) * 1.1 or 1.0
    parameters = list(dict.fromkeys(entry["parameter"] for entry in entries))
    bottom = TOP + STEP * len(entries) + 8 * (len(parameters) - 1) + 6
    figure, axes = style.canvas(bottom + 54)
    _axis(axes, reach, bottom)
    y, previous = TOP - STEP / 2, entries[0]["parameter"]
    for entry in entries:
        y += STEP + (8 if entry["parameter"] != previous else 0)
        previous = entry["parameter"]
        _entry(axes, entry, y, reach)
    return style.Drawing(figure, _description(entries))


def _half_width(entry: Document) -> float:
    return 4 * float(entry["mcse_sd"] or 0.0)


def _x(value: float, reach: float) -> float:
    return LEFT + (RIGHT - LEFT) * (value + reach) / (2 * reach)


def _axis(axes: Axes, reach: float, bottom: float) -> None:
    ticks = style.ticked(lambda value: _x(value, reach), -reach, reach)
    style.axis(axes, LEFT, RIGHT, bottom, ticks, "draws − exact, in posterior standard deviations")
    axes.plot([_x(0, reach)] * 2, [TOP - 12, bottom], color=palette.MUTED, linewidth=1)
    axes.fill_between([LEFT, LEFT + 26], 9, 17, color=palette.RULE, linewidth=0)
    axes.text(LEFT + 32, 13, "± 4 Monte Carlo standard errors", va="center", fontsize=style.SMALL)
    axes.plot([LEFT + 250], [13], "o", color=palette.ESTIMATE, markersize=7)
    axes.text(LEFT + 260, 13, "difference", va="center", fontsize=style.SMALL)


def _entry(axes: Axes, entry: Document, y: float, reach: float) -> None:
    name = f"{style.shorten(palette.symbol(entry['parameter']), 36)}  {entry['statistic']}"
    axes.text(2, y, name, va="center", fontsize=style.SMALL)
    half = _half_width(entry)
    axes.fill_between([_x(-half, reach), _x(half, reach)], y - 5, y + 5, color=palette.RULE, linewidth=0)
    passed = entry["status"] == "pass"
    color = palette.ESTIMATE if passed else palette.INK
    axes.plot(
        [_x(entry["difference_sd"], reach)], [y], "o" if passed else "X", color=color, markersize=7 if passed else 9
    )


def _description(entries: list[Document]) -> str:
    worst = max(entries, key=lambda entry: abs(entry["difference_sd"]))
    failed = [entry for entry in entries if entry["status"] != "pass"]
    finding = (
        f"The largest difference is {significant(abs(worst['difference_sd']), 2)} posterior standard deviations "
        f"({worst['statistic']} of {palette.symbol(worst['parameter'])})"
    )
    if failed:
        return f"{finding}; {len(failed)} of {len(entries)} differences are larger than Monte Carlo error explains."
    return f"{finding}; all {len(entries)} differences are within what Monte Carlo error explains."
