"""Posterior predictive checks: data sets simulated from the fit, with new clusters, against the data."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit
from scipy.stats import skew

from hiermeta.models.hierarchical import Draws, HierarchicalModel

Array = npt.NDArray[np.float64]
SEED = 20260101
COLUMNS = ["statistic", "observed", "mean", "q2.5", "q97.5", "p"]
QUANTILES = ["level", "observed", "median", "q2.5", "q97.5"]
_LEVELS = np.arange(1, 100) / 100
_VALUES = 10_000_000
_MOST, _LEAST = 200, 20
"""Simulated data sets; fewer where rows are many."""


def replicate(model: HierarchicalModel, draws: Draws) -> npt.NDArray[np.float32]:
    """Shape (R, N): outcomes, or shares and rates, simulated with new random effects; rows sorted by cluster.

    Parameters
    ----------
    model : HierarchicalModel
    draws : Draws
    """
    rng = np.random.default_rng(SEED)
    count = int(np.clip(_VALUES // model.n, _LEAST, _MOST))
    order = model.clusters.order
    size = model.size[order]
    X, Z, codes = model.X[order], model.Z[order], model.clusters.codes[order]
    result = np.empty((count, model.n), np.float32)
    for i, s in enumerate(np.linspace(0, draws.sigma.size - 1, count).astype(int)):
        root = np.linalg.cholesky(draws.covariance[s] + 1e-12 * np.diag(draws.sd[s] ** 2 + 1e-300))
        u = rng.standard_normal((len(model.clusters.names), len(model.effects))) @ root.T
        linear = X @ draws.beta[s] + (Z * u[codes]).sum(axis=1)
        if model.gaussian:
            result[i] = linear + draws.sigma[s] * rng.standard_normal(model.n)
        elif model.family == "poisson":
            result[i] = rng.poisson(np.minimum(size * np.exp(np.minimum(linear, 30)), 1e15)) / size
        else:
            result[i] = rng.binomial(size.astype(np.int64), expit(linear)) / size
    return result


def dispersion(model: HierarchicalModel, draws: Draws, u: Array) -> tuple[str, float, float, float, float, float]:
    """The row of the table for counts that vary more, or less, than their family allows.

    Pearson's statistic Σ (y − μ)²/Var(y) over the number of rows, given random effects, of the data and of counts
    simulated from the same draw; its expectation is 1. A probability near 0 says overdispersion.

    Parameters
    ----------
    model : HierarchicalModel
    draws : Draws
    u : numpy.ndarray
        Shape (S, J, q): random effects.
    """
    rng, rows = np.random.default_rng(SEED), model.counts
    count = int(np.clip(_VALUES // len(rows.y), _LEAST, _MOST))
    observed, simulated = [], []
    for s in np.linspace(0, len(u) - 1, count).astype(int):
        linear = rows.known + rows.X @ draws.beta[s] + (rows.Z * u[s, rows.cluster]).sum(axis=1)
        mean = rows.mean(linear)
        chance = np.clip(mean / rows.trials, 0, 1)
        drawn = rng.poisson(mean) if rows.poisson else rng.binomial(rows.trials.astype(np.int64), chance)
        variance = np.maximum(rows.curvature(mean), 1e-12)
        observed.append(float(((rows.y - mean) ** 2 / variance).mean()))
        simulated.append(float(((drawn - mean) ** 2 / variance).mean()))
    beyond = float(np.mean(np.array(simulated) > np.array(observed)))
    lower, upper = np.quantile(simulated, [0.025, 0.975])
    return "dispersion", float(np.mean(observed)), float(np.mean(simulated)), float(lower), float(upper), beyond


def statistics(model: HierarchicalModel, outcome: Array) -> dict[str, float]:
    """Statistics of an outcome whose rows are sorted by cluster."""
    sizes = model.clusters.sizes
    means = np.add.reduceat(outcome, model.clusters.start) / sizes
    squares = np.add.reduceat((outcome - np.repeat(means, sizes)) ** 2, model.clusters.start)
    several = sizes > 1
    if several.sum() < 2:
        several = np.ones_like(several)
    zeros = {} if model.gaussian else {"share of zeros": float((outcome == 0).mean())}
    return zeros | {
        "mean": float(outcome.mean()),
        "SD": float(outcome.std()),
        "smallest": float(outcome.min()),
        "largest": float(outcome.max()),
        "skewness": float(skew(outcome)),
        "SD of cluster means": float(means.std()),
        "smallest cluster mean": float(means.min()),
        "largest cluster mean": float(means.max()),
        "SD within clusters": float(np.sqrt(squares.sum() / max(len(outcome) - len(sizes), 1))),
        "SD of SDs within clusters": float(np.sqrt(squares[several] / np.maximum(sizes[several] - 1, 1)).std()),
    }


def tables(model: HierarchicalModel, draws: Draws, u: Array | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Statistics and quantiles of the outcome against those of simulated data sets.

    Parameters
    ----------
    model : HierarchicalModel
    draws : Draws
    u : numpy.ndarray or None
        Shape (S, J, q): random effects, for the dispersion of counts.

    Returns
    -------
    checks : pandas.DataFrame
        statistic, observed, mean, q2.5, q97.5 and the posterior predictive probability of a larger value.
    quantiles : pandas.DataFrame
        level, observed, median, q2.5, q97.5.
    """
    simulated = replicate(model, draws)
    observed = (model.outcome / model.size)[model.clusters.order]
    known = statistics(model, observed)
    drawn = pd.DataFrame([statistics(model, row.astype(float)) for row in simulated])
    rows = [
        (name, value, drawn[name].mean(), *np.quantile(drawn[name], [0.025, 0.975]), (drawn[name] > value).mean())
        for name, value in known.items()
    ]
    if u is not None:
        rows.append(dispersion(model, draws, u))
    quantiles = np.quantile(simulated, _LEVELS, axis=1)
    spread = np.quantile(quantiles, [0.5, 0.025, 0.975], axis=1)
    curve = pd.DataFrame({"level": _LEVELS, "observed": np.quantile(observed, _LEVELS)})
    curve["median"], curve["q2.5"], curve["q97.5"] = spread
    return pd.DataFrame(rows, columns=COLUMNS), curve[QUANTILES]
