"""Densities of rows and clusters given all others and the parameters, where random effects are latent.

A cluster shares the effects of other grouping factors with rows that stay. Those effects are taken as drawn, like
parameters, and the effects that no other cluster has are integrated out: its own and those nested in it. A row's
density is that under the normal approximation of its linear predictor from which the row itself has been removed
(Vehtari, Mononen, Tolvanen, Sivula & Winther 2016). Both are exact for gaussian outcomes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from hiermeta.marginal.hermite import aggregate
from hiermeta.models.draws import Draws
from hiermeta.models.hierarchical import HierarchicalModel

Array = npt.NDArray[np.float64]
_NODES = 21
_SMALLEST = 1e-12


def clusters_left_out(model: HierarchicalModel, draws: Draws, u: Sequence[Array], factor: int) -> Array:
    """Shape (S, J): log p(y_j | parameters, effects that cluster j shares with others).

    Parameters
    ----------
    model : HierarchicalModel
    draws : Draws
        In the user's units.
    u : sequence of numpy.ndarray
        By grouping factor with effects, shape (S, J, its effects), in the user's units.
    factor : int
        Number of the grouping factor whose clusters are left out.
    """
    latent, clusters, standard = model.latent_rows, model.factors[factor], model.to_standard(draws)
    private = [k for k, f in enumerate(model.factor_of) if model.factors[f].parents(clusters) is not None]
    own, L = latent.with_effects(private), standard.factor
    shared = _shared(model, u, [k for k in range(len(model.effects)) if k not in private])
    found = np.empty((len(draws.beta), len(clusters.names)))
    for s, beta in enumerate(standard.beta):
        known = latent.rows.known + latent.rows.X @ beta + shared(s)
        fitted = own.approximate(L[s][np.ix_(private, private)], known, standard.own[s])
        found[s] = fitted.by_cluster(factor, len(clusters.names))
    return found - clusters.sizes * np.log(model.outcome_spread)


def _shared(model: HierarchicalModel, u: Sequence[Array], effects: Sequence[int]):  # type: ignore[no-untyped-def]
    """What some effects add to the linear predictor of each row, by number of the draw."""
    latent, present = model.latent_rows, list(dict.fromkeys(model.factor_of))

    def of_draw(s: int) -> Array:
        total = np.zeros(len(latent.codes))
        for k in effects:
            f = model.factor_of[k]
            values = u[present.index(f)][s, :, model.effects_of(f).index(k)] / model.units["sd"][k]
            total += latent.rows.Z[:, k] * values[latent.codes[:, f]]
        return total

    return of_draw


def rows_left_out(model: HierarchicalModel, draws: Draws) -> Array:
    """Shape (S, N): log p(y_i | the other rows, parameters), rows in the order of the table.

    Parameters
    ----------
    model : HierarchicalModel
    draws : Draws
        In the user's units.
    """
    latent, standard = model.latent_rows, model.to_standard(draws)
    L, together = standard.factor, latent.rows
    y = (model.outcome - model.outcome_centre) / model.outcome_spread if model.linear else model.outcome
    alone = aggregate(model.likelihood, np.arange(model.n), y, model.size, model.X, model.Z)[0]
    apart = alone.known - together.known[latent.row] + (0.0 if model.linear else model.outcome_centre)
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    log_weights = np.log(weights) + nodes**2 / 2
    found = np.empty((len(draws.beta), model.n))
    for s, beta in enumerate(standard.beta):
        row = alone.at(standard.own[s])
        fitted = latent.approximate(L[s], together.known + together.X @ beta, standard.own[s])
        centre = fitted.linear[latent.row] + apart
        variance = np.maximum(fitted.variances(), _SMALLEST)[latent.row]
        score, weight = row.derivatives(centre)
        without = variance / (1 - variance * weight)
        moved = without * score
        sd = np.sqrt(variance)
        terms = [
            row.kernel(centre + sd * x) - (moved + sd * x) ** 2 / (2 * without) + log_weight
            for x, log_weight in zip(nodes, log_weights, strict=True)
        ]
        found[s] = logsumexp(terms, axis=0) + 0.5 * np.log(variance / without / (2 * np.pi))
        found[s] += row.normalisers()
    return found - np.log(model.outcome_spread)
