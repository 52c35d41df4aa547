"""What the data added to the priors of slopes and standard deviations."""

from __future__ import annotations

from hiermeta.figures import prior_posterior as of_meta
from hiermeta.figures import style
from hiermeta.io.results import Results
from hiermeta.models.priors import parse

HEIGHT, COLUMNS, SHOWN = 210, 3, 9


def shown(results: Results) -> list[str]:
    """SDs first, then slopes, as many as there is room for.

    The intercept's prior is on the outcome at the mean of the predictors, and that of correlations is on whole
    matrices, so that neither stands beside its posterior.
    """
    priors = results.model["priors"]
    names = [
        row["parameter"] for row in results.estimates if row["parameter"] in priors and row["parameter"] != "intercept"
    ]
    spread = [name for name in names if name == "sigma" or name.startswith("sd(")]
    return [*spread, *(name for name in names if name not in spread)][:SHOWN]


def draw(results: Results) -> style.Drawing:
    """One panel per parameter."""
    names = shown(results)
    figure, panels = style.grid(HEIGHT, len(names), min(COLUMNS, len(names)), left=30, top=40, bottom=50)
    priors = {name: parse(results.model["priors"][name]["prior"]) for name in names}
    for axes, name in zip(panels, names, strict=True):
        row = results.estimate(name)
        of_meta.panel(axes, style.shorten(name, 32), results.draws[name].ravel(), priors[name], row)
    of_meta.legend(figure, figure.get_figheight() * 72)
    text = " ".join(
        of_meta.finding(style.shorten(name, 40), results.estimate(name), priors[name]) for name in names[:3]
    )
    return style.Drawing(figure, "Prior and posterior", text)
