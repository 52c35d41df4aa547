"""Exact leave-one-out: predictive densities and posteriors without each estimate and without each cluster.

At the nodes (τ, ρ) of a quadrature rule p(y₋ᵤ | τ, ρ) = p(y | τ, ρ)/p(yᵤ | y₋ᵤ, τ, ρ), so that one rule serves all
units: p(yᵤ | y₋ᵤ) = p(y)/p(y₋ᵤ), and the posterior without u has the weights of the terms of p(y₋ᵤ). Standardisation
and priors are those of all rows. A unit without which the posterior moves out of the rule's box gets its own rule.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp, ndtr

from hiermeta.inference.deletion import Deletion, clusters, estimates
from hiermeta.inference.exact import Conditional, ExactPosterior, conditional
from hiermeta.inference.quadrature import Grid, find_box, grid
from hiermeta.inference.roots import attempt
from hiermeta.models.meta import MetaModel

Array = npt.NDArray[np.float64]
_PAIRS = 200_000
"""Pairs of node and row worked on at once: few enough for the processor's cache."""
_NODES = (24, 34, 48, 68, 96)
"""Per axis, tried until elpd stands still."""
_TOLERANCE = 1e-4
"""Change of elpd, summed over units without regard to sign, at which more nodes are no use."""
_KEPT, _FAR = 60.0, 25.0
"""Nodes this far below the largest log term aren't used, or mean that the box ends too early for a unit."""
_STRAY = 1e-4
"""Share of a unit's weight on far nodes from which on it gets its own rule."""


@dataclass(frozen=True)
class LeftOut:
    """Each unit's predictive density and the posterior without it.

    Parameters
    ----------
    elpd : numpy.ndarray
        Shape (U,): log p(y_u | y₋ᵤ).
    pit, residual : numpy.ndarray
        Shape (U,): probability of less than what was observed, and observed minus predicted in SDs of the prediction;
        of a cluster, for the mean of its estimates weighted by their sampling precision.
    mu, mu_sd, tau, tau_sd, rho, rho_sd : numpy.ndarray
        Shape (U,): moments without the unit.
    coefficients : numpy.ndarray
        Shape (U, p): posterior means of the standardised coefficients without the unit.
    """

    elpd: Array
    pit: Array
    residual: Array
    mu: Array
    mu_sd: Array
    tau: Array
    tau_sd: Array
    rho: Array
    rho_sd: Array
    coefficients: Array


@dataclass(frozen=True)
class LeaveOneOut:
    """Units left out one at a time.

    Parameters
    ----------
    units : LeftOut
    cook : numpy.ndarray
        Shape (U,): (b − b₋ᵤ)'C⁻¹(b − b₋ᵤ) with posterior means b and covariance C of the coefficients (Cook 1977),
        which for a single coefficient is the squared change in posterior SDs.
    error : float
        Change of the total elpd, summed without regard to sign, when nodes were last added.
    """

    units: LeftOut
    cook: Array
    error: float

    @property
    def elpd(self) -> float:
        """Total expected log predictive density."""
        return float(self.units.elpd.sum())


def by_estimate(posterior: ExactPosterior) -> LeaveOneOut:
    """Leave out one estimate at a time; units in model order."""
    return _leave_out(posterior, estimates)


def by_cluster(posterior: ExactPosterior) -> LeaveOneOut:
    """Leave out one cluster at a time."""
    return _leave_out(posterior, clusters)


def left_out(posterior: ExactPosterior, unavailable: dict[str, str], model: str = "") -> dict[str, LeaveOneOut]:
    """Predictive densities without each estimate and each cluster, as far as they can be had, by names of their totals.

    Parameters
    ----------
    posterior : ExactPosterior
    unavailable : dict
        Receives the reason by name.
    model : str, optional
        The model's name, which goes before the names in ``unavailable``.

    Returns
    -------
    dict of str to LeaveOneOut
        ``elpd_loo`` and, with clusters, ``elpd_loco``.
    """
    ways = {"elpd_loo": by_estimate} | ({"elpd_loco": by_cluster} if posterior.model.clustered else {})
    start = f"{model}/" if model else ""
    found = {name: attempt(start + name, partial(way, posterior), unavailable) for name, way in ways.items()}
    return {name: result for name, result in found.items() if result is not None}


def _leave_out(posterior: ExactPosterior, deletion: Deletion) -> LeaveOneOut:
    model, axes = posterior.model, posterior.grid.axes
    rules = (grid(axes, posterior.grid.bounds, n) for n in _NODES)
    units, far = _integrate(model, deletion, next(rules))
    for nodes in rules:
        previous = units
        units, far = _integrate(model, deletion, nodes)
        error = float(np.abs(units.elpd - previous.elpd).sum())
        if error < _TOLERANCE:
            break
    stray = np.flatnonzero(far > _STRAY)
    if len(stray):
        units = _replace(units, stray, [_alone(posterior, deletion, int(u)) for u in stray])
    return LeaveOneOut(units, cook(units.coefficients, *_moments(posterior)), error)


def _alone(posterior: ExactPosterior, deletion: Deletion, unit: int) -> LeftOut:
    """One unit, integrated over the box where its own leave-one-out posterior is."""
    model, axes = posterior.model, posterior.grid.axes

    def without(tau: Array, rho: Array) -> Array:
        terms = []
        step = max(1, _PAIRS // model.k)
        for first in range(0, len(tau), step):
            part = slice(first, first + step)
            given = conditional(model, tau[part], rho[part])
            deleted = deletion(model, tau[part], rho[part], given)
            terms.append(given.log_likelihood - deleted.log_density[:, unit])
        return np.concatenate(terms)

    axes, bounds = find_box(axes, lambda _: without)
    nodes = grid(axes, bounds, _NODES[-1])
    return _integrate(model, deletion, nodes, unit, posterior.log_marginal_likelihood)[0]


def _replace(units: LeftOut, which: npt.NDArray[np.intp], by: list[LeftOut]) -> LeftOut:
    arrays = {}
    for field in fields(LeftOut):
        values = getattr(units, field.name).copy()
        values[which] = np.concatenate([getattr(one, field.name) for one in by])
        arrays[field.name] = values
    return LeftOut(**arrays)


def _integrate(
    model: MetaModel, deletion: Deletion, nodes: Grid, unit: int | None = None, log_marginal: float | None = None
) -> tuple[LeftOut, Array]:
    """Average over nodes with the weights of each unit's own posterior, chunk by chunk.

    Parameters
    ----------
    model : MetaModel
    deletion : callable
    nodes : Grid
    unit : int, optional
        The only unit wanted; then the rule is for that unit and every node counts.
    log_marginal : float, optional
        log p(y), where the rule isn't for the posterior of all data.

    Returns
    -------
    units : LeftOut
    far : numpy.ndarray
        Shape (U,): share of each unit's weight on nodes that matter little to the posterior of all data.
    """
    tau, rho = nodes.pairs()
    given = conditional(model, tau, rho)
    terms = given.log_likelihood + nodes.log_weight.ravel()
    if log_marginal is None:
        log_marginal = float(logsumexp(terms))
    keep = np.flatnonzero(terms > terms.max() - _KEPT) if unit is None else np.arange(len(terms))
    far = terms < terms.max() - _FAR
    columns = slice(None) if unit is None else slice(unit, unit + 1)
    wanted = 1 if unit is not None else model.k if deletion is estimates else len(model.start)
    top, sums = np.full(wanted, -np.inf), np.zeros((11, wanted))
    coefficient_sums = np.zeros((wanted, model.design.shape[1]))
    step = max(1, _PAIRS // model.k)
    for first in range(0, len(keep), step):
        part = keep[first : first + step]
        some = Conditional(given.log_likelihood[part], given.mean[part], given.covariance[part])
        deleted = deletion(model, tau[part], rho[part], some)
        log_weight = terms[part, None] - deleted.log_density[:, columns]
        new_top = np.maximum(top, log_weight.max(axis=0))
        weight, shrink = np.exp(log_weight - new_top), np.exp(top - new_top)
        deviation, variance = deleted.deviation[:, columns], deleted.variance[:, columns]
        coefficients = deleted.coefficients[:, columns]
        mu = coefficients @ model.mean_design
        of_nodes = np.stack([np.ones(len(part)), far[part], tau[part], tau[part] ** 2, rho[part], rho[part] ** 2])
        of_units = (
            mu,
            mu**2 + deleted.mu_variance[:, columns],
            deviation,
            deviation**2 + variance,
            ndtr(deviation / np.sqrt(variance)),
        )
        sums = shrink * sums + np.vstack([of_nodes @ weight, *((weight * values).sum(axis=0) for values in of_units)])
        coefficient_sums = shrink[:, None] * coefficient_sums + np.einsum("nu,nup->up", weight, coefficients)
        top = new_top
    total = sums[0]
    share, tau1, tau2, rho1, rho2, mu1, mu2, deviation1, deviation2, pit = sums[1:] / total
    units = LeftOut(
        elpd=log_marginal - (top + np.log(total)),
        pit=pit,
        residual=deviation1 / moment_sd(deviation1, deviation2),
        mu=mu1,
        mu_sd=moment_sd(mu1, mu2),
        tau=tau1,
        tau_sd=moment_sd(tau1, tau2),
        rho=rho1,
        rho_sd=moment_sd(rho1, rho2),
        coefficients=coefficient_sums / total[:, None],
    )
    return units, share


def moment_sd(mean: Array, mean_square: Array) -> Array:
    """SDs from means and means of squares, elementwise."""
    return np.sqrt(np.maximum(mean_square - mean**2, 0))


def cook(without: Array, mean: Array, covariance: Array) -> Array:
    """Cook's distances (1977) of posterior means without each unit.

    Parameters
    ----------
    without : numpy.ndarray
        Shape (U, p): posterior means of the coefficients without each unit.
    mean, covariance : numpy.ndarray
        Shapes (p,) and (p, p): of all data.
    """
    change = without - mean
    distance: Array = np.einsum("up,pq,uq->u", change, np.linalg.pinv(covariance, hermitian=True), change)
    return distance


def _moments(posterior: ExactPosterior) -> tuple[Array, Array]:
    """Mean and covariance of the coefficients."""
    weight, given = posterior.weight, posterior.conditional
    mean = weight @ given.mean
    centred = given.mean - mean
    within = np.einsum("n,npq->pq", weight, given.covariance)
    return mean, within + centred.T @ (weight[:, None] * centred)
