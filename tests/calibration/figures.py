"""Figures of docs/calibration, in the style of the reports: ECDFs of ranks with their band, and calibration curves."""

from itertools import pairwise

import numpy as np
from scipy.stats import binomtest

from hiermeta.figures import palette, style, svg
from tests.calibration.model_mixture import MADE_BY, PARTS
from tests.calibration.uniformity import LEVEL, POINTS, band, counts, p_value

BINS = np.linspace(0, 1, 9)


def ecdfs(panels, title):
    """ECDFs of ranks minus uniform as SVG: one panel per family, one line per quantity.

    Parameters
    ----------
    panels : dict of str to pandas.DataFrame
        Ranks by quantity, by the panel's title.
    title : str
    """
    with style.drawing():
        figure, every = style.grid(190, len(panels), 3, left=44, top=30, bottom=40)
        outside = []
        for axes, (name, ranks) in zip(every, panels.items(), strict=True):
            lower, upper = band(len(ranks))
            axes.fill_between(
                _ends(POINTS, 0, 1), _ends(lower - POINTS), _ends(upper - POINTS), color=palette.RULE, linewidth=0
            )
            for quantity, values in ranks.items():
                inside = p_value(values) > 1 - LEVEL
                color = palette.ESTIMATE if inside else palette.PRIOR
                difference = counts(values) / len(values) - POINTS
                axes.plot(_ends(POINTS, 0, 1), _ends(difference), color=color, linewidth=0.8 if inside else 2.4)
                if not inside:
                    outside.append(f"{quantity} ({name})")
            axes.set_title(name)
            axes.set_xlim(0, 1)
            axes.set_xticks([0, 0.5, 1])
            axes.set_ylim(1.25 * min((lower - POINTS).min(), -0.01), 1.25 * max((upper - POINTS).max(), 0.01))
            axes.set_xlabel("rank of the truth")
        said = f"They leave the band for {', '.join(outside)}." if outside else "All stay inside the band."
        description = f"One line per quantity, grey the simultaneous {100 * LEVEL:g}% band. {said}"
        return svg.render(figure, title, description)


def _ends(values, first=0, last=0):
    return np.concatenate([[first], values, [last]])


def curves(mixtures):
    """How often models with a part made the data, by the part's posterior probability, as SVG.

    Parameters
    ----------
    mixtures : dict of str to (array, array)
        By title: whether a model with the part made the data, and its posterior probability.
    """
    with style.drawing():
        figure, every = style.grid(210, len(mixtures), 4, left=44, top=30, bottom=40)
        for axes, (name, (happened, probability)) in zip(every, mixtures.items(), strict=True):
            axes.plot([0, 1], [0, 1], color=palette.MUTED, linewidth=1, linestyle="--")
            for low, high in pairwise(BINS):
                inside = (probability > low) & (probability <= high)
                if not inside.any():
                    continue
                share = binomtest(int(happened[inside].sum()), int(inside.sum()))
                limits = share.proportion_ci(LEVEL)
                at = probability[inside].mean()
                axes.plot([at, at], [limits.low, limits.high], color=palette.ESTIMATE, linewidth=1.4)
                axes.plot([at], [share.statistic], color=palette.ESTIMATE, marker="o", markersize=5)
            axes.set_title(name)
            axes.set_xlabel("posterior probability")
            axes.set_xlim(0, 1)
            axes.set_ylim(0, 1)
        text = f"Share of data sets made by models with the part by their probability, with {100 * LEVEL:g}% intervals."
        return svg.render(figure, "Calibration of posterior model probabilities", text)


def parts(results):
    """What `curves` shows, from the replications of both mixtures."""
    meta, regressions = results["models", "meta"], results["models", "gaussian"]
    shown = {
        part.capitalize(): (meta[MADE_BY].isin(models).to_numpy(), meta[list(models)].sum(axis=1).to_numpy())
        for part, models in PARTS.items()
    }
    name = next(column for column in regressions if column != MADE_BY)
    return shown | {"Clustering": ((regressions[MADE_BY] == name).to_numpy(), regressions[name].to_numpy())}
