"""What the data added to the prior: both densities of each parameter on one scale."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hiermeta.figures import palette, style
from hiermeta.figures.density import density
from hiermeta.io.results import Results, Row
from hiermeta.models.meta import of_results
from hiermeta.models.priors import Prior, parse
from hiermeta.text.numbers import EXACT, fixed, places, printed

Array = npt.NDArray[np.float64]
Curve = tuple[Array, Array]
"""Points and heights of a density."""
NAMES = {"mu": "pooled effect", "tau": "heterogeneity SD", "rho": "share between clusters"}
HEIGHT = 270
SMALLER, COLUMNS, SHOWN = 210, 3, 9
"""Of panels of a regression."""
_GRID = 120
INFORMED = 0.8
"""Width of a posterior's interval over that of the prior, above which the data are said to hardly inform it."""
EXACT_CURVE = "The posterior densities are exact, by quadrature."
SMOOTHED = "The posterior densities are smoothed from the draws."


def estimated(results: Results) -> list[str]:
    """The parameters with a prior that is not a point."""
    return [name for name in NAMES if name in results.model["priors"] and not results.is_fixed(name)]


def _prior(results: Results, name: str) -> Prior:
    """The prior of a parameter; with moderators that of μ, a mean over the design, follows from the coefficients'."""
    own = parse(results.model["priors"][name]["prior"])
    if name != "mu" or not results.coefficients:
        return own
    model = of_results(results)
    return model.prior_of(model.mean_design.round(9)) or own


def draw(results: Results) -> style.Drawing:
    """One panel per parameter: prior, posterior (exact where that is known), median and 95% interval."""
    names = estimated(results)
    exact = results.rows("densities")
    figure, panels = style.panels(HEIGHT, len(names), left=30, top=34, bottom=62)
    for axes, name in zip(panels, names, strict=True):
        prior = _prior(results, name)
        curve = _curve(exact, name) if exact else _smoothed(results.draws[name].ravel(), prior)
        _panel(axes, f"{palette.SYMBOLS[name]}  {NAMES[name]}", curve, prior, results.estimate(name))
    legend(figure, HEIGHT)
    return style.Drawing(figure, f"{_description(results, names)} {EXACT_CURVE if exact else SMOOTHED}")


def _curve(rows: list[Row], name: str) -> Curve:
    """The exact density of one parameter."""
    own = [row for row in rows if row["parameter"] == name]
    return np.array([row["at"] for row in own]), np.array([row["density"] for row in own])


def _smoothed(draws: Array, prior: Prior) -> Curve:
    """The density of one parameter by its draws."""
    low, high = np.quantile(draws, [0.0005, 0.9995])
    grid = np.linspace(*prior.up_to_support(float(low), float(high)), _GRID)
    return grid, density(draws, grid, prior.support)


def _range(inner: Array, prior: Prior) -> tuple[float, float]:
    """All of the posterior and as much of the prior as leaves the posterior a third of the panel."""
    first, last = float(inner[0]), float(inner[-1])
    low, high = prior.ppf(np.array([0.01, 0.99])).tolist()
    room = last - first
    start, end = max(low, first - room), min(high, last + room)
    return prior.up_to_support(min(start, first), max(end, last))


def _panel(axes: Axes, title: str, curve: Curve, prior: Prior, row: Row) -> None:
    """Both densities of one parameter, with median and 95% interval of the posterior below them."""
    x, posterior = curve
    start, end = _range(x, prior)
    # A prior without bound at the edge of its support is drawn from just inside.
    grid = np.linspace(start, end, _GRID)
    before = prior.pdf(np.clip(grid, start + 1e-3 * (end - start), end - 1e-3 * (end - start)))
    top = 1.12 * max(float(posterior.max()), float(np.quantile(before, 0.98)))
    axes.fill_between(x, posterior, color=palette.ESTIMATE, alpha=0.18, linewidth=0)
    axes.plot(x, posterior, color=palette.ESTIMATE, linewidth=2)
    axes.plot(grid, np.minimum(before, top), color=palette.PRIOR, linewidth=2, dashes=(5, 2))
    level = -0.045 * top
    axes.plot(
        [row["q2.5"], row["q97.5"]],
        [level] * 2,
        color=palette.ESTIMATE,
        linewidth=3,
        solid_capstyle="butt",
        clip_on=False,
    )
    axes.plot([row["median"]], [level], "o", color=palette.ESTIMATE, markersize=7, clip_on=False)
    axes.set_xlim(start, end)
    axes.set_ylim(-0.11 * top, top)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xticks(style.nice_ticks(start, end, 5))
    axes.set_title(title)


def legend(figure: Figure, height: float) -> None:
    """Below the panels, from the left edge of the drawing."""
    style.legend(
        figure,
        [(palette.PRIOR, "--", "prior"), (palette.ESTIMATE, "-", "posterior, median and 95% interval")],
        height - 12,
    )


def _description(results: Results, names: list[str]) -> str:
    return " ".join(finding(palette.SYMBOLS[name], results.estimate(name), _prior(results, name)) for name in names)


def narrowing(row: Row, prior: Prior) -> float:
    """How many times narrower than the prior's the 95% interval of a posterior is."""
    low, high = (float(value) for value in prior.ppf(np.array([0.025, 0.975])))
    width = row["q97.5"] - row["q2.5"]
    return float((high - low) / width) if width > 0 else math.inf


def uninformed(results: Results) -> list[str]:
    """Parameters, as they are printed, whose posterior repeats the prior: where it lies, and nearly as wide.

    Its interval holds the prior's median and is more than `INFORMED` times as wide as the prior's. Those of a
    meta-analysis; slopes and standard deviations of a regression.
    """

    def repeats(row: Row, prior: Prior) -> bool:
        return narrowing(row, prior) < 1 / INFORMED and row["q2.5"] <= float(prior.ppf(0.5)) <= row["q97.5"]

    if results.is_meta:
        rows = {name: (results.estimate(name), _prior(results, name)) for name in estimated(results)}
        return [palette.SYMBOLS[name] for name, found in rows.items() if repeats(*found)]
    priors = {name: parse(results.model["priors"][name]["prior"]) for name in with_priors(results)}
    return [
        name for name, prior in priors.items()
        if not prior.is_point and repeats(results.estimate(name), prior)
    ]  # fmt: skip


def finding(label: str, row: Row, prior: Prior) -> str:
    """The posterior of one parameter beside its prior, in a sentence."""
    narrower = narrowing(row, prior)
    return (
        f"{label}: the posterior has median {printed(row, 'median')} and 95% interval "
        f"{printed(row, 'q2.5')} to {printed(row, 'q97.5')}, "
        + (
            f"{fixed(narrower, places(narrower, EXACT))} times narrower than the prior's."
            if math.inf > narrower >= 1 / INFORMED
            else ("hardly narrower than the prior's." if narrower > 0.95 else "wider than the prior's.")
        )
    )


def with_priors(results: Results) -> list[str]:
    """Parameters of a regression with priors of their own: SDs first, then slopes.

    The intercept's prior is on the outcome at the mean of the predictors, and that of correlations is on whole
    matrices, so that neither stands beside its posterior.
    """
    priors = results.model["priors"]
    names = [
        row["parameter"] for row in results.estimates if row["parameter"] in priors and row["parameter"] != "intercept"
    ]
    spread = [name for name in names if name == "sigma" or name.startswith("sd(")]
    return [*spread, *(name for name in names if name not in spread)]


def shown(results: Results) -> list[str]:
    """As many of them as there is room for."""
    return with_priors(results)[:SHOWN]


def draw_regression(results: Results) -> style.Drawing:
    """One panel per slope and standard deviation."""
    names = shown(results)
    figure, panels = style.grid(SMALLER, len(names), min(COLUMNS, len(names)), left=30, top=40, bottom=50)
    priors = {name: parse(results.model["priors"][name]["prior"]) for name in names}
    for axes, name in zip(panels, names, strict=True):
        curve = _smoothed(results.draws[name].ravel(), priors[name])
        _panel(axes, style.wrapped(name, 32), curve, priors[name], results.estimate(name))
    legend(figure, figure.get_figheight() * 72)
    text = " ".join(finding(style.shorten(name, 40), results.estimate(name), priors[name]) for name in names[:3])
    return style.Drawing(figure, f"{text} {SMOOTHED}")
