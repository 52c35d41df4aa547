"""Models side by side: marginal likelihoods, posterior probabilities, inclusion Bayes factors, averages, elpd."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import logsumexp, softmax

from hiermeta.inference import exact, loo
from hiermeta.inference.bridge import Bridge
from hiermeta.inference.exact import ExactPosterior
from hiermeta.inference.loo import LeaveOneOut
from hiermeta.inference.quadrature import ConditionalCdf
from hiermeta.inference.roots import attempt
from hiermeta.inference.summaries import LEVELS
from hiermeta.io.registry import header
from hiermeta.models.candidates import CLUSTERS, HETEROGENEITY, SCALE, Candidate

Array = npt.NDArray[np.float64]
TOLERANCE = 1e-6
"""Change of a log marginal likelihood at which more nodes are no use: far below what moves a probability."""
FEW = 20
"""Estimates or clusters below which elpd differences come with a caveat (Sivula et al. 2020)."""
_INSIDE = {HETEROGENEITY: {CLUSTERS, SCALE}}
"""Parts of a model that can't be there without another."""


@dataclass(frozen=True)
class Compared:
    """A model with its evidence.

    Parameters
    ----------
    candidate : Candidate
    log_marginal_likelihood, error : float
    method : str
        ``quadrature`` or ``bridge``; the error is then a numerical one or a Monte Carlo SE.
    posterior : ExactPosterior or None
        Where quadrature applies.
    estimates, clusters : numpy.ndarray or None
        Log predictive densities of each left-out unit, in model order; None where unknown.
    """

    candidate: Candidate
    log_marginal_likelihood: float
    error: float
    method: str
    posterior: ExactPosterior | None
    estimates: Array | None
    clusters: Array | None

    @classmethod
    def of(cls, candidate: Candidate, posterior: ExactPosterior, left_out: Mapping[str, LeaveOneOut]) -> Compared:
        """By quadrature, with what `loo.left_out` found."""
        by_estimate, by_cluster = (
            left_out[name].units.elpd if name in left_out else None for name in ("elpd_loo", "elpd_loco")
        )
        value, error = posterior.log_marginal_likelihood, posterior.error
        return cls(candidate, value, error, "quadrature", posterior, by_estimate, by_cluster)

    @classmethod
    def of_draws(cls, candidate: Candidate, bridged: Bridge, left_out: Sequence[LeaveOneOut]) -> Compared:
        """By bridge sampling, and by importance sampling without each estimate and each cluster."""
        units = [entry.units.elpd for entry in left_out]
        by_estimate, by_cluster, *_ = [*units, None, None]
        value, error = bridged.log_marginal_likelihood, bridged.error
        return cls(candidate, value, error, "bridge", None, by_estimate, by_cluster)


def by_quadrature(candidates: Sequence[Candidate], unavailable: dict[str, str]) -> list[Compared]:
    """The candidates to which quadrature applies.

    Parameters
    ----------
    candidates : sequence of Candidate
    unavailable : dict
        Receives the reasons, by model, for the others.
    """
    compared = []
    for candidate in candidates:
        posterior = attempt(candidate.name, partial(exact.solve, candidate.model, TOLERANCE), unavailable)
        if posterior is not None:
            left_out = loo.left_out(posterior, unavailable, candidate.name)
            compared.append(Compared.of(candidate, posterior, left_out))
    return compared


def compare(
    compared: Sequence[Compared], prior_odds: Mapping[str, float], k: int, n_clusters: int
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Probabilities of models, of their parts, and averages over them.

    Parameters
    ----------
    compared : sequence of Compared
    prior_odds : mapping of str to float
        By model name; one otherwise.
    k, n_clusters : int
        Number of estimates and of clusters.

    Returns
    -------
    table : pandas.DataFrame
        Columns of ``comparison.csv``: one row per model, elpd differences being to the best model.
    document : dict
        ``inclusion``, ``averaged``, ``notes`` and ``unavailable``: reasons by name of averages that can't be had.
    """
    log_prior = np.log([prior_odds.get(entry.candidate.name, 1.0) for entry in compared])
    log_prior -= logsumexp(log_prior)
    log_posterior = log_prior + [entry.log_marginal_likelihood for entry in compared]
    log_posterior -= logsumexp(log_posterior)
    table = pd.DataFrame(
        {
            "model": [entry.candidate.name for entry in compared],
            "log_marginal_likelihood": [entry.log_marginal_likelihood for entry in compared],
            "method": [entry.method for entry in compared],
            "error": [entry.error for entry in compared],
            "prior_probability": np.exp(log_prior),
            "posterior_probability": np.exp(log_posterior),
        }
    )
    for name, units in (("elpd_loo", "estimates"), ("elpd_loco", "clusters")):
        table = table.join(_elpd(name, [getattr(entry, units) for entry in compared]))
    unavailable: dict[str, str] = {}
    document = {
        "inclusion": inclusion(compared, log_prior, log_posterior),
        "averaged": averaged(compared, np.exp(log_posterior), unavailable),
        "notes": _notes(compared, k, n_clusters),
        "unavailable": unavailable,
    }
    return table[header("comparison.csv")], document


def _elpd(name: str, units: list[Array | None]) -> pd.DataFrame:
    """Totals, and differences to the best model with their SE √(U · variance of the units' differences)."""
    totals = np.array([np.nan if values is None else values.sum() for values in units])
    difference, error = np.full(len(units), np.nan), np.full(len(units), np.nan)
    if np.isfinite(totals).any():
        best = units[int(np.nanargmax(totals))]
        for i, values in enumerate(units):
            if values is not None and best is not None:
                difference[i] = values.sum() - best.sum()
                error[i] = np.sqrt(len(values)) * (values - best).std(ddof=1) if len(values) > 1 else np.nan
    return pd.DataFrame({name: totals, f"{name}_difference": difference, f"{name}_difference_se": error})


def inclusion(compared: Sequence[Compared], log_prior: Array, log_posterior: Array) -> list[dict[str, Any]]:
    """Bayes factors for each part of the models, over models that differ in nothing else.

    Models with a part count where there is a model without it, and the other way round (Mathôt 2017: matched models);
    clusters and scale formulas go with heterogeneity, since they can't be there without it.

    Parameters
    ----------
    compared : sequence of Compared
    log_prior, log_posterior : numpy.ndarray
        Shape (n_models,): log probabilities.
    """
    rows = []
    for part in dict.fromkeys(part for entry in compared for part in sorted(entry.candidate.parts)):
        rest = [entry.candidate.parts - {part} - _INSIDE.get(part, set()) for entry in compared]
        has = [part in entry.candidate.parts for entry in compared]
        matched = {r for r, h in zip(rest, has, strict=True) if h} & {
            r for r, h in zip(rest, has, strict=True) if not h
        }
        with_part = np.array([h and r in matched for r, h in zip(rest, has, strict=True)])
        without = np.array([not h and r in matched for r, h in zip(rest, has, strict=True)])
        if not matched:
            continue
        log_odds = [logsumexp(p[with_part]) - logsumexp(p[without]) for p in (log_prior, log_posterior)]
        shares = np.concatenate([softmax(log_posterior[side]) for side in (with_part, without)])
        errors = np.array([entry.error for entry in compared])
        rows.append(
            {
                "part": part,
                "log_bayes_factor": float(log_odds[1] - log_odds[0]),
                "error": float(np.linalg.norm(shares * np.concatenate([errors[with_part], errors[without]]))),
                "prior_probability": float(1 / (1 + np.exp(-log_odds[0]))),
                "posterior_probability": float(1 / (1 + np.exp(-log_odds[1]))),
            }
        )
    return rows


def averaged(
    compared: Sequence[Compared], probability: Array, unavailable: dict[str, str]
) -> dict[str, dict[str, float]]:
    """Interval columns of μ, τ and a new effect, as mixtures over the models.

    Parameters
    ----------
    compared : sequence of Compared
    probability : numpy.ndarray
        Shape (n_models,): posterior probabilities.
    unavailable : dict
        Receives the reasons for what can't be had.

    Returns
    -------
    dict
        Empty where a model's posterior is only known from draws.
    """
    posteriors = [entry.posterior for entry in compared if entry.posterior is not None]
    if len(posteriors) < len(compared):
        return {}
    weight = np.concatenate([p * posterior.weight for p, posterior in zip(probability, posteriors, strict=True)])
    tau = np.concatenate([posterior.tau for posterior in posteriors])
    moments = [exact.linear(posterior, posterior.model.mean_design) for posterior in posteriors]
    mean, variance = (np.concatenate(part) for part in zip(*moments, strict=True))
    rows: dict[str, Callable[[], dict[str, float]]] = {
        "mu": lambda: _at_atoms(exact.normal_mixture(mean, variance, weight), mean[variance == 0]),
        "tau": lambda: _averaged_tau(posteriors, probability, tau, weight),
        "new effect": lambda: exact.normal_mixture(mean, variance + tau**2, weight),
    }
    found = {name: attempt(f"averaged/{name}", row, unavailable) for name, row in rows.items()}
    return {name: row for name, row in found.items() if row is not None}


def _at_atoms(row: dict[str, float], atoms: Array) -> dict[str, float]:
    """Quantiles of a mixture with point masses, where it takes those to be very narrow normals."""
    return {
        name: next((float(atom) for atom in np.unique(atoms) if abs(value - atom) < 1e-6 * row["sd"]), value)
        for name, value in row.items()
    }


def _averaged_tau(posteriors: list[ExactPosterior], probability: Array, tau: Array, weight: Array) -> dict[str, float]:
    fixed: dict[float, float] = {}
    cdfs = []
    for p, posterior in zip(probability, posteriors, strict=True):
        nodes = posterior.grid
        if nodes.axes[0].prior.is_point:
            fixed[posterior.tau[0]] = fixed.get(posterior.tau[0], 0.0) + p
        else:
            cdfs.append((p, ConditionalCdf(nodes, posterior.weight.reshape(nodes.log_weight.shape), 0)))

    def below(x: float) -> float:
        atoms = sum(p for value, p in fixed.items() if value <= x)
        return atoms + sum(p * cdf(x) for p, cdf in cdfs)

    mean = float(weight @ tau)
    row = {"mean": mean, "sd": float(np.sqrt(weight @ (tau - mean) ** 2))}
    largest = 1.001 * float(tau.max()) + 1e-300
    for name, level in zip(("median", "q2.5", "q97.5"), LEVELS, strict=True):
        row[name] = 0.0 if below(0.0) >= level else exact.quantile(below, level, 0.0, largest)
    return row


def _notes(compared: Sequence[Compared], k: int, n_clusters: int) -> list[str]:
    notes = []
    units = [(n, name) for n, name in ((k, "estimates"), (n_clusters, "clusters")) if 0 < n < FEW]
    for n, name in units:
        notes.append(
            f"With {n} {name}, differences in elpd and their standard errors are uncertain: fewer than {FEW} left-out "
            "units say little about which model predicts better."
        )
    return notes
