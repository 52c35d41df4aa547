"""What the priors alone say about what is to come, beside what came."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from hiermeta.figures import palette, style
from hiermeta.figures.regression import likelihood, response
from hiermeta.io.results import Results, Row
from hiermeta.likelihoods import LOG
from hiermeta.models.meta import of_results
from hiermeta.models.priors import Prior, parse
from hiermeta.text.numbers import as_written, limits, significant, superscript

Array = npt.NDArray[np.float64]
DRAWS = 20_000
SEED = 20260101
LEFT, END, TOP, STEP = 250, style.WIDTH - 20, 40, 30
_STANDARD = Prior("normal", (0.0, 1.0))
_APART = 1.4 * STEP
_BELOW = 14
"""Pixels from the interval of the priors to that of the data."""
_OBSERVED = "observed_"
PROBABILITIES = {"q2.5": 0.025, "q25": 0.25, "median": 0.5, "q75": 0.75, "q97.5": 0.975}


def quantities(results: Results) -> list[Row]:
    """Prior quantiles of the pooled effect μ, of τ, and of the true effect of a study like one of the data's."""
    rng = np.random.default_rng(SEED)
    priors = {name: parse(entry["prior"]) for name, entry in results.model["priors"].items()}
    tau = priors["tau"].draws(DRAWS, rng)
    if results.coefficients or results.scale_coefficients:
        model = of_results(results)
        beta = np.column_stack([prior.draws(DRAWS, rng) for prior in model.coefficient_priors])
        delta = [priors["scale"].draws(DRAWS, rng) for _ in range(model.scale_design.shape[1])]
        row = rng.integers(model.k, size=DRAWS)
        mu, centre = beta @ model.mean_design, (beta * model.design[row]).sum(axis=1)
        log_factor = sum((values * model.scale_design[row, i] for i, values in enumerate(delta)), np.zeros(DRAWS))
        new = centre + tau * np.exp(log_factor) * _STANDARD.draws(DRAWS, rng)
    else:
        mu = priors["mu"].draws(DRAWS, rng)
        new = mu + tau * _STANDARD.draws(DRAWS, rng)
    found = {"mu": _quantiles(mu), "tau": _exact(priors["tau"]), "new effect": _quantiles(new)}
    if not results.coefficients:
        found["mu"] = _exact(priors["mu"])
        middle = found["mu"][list(PROBABILITIES).index("median")]
        if np.allclose(found["mu"] - middle, middle - found["mu"][::-1]):  # so is the one of new effects, exactly
            found["new effect"] = middle + (found["new effect"] - found["new effect"][::-1]) / 2
    return [
        {"quantity": name} | {column: float(value) for column, value in zip(PROBABILITIES, values, strict=True)}
        for name, values in found.items()
    ]


def _quantiles(values: Array) -> Array:
    return np.quantile(values, list(PROBABILITIES.values()))


def _exact(prior: Prior) -> Array:
    """Quantiles of a prior, with the noise of a numerical median of zero taken off."""
    if prior.is_point:
        return np.full(len(PROBABILITIES), prior.arguments[0])
    values = prior.ppf(list(PROBABILITIES.values()))
    return np.where(np.abs(values) < 1e-12 * np.abs(values).max(), 0.0, values)


def draw(results: Results) -> style.Drawing:
    """Intervals of the priors above the observed effects, and that of τ on its own axis."""
    rows = {row["quantity"]: row for row in quantities(results)}
    observed = [row["effect"] for row in results.data]
    wide = rows["new effect"]
    bottom = TOP + 3.4 * STEP
    second = bottom + 62
    figure, axes = style.canvas(second + 1.4 * STEP + 46)
    style.legend(figure, [(palette.PRIOR, "-", "prior: median, 50% and 95%"), (palette.OBSERVED, "o", "observed")])
    low = min(wide["q2.5"], *observed)
    high = max(wide["q97.5"], *observed)
    margin = 0.04 * (high - low)
    x = Scale(low - margin, high + margin)
    for position, (name, label) in enumerate((("mu", "pooled effect μ"), ("new effect", "true effect of a study"))):
        interval(axes, rows[name], label, x, TOP + STEP * (position + 0.5))
    y = TOP + 2.6 * STEP
    axes.text(2, y, "observed estimates", va="center")
    style.dots(axes, [x(value) for value in observed], [y] * len(observed), [6] * len(observed), palette.OBSERVED, 0.5)
    label = str(results.model["measure_label"])
    style.axis(axes, LEFT, END, bottom, x.ticks(), label[:1].upper() + label[1:])
    spread = Scale(0.0, 1.06 * max(rows["tau"]["q97.5"], results.estimate("tau")["mean"], 1e-9))
    interval(axes, rows["tau"], "standard deviation τ", spread, second + STEP / 2)
    style.axis(axes, LEFT, END, second + 1.2 * STEP, spread.ticks(), "Standard deviation of the true effects")
    return style.Drawing(figure, _description(rows, observed), list(rows.values()))


class Scale:
    """From values to pixels."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    def __call__(self, value: float) -> float:
        return LEFT + (END - LEFT) * (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[tuple[float, str]]:
        """Their pixels with their labels."""
        return style.ticked(self, self.low, self.high, 7)


def interval(axes: Axes, row: Row, label: str, x: Scale, y: float, colour: str = palette.PRIOR) -> None:
    """Draw median, 50% and 95% of a row of quantiles, its label at the left."""
    axes.text(2, y, label, va="center")
    for low, high, width in (("q2.5", "q97.5", 2), ("q25", "q75", 7)):
        axes.plot([x(row[low]), x(row[high])], [y, y], color=colour, linewidth=width, solid_capstyle="butt")
    axes.plot([x(row["median"])], [y], "o", color=palette.PAPER, markeredgecolor=colour, markersize=8)


def _description(rows: dict[str, Row], observed: list[float]) -> str:
    new = rows["new effect"]
    outside = sum(not new["q2.5"] <= value <= new["q97.5"] for value in observed)
    low, high = (significant(new[column], 2) for column in ("q2.5", "q97.5"))
    share = math.floor(100 * outside / len(observed) + 0.5)
    lie = "lies" if outside == 1 else "lie"
    verdict = (
        "so the priors leave room for most of them"
        if share <= 25
        else "so the priors expect other effects than those seen: look at their scale"
    )
    return (
        f"Before any data, the priors put 95% of the true effects between {low} and {high}. Of the {len(observed)} "
        f"observed estimates, {outside} {lie} outside, {verdict}."
    )


class LogScale(Scale):
    """From rates to pixels; a rate of zero stands at the left edge."""

    def __call__(self, value: float) -> float:
        return super().__call__(math.log10(value) if value > 0 else self.low)

    def ticks(self) -> list[tuple[float, str]]:
        powers = range(math.ceil(self.low), math.floor(self.high) + 1)
        shown = [power for power in powers if power % math.ceil(len(powers) / 8) == 0]
        return [
            (self(10.0**power), as_written(10.0**power) if abs(power) < 4 else f"10{superscript(power)}")
            for power in shown
        ]


def label(quantity: str) -> str:
    """What a row of ``prior_predictive.csv`` is about.

    Examples
    --------
    >>> label("cluster mean [school]"), label("row")
    ('cluster means of school', 'outcomes of rows')
    """
    kind, _, factor = quantity.partition(" [")
    of = f" of {factor.removesuffix(']')}" if factor else ""
    return {"average": "average outcome", "cluster mean": "cluster means", "row": "outcomes of rows"}[kind] + of


def draw_regression(results: Results) -> style.Drawing:
    """Intervals of the priors, each above that of the data; rates on a logarithmic axis."""
    rows = results.rows("prior_predictive")
    x = _axis_of(rows, likelihood(results).link is LOG)
    bottom = TOP + _APART * len(rows)
    figure, axes = style.canvas(bottom + 46)
    entries = [(palette.PRIOR, "-", "by the priors: median, 50% and 95%"), (palette.OBSERVED, "-", "in the data")]
    style.legend(figure, entries)
    for position, row in enumerate(rows):
        y = TOP + _APART * (position + 0.3)
        data = {key.removeprefix(_OBSERVED): value for key, value in row.items() if key.startswith(_OBSERVED)}
        interval(axes, row, style.shorten(label(row["quantity"]), 34), x, y)
        interval(axes, data, "", x, y + _BELOW, palette.OBSERVED)
    style.axis(axes, LEFT, END, bottom, x.ticks(), style.shorten(response(results), 60))
    return style.Drawing(figure, _regression_description(rows))


def _axis_of(rows: list[Row], rates: bool) -> Scale:
    values = [value for row in rows for key, value in row.items() if key != "quantity"]
    if rates:
        values = [math.log10(value) for value in values if value > 0]
    margin = 0.04 * (max(values) - min(values)) or 1.0
    return (LogScale if rates else Scale)(min(values) - margin, max(values) + margin)


def _regression_description(rows: list[Row]) -> str:
    row = next(row for row in rows if row["quantity"].startswith("cluster mean"))
    prior, data = ((row[f"{of}q2.5"], row[f"{of}q97.5"]) for of in ("", _OBSERVED))
    low, high = limits(*prior)
    least, most = limits(*data)
    outside = [row for row in rows if not row["q2.5"] <= row[f"{_OBSERVED}median"] <= row["q97.5"]]
    text = (
        f"Before any data, the priors put 95% of the {label(row['quantity'])} between {low} and {high}. In "
        f"the data, 95% of them lie between {least} and {most}"
    )
    if not outside:
        return f"{text}; the medians of what was seen lie within what the priors expect."
    if outside[0]["quantity"] != "average":
        return f"{text}, so the priors expect other outcomes than those seen: look at their scale."
    low, high = limits(outside[0]["q2.5"], outside[0]["q97.5"])
    average = significant(outside[0][f"{_OBSERVED}median"])
    return (
        f"{text}. The average outcome, {average}, lies outside of the 95% of it that they put between {low} and "
        f"{high}: they expect other outcomes than those seen, look at their scale."
    )
