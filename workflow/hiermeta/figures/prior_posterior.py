"""What the data added to the prior: both densities of each parameter on one scale."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hiermeta.figures import palette, style
from hiermeta.figures.density import density
from hiermeta.io.results import Results, Row
from hiermeta.models.meta import of_results
from hiermeta.models.priors import Prior, parse
from hiermeta.text.numbers import EXACT, fixed, places, printed

NAMES = {"mu": "pooled effect", "tau": "heterogeneity SD", "rho": "share between clusters"}
HEIGHT = 270
SMALLER, COLUMNS, SHOWN = 210, 3, 9
"""Of panels of a regression."""
_GRID = 120


def estimated(results: Results) -> list[str]:
    """The parameters with a prior that is not a point."""
    return [name for name in NAMES if name in results.model["priors"] and not results.is_fixed(name)]


def _prior(results: Results, name: str) -> Prior:
    """The prior of a parameter; with moderators that of μ, a mean over the design, follows from the coefficients'."""
    own = parse(results.model["priors"][name]["prior"])
    if name != "mu" or not results.coefficients:
        return own
    model = of_results(results)
    parts = list(zip(model.mean_design.tolist(), model.coefficient_priors, strict=True))
    if any(prior.family != "normal" for share, prior in parts if abs(share) > 1e-9):
        return own
    mean = sum(share * prior.arguments[0] for share, prior in parts if abs(share) > 1e-9)
    variance = sum((share * prior.arguments[1]) ** 2 for share, prior in parts if abs(share) > 1e-9)
    return Prior("normal", (float(mean), float(variance) ** 0.5))


def draw(results: Results) -> style.Drawing:
    """One panel per parameter: prior, posterior, median and 95% interval; exact values as ticks where known."""
    names = estimated(results)
    figure, panels = style.panels(HEIGHT, len(names), left=30, top=34, bottom=62)
    for axes, name in zip(panels, names, strict=True):
        title = f"{palette.SYMBOLS[name]}  {NAMES[name]}"
        panel(axes, title, results.draws[name].ravel(), _prior(results, name), results.estimate(name))
        if name in results.exact:
            _exact(axes, results.exact[name])
    legend(figure, HEIGHT, exact=any(name in results.exact for name in names))
    return style.Drawing(figure, "Prior and posterior", _description(results, names))


def _range(draws: npt.NDArray[np.float64], prior: Prior) -> tuple[float, float]:
    """All of the posterior and as much of the prior as leaves the posterior a third of the panel."""
    inner = np.quantile(draws, [0.0005, 0.9995])
    low, high = prior.ppf(np.array([0.01, 0.99]))
    room = 1.0 * (inner[1] - inner[0])
    start, end = max(low, inner[0] - room), min(high, inner[1] + room)
    start, end = min(start, inner[0]), max(end, inner[1])
    bounds = prior.support
    if np.isfinite(bounds[0]) and start - bounds[0] < 0.5 * (end - start):
        start = bounds[0]
    if np.isfinite(bounds[1]) and bounds[1] - end < 0.5 * (end - start):
        end = bounds[1]
    return float(start), float(end)


def panel(axes: Axes, title: str, draws: npt.NDArray[np.float64], prior: Prior, row: Row) -> None:
    """Both densities of one parameter, with median and 95% interval of the posterior below them."""
    start, end = _range(draws, prior)
    grid = np.linspace(start, end, _GRID)
    posterior = density(draws, grid, prior.support)
    # A prior without bound at the edge of its support is drawn from just inside.
    inside = np.clip(grid, start + 1e-3 * (end - start), end - 1e-3 * (end - start))
    before = prior.pdf(inside)
    top = 1.12 * max(float(posterior.max()), float(np.quantile(before, 0.98)))
    axes.fill_between(grid, posterior, color=palette.ESTIMATE, alpha=0.18, linewidth=0)
    axes.plot(grid, posterior, color=palette.ESTIMATE, linewidth=2)
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


def _exact(axes: Axes, row: Row) -> None:
    """Ticks at the exact median and limits."""
    values, level = [row[column] for column in ("q2.5", "median", "q97.5")], -0.045 / 1.11 * axes.get_ylim()[1] * 1.11
    axes.plot(values, [level] * 3, "|", color=palette.INK, markersize=13, markeredgewidth=1.2, clip_on=False)


def legend(figure: Figure, height: float, exact: bool = False) -> None:
    """Below the panels, from the left edge of the drawing."""
    x, y = 30.0, 12 / height
    for color, dash, text in (
        (palette.PRIOR, "--", "prior"),
        (palette.ESTIMATE, "-", "posterior (draws), median and 95% interval"),
    ):
        ends = [x / style.WIDTH, (x + 28) / style.WIDTH]
        figure.add_artist(Line2D(ends, [y, y], color=color, linestyle=dash, linewidth=2))
        figure.text((x + 34) / style.WIDTH, y, text, va="center", fontsize=style.SMALL)
        x += 46 + 6.6 * len(text)
    if exact:
        at = (x + 8) / style.WIDTH
        tick = Line2D([at], [y], marker="|", color=palette.INK, markersize=13, markeredgewidth=1.2, linewidth=0)
        figure.add_artist(tick)
        figure.text((x + 18) / style.WIDTH, y, "the same three values, exact", va="center", fontsize=style.SMALL)


def _description(results: Results, names: list[str]) -> str:
    return " ".join(finding(palette.SYMBOLS[name], results.estimate(name), _prior(results, name)) for name in names)


def finding(label: str, row: Row, prior: Prior) -> str:
    """The posterior of one parameter beside its prior, in a sentence."""
    low, high = (float(value) for value in prior.ppf(np.array([0.025, 0.975])))
    width = row["q97.5"] - row["q2.5"]
    narrower = (high - low) / width if width > 0 else np.inf
    return (
        f"{label}: the posterior has median {printed(row, 'median')} and 95% interval "
        f"{printed(row, 'q2.5')} to {printed(row, 'q97.5')}, "
        + (
            f"{fixed(narrower, places(narrower, EXACT))} times narrower than the prior's."
            if np.inf > narrower >= 1.05
            else ("about as wide as the prior's." if narrower > 0.95 else "wider than the prior's.")
        )
    )


def shown(results: Results) -> list[str]:
    """Parameters of a regression: SDs first, then slopes, as many as there is room for.

    The intercept's prior is on the outcome at the mean of the predictors, and that of correlations is on whole
    matrices, so that neither stands beside its posterior.
    """
    priors = results.model["priors"]
    names = [
        row["parameter"] for row in results.estimates if row["parameter"] in priors and row["parameter"] != "intercept"
    ]
    spread = [name for name in names if name == "sigma" or name.startswith("sd(")]
    return [*spread, *(name for name in names if name not in spread)][:SHOWN]


def draw_regression(results: Results) -> style.Drawing:
    """One panel per slope and standard deviation."""
    names = shown(results)
    figure, panels = style.grid(SMALLER, len(names), min(COLUMNS, len(names)), left=30, top=40, bottom=50)
    priors = {name: parse(results.model["priors"][name]["prior"]) for name in names}
    for axes, name in zip(panels, names, strict=True):
        row = results.estimate(name)
        panel(axes, style.shorten(name, 32), results.draws[name].ravel(), priors[name], row)
    legend(figure, figure.get_figheight() * 72)
    text = " ".join(finding(style.shorten(name, 40), results.estimate(name), priors[name]) for name in names[:3])
    return style.Drawing(figure, "Prior and posterior", text)
