"""What other priors would have said: the pooled effect and its Bayes factor over a range of prior scales."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes

from hiermeta.figures import palette, style
from hiermeta.io.results import Results, Row
from hiermeta.text.numbers import EXACT, as_written, fixed, places, significant, superscript

HEIGHT = 260


def varied(results: Results) -> list[str]:
    """The parameters whose prior scales were varied."""
    return list(dict.fromkeys(row["parameter"] for row in results.sensitivity))


def draw(results: Results) -> style.Drawing:
    """A row of panels per varied prior: μ with its interval, and the Bayes factor where zero is a neutral value."""
    names = varied(results)
    with_factor = any(math.isfinite(row["log_bayes_factor_mu"]) for row in results.sensitivity)
    columns = 2 if with_factor else 1
    tested = "effect ≠ 0" if results.model["intercept_at"] else "μ ≠ 0"
    figure, panels = style.grid(HEIGHT, columns * len(names), columns, left=70, top=48, bottom=52)
    for position, name in enumerate(names):
        rows = sorted((row for row in results.sensitivity if row["parameter"] == name), key=lambda row: row["factor"])
        _effect(panels[columns * position], rows, name)
        if with_factor:
            _factor(panels[columns * position + 1], rows, name, tested)
    style.legend(
        figure,
        [
            (palette.ESTIMATE, "-", "posterior mean and 95% interval of μ"),
            (palette.INK, "-", f"Bayes factor for {tested}"),
            (palette.INK, "o", "the prior that was used"),
        ][: 3 if with_factor else 1],
    )
    return style.Drawing(figure, _description(results, names, with_factor))


def _title(name: str) -> str:
    return f"scale of the prior of {palette.symbol(name)}, times its own"


def _scale(axes: Axes, rows: list[Row], name: str) -> list[float]:
    x = [math.log2(row["factor"]) for row in rows]
    axes.set_xlim(min(x) - 0.15, max(x) + 0.15)
    ticks = [tick for tick in range(-6, 7) if min(x) - 0.01 <= tick <= max(x) + 0.01]
    axes.set_xticks(ticks, [as_written(2.0**tick) if tick >= 0 else f"1/{2**-tick}" for tick in ticks])
    axes.set_xlabel(_title(name))
    return x


def _own(rows: list[Row]) -> Row | None:
    return next((row for row in rows if abs(row["factor"] - 1) < 1e-9), None)


def _effect(axes: Axes, rows: list[Row], name: str) -> None:
    x = _scale(axes, rows, name)
    lower, upper = ([row[key] for row in rows] for key in ("q2.5", "q97.5"))
    axes.axhline(0, color=palette.MUTED, linewidth=1)
    axes.fill_between(x, lower, upper, color=palette.ESTIMATE, alpha=0.18, linewidth=0)
    axes.plot(x, [row["mean"] for row in rows], color=palette.ESTIMATE, linewidth=2)
    own = _own(rows)
    if own:
        axes.plot([0], [own["mean"]], "o", color=palette.INK, markersize=7)
    ticks = style.nice_ticks(*axes.get_ylim(), 5)
    axes.set_yticks(ticks, [as_written(tick) for tick in ticks])
    axes.set_ylabel("pooled effect μ")


def _factor(axes: Axes, rows: list[Row], name: str, tested: str) -> None:
    """On a logarithmic axis, with 1 (no evidence either way) always in sight."""
    x = _scale(axes, rows, name)
    y = [row["log_bayes_factor_mu"] / math.log(10) for row in rows]
    axes.axhline(0, color=palette.MUTED, linewidth=1)
    axes.plot(x, y, color=palette.INK, linewidth=2)
    own = _own(rows)
    if own:
        axes.plot([0], [own["log_bayes_factor_mu"] / math.log(10)], "o", color=palette.INK, markersize=7)
    low, high = min([*y, -0.55]), max([*y, 0.55])
    axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
    marks = _marks(low, high)
    axes.set_yticks(list(marks), list(marks.values()))
    axes.set_ylabel(f"Bayes factor, {tested}")


def _marks(low: float, high: float) -> dict[float, str]:
    """Common logarithms of Bayes factors to mark on an axis, with their texts."""
    if high - low < 3:
        factors = (1, 3, 10, 30, 100)
        marks = {math.log10(factor): str(factor) for factor in factors}
        marks |= {-math.log10(factor): f"1/{factor}" for factor in factors[1:]}
    else:
        step = math.ceil((high - low) / 6)
        powers = range(step * math.floor(low / step), math.ceil(high) + 1, step)
        marks = {float(power): "1" if power == 0 else f"10{superscript(power)}" for power in powers}
    return {at: text for at, text in marks.items() if low - 0.1 <= at <= high + 0.1}


def _in_words(log_factor: float) -> str:
    """A Bayes factor, unless it is too large or small to mean more than that."""
    if abs(log_factor) > math.log(1e6):
        return "more than a million" if log_factor > 0 else "less than a millionth"
    return significant(math.exp(log_factor), 2)


def _description(results: Results, names: list[str], with_factor: bool) -> str:
    sentences = []
    for name in names:
        rows = [row for row in results.sensitivity if row["parameter"] == name]
        means = [row["mean"] for row in rows]
        decimals = places(float(np.median([row["sd"] for row in rows])), EXACT)
        factors = [row["factor"] for row in rows]
        low, high = (fixed(pick(means), decimals) for pick in (min, max))
        where = f"lies between {low} and {high}" if low != high else f"stays at {low}"
        text = (
            f"With the scale of the prior of {palette.symbol(name)} between {significant(min(factors), 2)} and "
            f"{significant(max(factors), 2)} times its own, μ {where}"
        )
        if with_factor:
            low, high = (_in_words(pick(row["log_bayes_factor_mu"] for row in rows)) for pick in (min, max))
            lies = f"between {low} and {high}" if low != high else f"is {low}"
            text += f", the Bayes factor for an effect given heterogeneity {lies}"
        sentences.append(f"{text}.")
    if with_factor and results.model["intercept_at"]:
        sentences.append(f"The effect it tests is the one {results.model['intercept_at']}.")
    return " ".join(sentences)
