"""Posterior predictive checks: data sets simulated from the fit, with new clusters, against the data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import skew

from hiermeta.io.registry import header
from hiermeta.likelihoods import CountRows
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import HierarchicalModel

Array = npt.NDArray[np.float64]
SEED = 20260101
_LEVELS = np.arange(1, 100) / 100
_VALUES = 10_000_000
_MOST, _LEAST = 200, 20
"""Simulated data sets; fewer where rows are many."""


def replicate(model: HierarchicalModel, draws: Draws, most: int = _MOST) -> Array:
    """Shape (R, N): outcomes, or shares and rates, simulated with new random effects; rows sorted by cluster.

    Parameters
    ----------
    model : HierarchicalModel
    draws : Draws
    most : int
        Data sets to simulate, fewer where rows are many.
    """
    rng = np.random.default_rng(SEED)
    count = int(np.clip(_VALUES // model.n, _LEAST, most))
    order, size = model.clusters.order, model.size
    result = np.empty((count, model.n))
    for i, s in enumerate(np.linspace(0, draws.sigma.size - 1, count).astype(int)):
        root = np.linalg.cholesky(draws.covariance[s] + 1e-12 * np.diag(draws.sd[s] ** 2 + 1e-300))
        own = [model.effects_of(f) for f in range(len(model.factors))]
        u = [
            rng.standard_normal((len(clusters.names), len(columns))) @ root[np.ix_(columns, columns)].T
            for clusters, columns in zip(model.factors, own, strict=True)
        ]
        linear = model.predictor(draws.beta[s], u)
        result[i] = (model.likelihood.simulate(rng, linear, size, draws.own[s]) / size)[order]
    return result


def dispersion(
    model: HierarchicalModel, draws: Draws, u: Sequence[Array]
) -> tuple[str, float, float, float, float, float]:
    """The row of the table for counts that vary more, or less, than their family allows.

    Pearson's statistic Σ (y − μ)²/Var(y) over the number of rows, given random effects, of the data and of counts
    simulated from the same draw; its expectation is 1. A probability near 0 says overdispersion.

    Parameters
    ----------
    model : HierarchicalModel
    draws : Draws
    u : sequence of numpy.ndarray
        Random effects by grouping factor, shape (S, J, its effects).
    """
    rng, rows = np.random.default_rng(SEED), model.latent_rows.rows
    assert isinstance(rows, CountRows)
    first = np.unique(model.latent_rows.row, return_index=True)[1]
    count = int(np.clip(_VALUES // len(rows.y), _LEAST, _MOST))
    observed, simulated = [], []
    for s in np.linspace(0, len(draws.beta) - 1, count).astype(int):
        linear = rows.known - model.outcome_centre
        linear = linear + model.predictor(draws.beta[s], [values[s] for values in u])[first]
        mean = rows.mean(linear)
        drawn = model.likelihood.simulate(rng, linear, rows.trials, draws.own[s])
        variance = np.maximum(rows.variance(mean), 1e-12)
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
    zeros = {} if model.linear else {"share of zeros": float((outcome == 0).mean())}
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


def _by_level(model: HierarchicalModel, outcome: Array) -> dict[str, float]:
    """Statistics of an outcome sorted by the first factor's clusters, those of further factors with their names."""
    found = statistics(model, outcome)
    rows = np.empty_like(outcome)
    rows[model.clusters.order] = outcome
    for f, clusters in enumerate(model.factors[1:], 1):
        own = statistics(model.by(f), rows[clusters.order])
        found |= {f"{name} [{clusters.name}]": value for name, value in own.items() if "cluster" in name}
    return found


def tables(model: HierarchicalModel, draws: Draws, u: Sequence[Array]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Statistics and quantiles of the outcome against those of simulated data sets.

    Parameters
    ----------
    model : HierarchicalModel
    draws : Draws
    u : sequence of numpy.ndarray
        Random effects by grouping factor, shape (S, J, its effects), for the dispersion of counts.

    Returns
    -------
    checks : pandas.DataFrame
        statistic, observed, mean, q2.5, q97.5 and the posterior predictive probability of a larger value.
    quantiles : pandas.DataFrame
        level, observed, median, q2.5, q97.5.
    """
    simulated = replicate(model, draws)
    observed = (model.outcome / model.size)[model.clusters.order]
    known = _by_level(model, observed)
    drawn = pd.DataFrame([_by_level(model, row) for row in simulated])
    rows = [
        (name, value, drawn[name].mean(), *np.quantile(drawn[name], [0.025, 0.975]), (drawn[name] > value).mean())
        for name, value in known.items()
    ]
    if not model.has_sigma:
        rows.append(dispersion(model, draws, u))
    quantiles = np.quantile(simulated, _LEVELS, axis=1)
    spread = np.quantile(quantiles, [0.5, 0.025, 0.975], axis=1)
    curve = pd.DataFrame({"level": _LEVELS, "observed": np.quantile(observed, _LEVELS)})
    curve["median"], curve["q2.5"], curve["q97.5"] = spread
    return pd.DataFrame(rows, columns=header("checks.csv")), curve[header("quantiles.csv")]
