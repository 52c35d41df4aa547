"""What the priors alone say about the outcome, beside the outcomes that came."""

from __future__ import annotations

import math

from hiermeta.figures import palette, style
from hiermeta.figures.hierarchical.layout import likelihood, response
from hiermeta.figures.prior_predictive import STEP, TOP, Scale, axis, interval
from hiermeta.io.results import Results, Row
from hiermeta.likelihoods import LOG
from hiermeta.text.numbers import as_written, limits, significant, superscript

_APART = 1.4 * STEP
_BELOW = 14
"""Pixels from the interval of the priors to that of the data."""
_OBSERVED = "observed_"


class LogScale(Scale):
    """From rates to pixels; a rate of zero stands at the left edge."""

    def __call__(self, value: float) -> float:
        return super().__call__(math.log10(value) if value > 0 else self.low)

    def ticks(self) -> list[tuple[float, str]]:
        powers = range(math.ceil(self.low), math.floor(self.high) + 1)
        shown = [power for power in powers if power % math.ceil(len(powers) / 8) == 0]
        return [
            (10.0**power, as_written(10.0**power) if abs(power) < 4 else f"10{superscript(power)}") for power in shown
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


def draw(results: Results) -> style.Drawing:
    """Intervals of the priors, each above that of the data; rates on a logarithmic axis."""
    rows = results.rows("prior_predictive")
    x = _scale(rows, likelihood(results).link is LOG)
    bottom = TOP + _APART * len(rows)
    figure, axes = style.canvas(bottom + 46)
    entries = [(palette.PRIOR, "-", "by the priors: median, 50% and 95%"), (palette.OBSERVED, "-", "in the data")]
    style.legend(figure, entries)
    for position, row in enumerate(rows):
        y = TOP + _APART * (position + 0.3)
        data = {key.removeprefix(_OBSERVED): value for key, value in row.items() if key.startswith(_OBSERVED)}
        interval(axes, row, style.shorten(label(row["quantity"]), 34), x, y)
        interval(axes, data, "", x, y + _BELOW, palette.OBSERVED)
    axis(axes, x, bottom, style.shorten(response(results), 60))
    return style.Drawing(figure, "What the priors alone say", _finding(rows))


def _scale(rows: list[Row], rates: bool) -> Scale:
    values = [value for row in rows for key, value in row.items() if key != "quantity"]
    if rates:
        values = [math.log10(value) for value in values if value > 0]
    margin = 0.04 * (max(values) - min(values)) or 1.0
    return (LogScale if rates else Scale)(min(values) - margin, max(values) + margin)


def _finding(rows: list[Row]) -> str:
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
        return f"{text}, so they do not rule out what was seen."
    if outside[0]["quantity"] != "average":
        return f"{text}, so they expect other outcomes than those seen: look at their scale."
    low, high = limits(outside[0]["q2.5"], outside[0]["q97.5"])
    average = significant(outside[0][f"{_OBSERVED}median"])
    return (
        f"{text}. The average outcome, {average}, lies outside of the 95% of it that they put between {low} and "
        f"{high}: they expect other outcomes than those seen, look at their scale."
    )
