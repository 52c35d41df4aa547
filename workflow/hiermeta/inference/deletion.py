"""What is known of an estimate, or of a whole cluster, from the others: formulas given (τ, ρ).

With coefficients integrated over their normal prior, all estimates are jointly normal; let K be the inverse of their
covariance and e = K(y − Xm) = V⁻¹(y − Xb), b and C being posterior mean and covariance of the coefficients. Then
y_i given the others is normal with precision K_ii and lies e_i/K_ii above its mean, and with g_i the i-th row of V⁻¹X

    K_ii = (V⁻¹)_ii − g_i'C g_i        b₋ᵢ = b − C g_i e_i/K_ii        C₋ᵢ = C + C g_i g_i'C/K_ii

(Sundararajan & Keerthi 2001 for the case of Gaussian processes). For a cluster, with H_c = X_c'V_c⁻¹X_c and
f_c = X_c'V_c⁻¹(y_c − X_c b), by the matrix inversion lemma

    C₋c = C (I − H_c C)⁻¹              b₋c = b − C₋c f_c
    log p(y_c | y₋c) = −½[n_c log 2π + log|V_c| − log|I − H_c C| + (y_c − X_c b)'V_c⁻¹(y_c − X_c b) + f_c'C₋c f_c].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hiermeta.inference.exact import Conditional
from hiermeta.models.meta import MetaModel

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Deleted:
    """Leave-one-out quantities at N pairs (τ, ρ) for U units (estimates or clusters).

    Parameters
    ----------
    log_density : numpy.ndarray
        Shape (N, U): log p(unit | the others, τ, ρ).
    deviation, variance : numpy.ndarray
        Shape (N, U): observed minus predicted, and the variance of that prediction; of a cluster, for the mean of its
        estimates weighted by their sampling precision.
    coefficients : numpy.ndarray
        Shape (N, U, p): posterior means of the coefficients without the unit.
    mu_variance : numpy.ndarray
        Shape (N, U): posterior variance of μ, at the mean design of all rows, without the unit.
    """

    log_density: Array
    deviation: Array
    variance: Array
    coefficients: Array
    mu_variance: Array


Deletion = Callable[[MetaModel, Array, Array, Conditional], Deleted]
"""Of the model, τ and ρ of shape (N,), and the coefficients there."""


def estimates(model: MetaModel, tau: Array, rho: Array, given: Conditional) -> Deleted:
    """Leave out each row, given the other rows of its cluster and all other clusters."""
    v = model.marginal(tau[:, None], rho)
    residual = model.effect - given.mean @ model.design.T
    error = v.inverse_times(residual)
    inverse_design = np.stack([v.inverse_times(column) for column in model.design.T], axis=-1)
    gain = inverse_design @ given.covariance
    precision = v.inverse_diagonal() - (gain * inverse_design).sum(axis=-1)
    deviation = error / precision
    gain_of_mu = gain @ model.mean_design
    mu_variance = np.einsum("p,npq,q->n", model.mean_design, given.covariance, model.mean_design)
    return Deleted(
        log_density=0.5 * (np.log(precision / (2 * np.pi)) - error * deviation),
        deviation=deviation,
        variance=1 / precision,
        coefficients=given.mean[:, None, :] - gain * deviation[..., None],
        mu_variance=mu_variance[:, None] + gain_of_mu**2 / precision,
    )


def clusters(model: MetaModel, tau: Array, rho: Array, given: Conditional) -> Deleted:
    """Leave out each cluster, given all other clusters."""
    v = model.marginal(tau[:, None], rho)
    residual = model.effect - given.mean @ model.design.T
    error = v.inverse_times(residual)
    p = model.design.shape[1]
    information = np.empty((len(tau), len(model.start), p, p))
    for j, column in enumerate(model.design.T):
        weighted = v.inverse_times(column)
        for m in range(j + 1):
            sums = model.by_cluster(weighted * model.design[:, m])
            information[..., j, m] = information[..., m, j] = sums
    score = np.stack([model.by_cluster(error * column) for column in model.design.T], axis=-1)
    remaining = np.eye(p) - information @ given.covariance[:, None]
    log_determinant, without = _solve(remaining, given.covariance[:, None])
    step = (without @ score[..., None])[..., 0]
    squares = model.by_cluster(residual * error) + (score * step).sum(axis=-1)
    coefficients = given.mean[:, None, :] - step
    terms = model.sizes * np.log(2 * np.pi) + v.log_determinants() - log_determinant + squares

    share = sampling_shares(model)
    design = np.stack([model.by_cluster(share * column) for column in model.design.T], axis=-1)
    return Deleted(
        log_density=-0.5 * terms,
        deviation=model.by_cluster(share * model.effect) - (coefficients * design).sum(axis=-1),
        variance=v.squares(share) + np.einsum("jp,njpq,jq->nj", design, without, design),
        coefficients=coefficients,
        mu_variance=np.einsum("p,njpq,q->nj", model.mean_design, without, model.mean_design),
    )


def sampling_shares(model: MetaModel) -> Array:
    """Shape (k,): weights of the rows in the mean of their cluster, by sampling precision."""
    precision = 1 / model.variance
    return precision / np.repeat(model.by_cluster(precision), model.sizes)


def _solve(remaining: Array, covariance: Array) -> tuple[Array, Array]:
    """log|R| and C R⁻¹ for matrices R of shape (N, J, p, p) and C of shape (N, 1, p, p)."""
    if remaining.shape[-1] == 1:  # thirty times faster than LAPACK
        return np.log(remaining[..., 0, 0]), covariance / remaining
    transposed = np.linalg.solve(np.swapaxes(remaining, -1, -2), np.broadcast_to(covariance, remaining.shape))
    return np.linalg.slogdet(remaining)[1], np.swapaxes(transposed, -1, -2)
