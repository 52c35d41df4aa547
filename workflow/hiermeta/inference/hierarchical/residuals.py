"""Residuals by level: of individuals given their clusters, and of clusters given the model.

Given the parameters, the conditional residual e_i = y_i − x_i'β − z_i'E[u] = σ²(V⁻¹r)_i has the variance σ⁴(V⁻¹)_ii,
and the prediction E[u_j] of a random effect the covariance Σ − Cov[u_j | y] (Lange & Ryan 1989), so that both have a
scale on which they are standard normal where the model holds. Parameters stand at their posterior means. Counts have
randomised quantile residuals (Dunn & Smyth 1996), normal on average over draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri
from scipy.stats import chi2, kurtosis, shapiro, skew

from hiermeta.io.registry import header
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import HierarchicalModel

Array = npt.NDArray[np.float64]
_SEED = 20260101
_ROWS = 50_000
"""Largest number of individuals in the table; every n-th where there are more."""
_TESTED = 5000
"""Values in a Shapiro–Wilk test."""
_VALUES = 10_000_000
_MOST, _LEAST = 200, 20
"""Draws that quantile residuals average over; fewer where rows are many."""
_KNOWN = 1e-8
"""Share of a prior variance below which data say nothing of a direction of the random effects."""


@dataclass(frozen=True)
class _Individuals:
    """Shapes (N,): in the order of the table."""

    fitted: Array
    residual: Array
    standardised: Array


def tables(model: HierarchicalModel, table: pd.DataFrame, draws: Draws, u: Sequence[Array]) -> dict[str, pd.DataFrame]:
    """Residuals of individuals, of clusters, and a summary of both, by file name.

    Parameters
    ----------
    model : HierarchicalModel
    table : pandas.DataFrame
        The validated table.
    draws : Draws
    u : sequence of numpy.ndarray
        By grouping factor, shape (S, J, its effects): random effects as sampled; empty where they were integrated out.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``residuals``: row, cluster (of the first grouping factor), fitted (expected outcome, share or rate given the
        clusters), residual (observed − fitted), standardised. ``cluster_residuals``: one row per cluster and random
        effect. ``residual_checks``: one row per level.
    """
    point = draws.average
    if not u:
        mean, covariance = (part[0] for part in model.random_effects(point))
        moments = [(mean, covariance)]
        individuals = _of_gaussian(model, point, mean, covariance)
    else:
        means = [values.mean(axis=0) for values in u]
        spreads = [
            np.einsum("sja,sjb->jab", values - mean, values - mean) / (len(values) - 1)
            for values, mean in zip(u, means, strict=True)
        ]
        moments = list(zip(means, spreads, strict=True))
        individuals = _of_latent_gaussian(model, point) if model.closed_form else _of_counts(model, draws, u)
    every = -(-model.n // _ROWS)
    names = np.array(model.clusters.names, dtype=object)
    columns = {"row": table["row"].to_numpy(), "cluster": names[model.clusters.codes]} | vars(individuals)
    parts = []
    for f, (mean, covariance) in enumerate(moments):
        view, own = model.by(f), point.of_effects(model.effects_of(f))
        parts.append(_clusters(view, mean, own.covariance[0] - covariance, own.sd[0], individuals.standardised))
    clusters = pd.concat(parts, ignore_index=True)
    return {
        "residuals": pd.DataFrame(columns)[header("residuals.csv")].iloc[::every],
        "cluster_residuals": clusters,
        "residual_checks": _levels(model, table["row"].to_numpy(), individuals.standardised, clusters),
    }


def _of_latent_gaussian(model: HierarchicalModel, point: Draws) -> _Individuals:
    """As with one grouping factor, E[u] and Cov[u] being those given all rows and the parameters."""
    latent, standard = model.latent_rows, model.to_standard(point)
    known = latent.rows.known + latent.rows.X @ standard.beta[0]
    found = latent.approximate(standard.factor[0], known, standard.own[0])
    fitted = model.outcome_centre + model.outcome_spread * found.linear[latent.row]
    inside = found.variances()[latent.row] / float(standard.sigma[0] ** 2)
    residual = model.outcome - fitted
    return _Individuals(fitted, residual, residual / (point.sigma[0] * np.sqrt(np.maximum(1 - inside, 1e-12))))


def _of_gaussian(model: HierarchicalModel, point: Draws, mean: Array, covariance: Array) -> _Individuals:
    codes, Z, sigma = model.clusters.codes, model.Z, point.sigma[0]
    fitted = model.X @ point.beta[0] + (Z * mean[codes]).sum(axis=1)
    residual = model.outcome - fitted
    inside = ((Z[:, None] @ covariance[codes])[:, 0] * Z).sum(axis=1) / sigma**2
    return _Individuals(fitted, residual, residual / (sigma * np.sqrt(np.maximum(1 - inside, 1e-12))))


def _of_counts(model: HierarchicalModel, draws: Draws, u: Sequence[Array]) -> _Individuals:
    """Randomised quantile residuals (Dunn & Smyth 1996) of the posterior predictive distribution given clusters."""
    y, size = model.outcome, model.size
    count = int(np.clip(_VALUES // model.n, _LEAST, _MOST))
    chosen = np.linspace(0, len(draws.beta) - 1, count).astype(int)
    fitted, below, upto = np.zeros(model.n), np.zeros(model.n), np.zeros(model.n)
    for s in chosen:
        linear = model.predictor(draws.beta[s], [values[s] for values in u])
        fitted += model.likelihood.link.inverse(linear)
        under, up_to_it = model.likelihood.cumulative(y, size, linear, draws.own[s])
        below, upto = below + under, upto + up_to_it
    share = np.random.default_rng(_SEED).uniform(size=model.n)
    level = np.clip((below + share * (upto - below)) / count, 1e-12, 1 - 1e-12)
    return _Individuals(fitted / count, y / size - fitted / count, ndtri(level))


def _clusters(model: HierarchicalModel, mean: Array, spread: Array, sd: Array, standardised: Array) -> pd.DataFrame:
    """Table of the clusters.

    ``standardised`` is the predicted random effect over its SD, missing where the data say nothing of it; ``distance``
    the squared Mahalanobis distance of a cluster's effects from zero, chi-squared with ``df`` degrees of freedom,
    ``p`` its upper tail; ``residual_rms`` the root mean square of the standardised residuals of its rows.
    """
    J, q = mean.shape
    unit = np.where(sd > 0, sd, 1.0)
    values, vectors = np.linalg.eigh(spread / np.outer(unit, unit))
    known = values > _KNOWN
    along = np.einsum("jab,ja->jb", vectors, mean / unit)
    distance = np.where(known, along**2 / np.where(known, values, 1), 0).sum(axis=1)
    df = known.sum(axis=1)
    variance = np.diagonal(spread, axis1=1, axis2=2)
    seen = variance > _KNOWN * unit**2
    sizes, squares = model.clusters.sizes, np.bincount(model.clusters.codes, standardised**2, minlength=J)
    table = pd.DataFrame(
        {
            "group": model.clusters.name,
            "cluster": np.repeat(np.array(model.clusters.names, dtype=object), q),
            "n": np.repeat(sizes, q),
            "term": list(model.effects) * J,
            "estimate": mean.ravel(),
            "standardised": np.where(seen, mean / np.sqrt(np.where(seen, variance, 1)), np.nan).ravel(),
            "distance": np.repeat(distance, q),
            "df": np.repeat(df, q),
            "p": np.repeat(np.where(df > 0, chi2.sf(distance, np.maximum(df, 1)), np.nan), q),
            "residual_rms": np.repeat(np.sqrt(squares / sizes), q),
        }
    )
    return table[header("cluster_residuals.csv")]


def _levels(model: HierarchicalModel, rows: Array, individuals: Array, clusters: pd.DataFrame) -> pd.DataFrame:
    """Shape of the standardised residuals at each level, and where the largest is."""
    summaries = [("individuals", individuals, f"row {rows[np.abs(individuals).argmax()]}")]
    for group, effect in zip(model.group_names, model.effects, strict=True):
        mine = (clusters["group"] == group) & (clusters["term"] == effect)
        own = clusters[mine & clusters["standardised"].notna()]
        values = own["standardised"].to_numpy(float)
        if len(values):
            summaries.append((f"{group}: {effect}", values, own["cluster"].iloc[np.abs(values).argmax()]))
    return pd.DataFrame([_level(*summary) for summary in summaries], columns=header("residual_checks.csv"))


def _level(name: str, values: Array, where: str) -> dict[str, object]:
    flat = len(values) < 3 or np.ptp(values) == 0
    W, p = (np.nan, np.nan) if flat else shapiro(values[:: -(-len(values) // _TESTED)])
    return {
        "level": name,
        "n": len(values),
        "mean": values.mean(),
        "sd": values.std(),
        "skewness": np.nan if flat else skew(values),
        "excess_kurtosis": np.nan if flat else kurtosis(values),
        "W": W,
        "p": p,
        "beyond_3": int((np.abs(values) > 3).sum()),
        "largest": values[np.abs(values).argmax()],
        "where": where,
    }
