"""The hierarchical regression model: its rows, designs, units and priors.

Individual i in cluster j: g(E[y_i]) = x_i'β + z_i'u_j with u_j ~ N(0, Σ), Σ = diag(sd) Ω diag(sd), and a residual SD σ
for gaussian outcomes. Notation follows docs/explanation/specification.md, section 2. With several grouping factors the
terms z_i'u_j of all of them add up; Z, sd and Ω then hold their effects side by side, independent between factors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.data import outcomes
from hiermeta.data.clusters import Clusters
from hiermeta.data.hierarchical import Designs, fit_designs, formula_of
from hiermeta.likelihoods import IDENTITY, LIKELIHOODS, Likelihood, Rows
from hiermeta.marginal import hermite
from hiermeta.marginal.clusters import Sufficient, reduce_rows
from hiermeta.marginal.hermite import aggregate
from hiermeta.marginal.laplace import Latent, aggregate_cells, places_of_effects
from hiermeta.models.draws import Draws
from hiermeta.models.priors import Prior

Array = npt.NDArray[np.float64]
UNCONSTRAINED = (-7.0, 12.0)
"""Where maximum likelihood looks for unconstrained parameters of the likelihood; see `HierarchicalModel.own`."""


@dataclass(frozen=True)
class HierarchicalModel:
    """Rows in the order of the validated table, with their designs and priors.

    Parameters
    ----------
    likelihood : Likelihood
        Of the outcome given its linear predictor.
    outcome, size : numpy.ndarray
        Shape (N,): outcome, and trials or exposure (1 where there are none).
    X, Z : numpy.ndarray
        Shapes (N, p) and (N, q): designs of coefficients and random effects in the user's units.
    names, effects : tuple of str
        Names of the p coefficients and of the q random effects.
    blocks : tuple of int
        Sizes of the sets of random effects that are correlated with each other.
    factors : tuple of Clusters
        The grouping factors.
    owners : tuple of int
        For each block, the number of its grouping factor.
    priors : dict of str to Prior
        By coefficient (``intercept`` at the mean of the other columns), ``sd(GROUP:TERM)`` and ``sigma``.
    eta : float
        Shape of the LKJ prior of the correlations.
    designs : Designs
        How the designs were made.
    """

    likelihood: Likelihood
    outcome: Array
    size: Array
    X: Array
    Z: Array
    names: tuple[str, ...]
    effects: tuple[str, ...]
    blocks: tuple[int, ...]
    factors: tuple[Clusters, ...]
    owners: tuple[int, ...]
    priors: dict[str, Prior]
    eta: float
    designs: Designs

    @property
    def n(self) -> int:
        return len(self.outcome)

    @cached_property
    def individuals(self) -> Array:
        """Shape (N,): how many individuals each row stands for, its trials for binomial outcomes."""
        return self.size if self.likelihood.size == "trials" else np.ones(self.n)

    @property
    def clusters(self) -> Clusters:
        """The first grouping factor."""
        return self.factors[0]

    @property
    def several(self) -> bool:
        """Whether there is more than one grouping factor."""
        return len(self.factors) > 1

    @property
    def latent(self) -> bool:
        """Whether random effects are sampled, rather than integrated out."""
        return self.several or not self.closed_form

    @property
    def factor_of(self) -> tuple[int, ...]:
        """For each of the q random effects, the number of its grouping factor."""
        return tuple(owner for owner, size in zip(self.owners, self.blocks, strict=True) for _ in range(size))

    def effects_of(self, factor: int) -> list[int]:
        """Numbers of the random effects of a grouping factor."""
        return [k for k, owner in enumerate(self.factor_of) if owner == factor]

    def with_effects(self, kept: Sequence[int]) -> HierarchicalModel:
        """The model with some of its random effects; grouping factors stay, even those without effects."""
        block = np.repeat(np.arange(len(self.blocks)), self.blocks)[list(kept)]
        found, sizes = np.unique(block, return_counts=True)
        return replace(
            self,
            Z=self.Z[:, list(kept)],
            effects=tuple(self.effects[k] for k in kept),
            blocks=tuple(sizes.tolist()),
            owners=tuple(self.owners[b] for b in found),
        )

    def by(self, factor: int) -> HierarchicalModel:
        """The model with the random effects of one grouping factor only."""
        own = self.with_effects(self.effects_of(factor))
        return replace(own, factors=(self.factors[factor],), owners=(0,) * len(own.blocks))

    @property
    def centred(self) -> bool:
        """Whether there is an intercept, so that the other columns are centred."""
        return self.designs.fixed.formula.intercept

    @property
    def shape_names(self) -> tuple[str, ...]:
        """Names of the likelihood's shape parameters."""
        return tuple(shape.name for shape in self.likelihood.shapes)

    @property
    def own_names(self) -> tuple[str, ...]:
        """Names of the likelihood's own parameters: the residual SD where there is one, and its shape."""
        return (("sigma",) if self.has_sigma else ()) + self.shape_names

    @property
    def own_units(self) -> Array:
        """Shape (len(own_names),): what one unit of each is in the user's units."""
        return np.array([self.outcome_spread] * self.has_sigma + [1.0] * len(self.shape_names))

    def own(self, z: Array) -> Array:
        """Shape (..., 1 + m): standardised parameters of the likelihood from unconstrained ones, one per name.

        An unconstrained parameter is the logarithm of the distance from the lower bound.
        """
        values = self._floors + np.exp(z)
        return values if self.has_sigma else np.concatenate([np.zeros((*z.shape[:-1], 1)), values], axis=-1)

    def unconstrained(self, own: Array) -> Array:
        """The inverse of `own`."""
        values = own if self.has_sigma else own[..., 1:]
        return np.log(np.maximum(values - self._floors, 1e-300))

    @property
    def _floors(self) -> Array:
        """Shape (len(own_names),): their lower bounds."""
        return np.array([0.0] * self.has_sigma + [shape.bounds[0] for shape in self.likelihood.shapes])

    @property
    def sd_names(self) -> tuple[str, ...]:
        return tuple(f"sd({group}:{effect})" for group, effect in zip(self.group_names, self.effects, strict=True))

    @property
    def group_names(self) -> tuple[str, ...]:
        """For each of the q random effects, its grouping factor as it is printed."""
        return tuple(self.factors[owner].name for owner in self.factor_of)

    @cached_property
    def pairs(self) -> list[tuple[int, int]]:
        """Pairs of random effects that are correlated, the later one first, in the order of the program."""
        first, found = 0, []
        for size in self.blocks:
            found += [(first + i, first + j) for i in range(size) for j in range(i)]
            first += size
        return found

    @property
    def correlation_names(self) -> tuple[str, ...]:
        return tuple(f"cor({self.group_names[i]}:{self.effects[j]},{self.effects[i]})" for i, j in self.pairs)

    @cached_property
    def centre(self) -> Array:
        """Shape (p,): means of the columns of X, zero for the intercept and without one."""
        means = self.X.mean(axis=0) * self.centred
        return np.where(np.array(self.names) == "intercept", 0.0, means)

    @cached_property
    def spread(self) -> Array:
        """Shape (p,): SDs of the columns of X, 1 for the intercept."""
        return _spread(self.X)

    @property
    def closed_form(self) -> bool:
        """Whether random effects can be integrated out without approximation."""
        return self.likelihood.rows.quadratic

    @property
    def has_sigma(self) -> bool:
        """Whether there is a residual SD."""
        return self.likelihood.has_sigma

    @property
    def linear(self) -> bool:
        """Whether coefficients are in units of the outcome, which is then standardised."""
        return self.likelihood.link is IDENTITY

    @cached_property
    def overall(self) -> float:
        """The outcome's mean on the scale of the coefficients."""
        return self.likelihood.overall(self.outcome, self.size)

    @cached_property
    def outcome_centre(self) -> float:
        return self.overall if self.centred else 0.0

    @cached_property
    def outcome_spread(self) -> float:
        """SD of the outcome; 1 on the scale of logits and logarithms."""
        return float(self.outcome.std(ddof=1)) if self.linear else 1.0

    @cached_property
    def effect_spread(self) -> Array:
        """Shape (q,): SDs of the columns of Z, 1 for a constant."""
        return _spread(self.Z)

    @cached_property
    def units(self) -> dict[str, Array]:
        """What one unit of a standardised parameter is in the user's units: ``beta``, ``sd`` and ``sigma``."""
        y = self.outcome_spread
        return {"beta": y / self.spread, "sd": y / self.effect_spread, "sigma": np.array(y)}

    @cached_property
    def offset(self) -> Array:
        """Shape (p,): the coefficients at the column means, in the user's units, whose standardised values are zero."""
        return np.where(np.array(self.names) == "intercept", self.outcome_centre, 0.0)

    @cached_property
    def counts(self) -> Rows:
        """Rows of counts that share cluster and design row, together."""
        return aggregate(self.likelihood, self.clusters.codes, self.outcome, self.size, self.X, self.Z)[0]

    @cached_property
    def latent_rows(self) -> Latent:
        """Standardised rows that share all clusters and design row, together."""
        y = (self.outcome - self.outcome_centre) / self.outcome_spread if self.linear else self.outcome
        codes = np.stack([clusters.codes for clusters in self.factors], axis=1)
        found, cells, row = aggregate_cells(self.likelihood, codes, y, self.size, self.X, self.Z)
        rows = replace(
            found,
            X=(found.X - self.centre) / self.spread,
            Z=found.Z / self.effect_spread,
            known=found.known + (0.0 if self.linear else self.outcome_centre),
        )
        places, used = places_of_effects(self.blocks, [len(self.factors[owner].names) for owner in self.owners])
        return Latent(rows, cells, places, self.factor_of, used, row)

    @cached_property
    def sufficient(self) -> Sufficient:
        """Statistics of the standardised rows."""
        order = self.clusters.order
        y = (self.outcome - self.outcome_centre) / self.outcome_spread
        X = (self.X - self.centre) / self.spread
        return reduce_rows(y[order], X[order], (self.Z / self.effect_spread)[order], self.clusters.start)

    def to_user(self, beta: Array) -> Array:
        """Coefficients of the user's design from standardised ones, along the last axis."""
        user = beta * self.units["beta"]
        if self.centred:
            first = self.names.index("intercept")
            user[..., first] += self.outcome_centre - user @ self.centre
        return np.asarray(user)

    def to_standard(self, draws: Draws) -> Draws:
        """Draws in the units of the sufficient statistics."""
        beta = draws.beta.copy()
        if self.centred:
            first = self.names.index("intercept")
            beta[:, first] += beta @ self.centre - self.outcome_centre
        units = self.units
        return replace(draws, beta=beta / units["beta"], sigma=draws.sigma / units["sigma"], sd=draws.sd / units["sd"])

    def predictor(self, beta: Array, u: Sequence[Array]) -> Array:
        """Shape (N,): X β + Z u, for random effects by grouping factor, shape (J, its effects) each."""
        total = self.X @ beta
        for f, values in enumerate(u):
            total += (self.Z[:, self.effects_of(f)] * values[self.factors[f].codes]).sum(axis=1)
        return np.asarray(total)

    def log_likelihood(self, draws: Draws) -> Array:
        """Shape (S, J): log p(y_j | parameters) with the random effects of one grouping factor integrated out."""
        if not self.closed_form:
            return hermite.log_likelihood(self.counts, draws.beta, draws.factor, draws.own)
        standard = self.to_standard(draws)
        found = self.sufficient.log_likelihood(standard.beta, standard.sigma, standard.covariance)
        return found - self.clusters.sizes * np.log(self.outcome_spread)

    def random_effects(self, draws: Draws) -> tuple[Array, Array]:
        """Means (S, J, q) and covariances (S, J, q, q) of one grouping factor's random effects given each draw."""
        standard = self.to_standard(draws)
        mean, spread = self.sufficient.random_effects(standard.beta, standard.sigma, standard.covariance)
        unit = self.units["sd"]
        return mean * unit, spread * np.outer(unit, unit)


def _spread(matrix: Array) -> Array:
    sd = matrix.std(axis=0, ddof=1)
    constant = sd <= 1e-12 * np.maximum(np.abs(matrix).max(axis=0), 1e-300)
    return np.where(constant, 1.0, sd)


def build(table: pd.DataFrame, settings: Mapping[str, Any], priors: dict[str, Prior], eta: float) -> HierarchicalModel:
    """The model of a validated table.

    Parameters
    ----------
    table : pandas.DataFrame
    settings : mapping
        ``formula``, ``family`` and, where they are set, ``trials``, ``exposure``, ``within_between`` and
        ``reference_levels``.
    priors : dict of str to Prior
    eta : float
    """
    formula = formula_of(settings)
    fitted = fit_designs(table, formula, settings.get("reference_levels", {}))
    groups = list(dict.fromkeys(term.group for term in formula.random))
    return HierarchicalModel(
        likelihood=LIKELIHOODS[settings["family"]],
        outcome=outcomes.values(formula.outcome, table),
        size=outcomes.sizes(table, settings),
        X=fitted.fixed.matrix(table, standard=False),
        Z=np.hstack([design.matrix(table, standard=False) for design in fitted.random]),
        names=fitted.fixed.names,
        effects=tuple(name for design in fitted.random for name in design.names),
        blocks=tuple(len(design.names) for design in fitted.random),
        factors=tuple(Clusters.of(table, group) for group in groups),
        owners=tuple(groups.index(term.group) for term in formula.random),
        priors=priors,
        eta=eta,
        designs=fitted,
    )


def parameters(model: HierarchicalModel, draws: Draws, shape: tuple[int, ...]) -> dict[str, Array]:
    """Draws of the rows of the estimates table.

    Parameters
    ----------
    model : HierarchicalModel
    draws : Draws
    shape : tuple of int
        (chains, draws), of the result.
    """
    rows = dict(zip(model.names, draws.beta.T, strict=True))
    if model.has_sigma:
        rows["sigma"] = draws.sigma
    if draws.shape is not None:
        rows |= zip(model.shape_names, draws.shape.T, strict=True)
    rows |= dict(zip(model.sd_names, draws.sd.T, strict=True))
    rows |= {
        name: draws.correlation[:, i, j] for name, (i, j) in zip(model.correlation_names, model.pairs, strict=True)
    }
    return {name: values.reshape(shape) for name, values in rows.items()}


def from_parameters(model: HierarchicalModel, rows: Mapping[str, Array]) -> Draws:
    """The inverse of `parameters`."""
    total = rows[model.names[0]].size
    correlation = np.tile(np.eye(len(model.effects)), (total, 1, 1))
    for name, (i, j) in zip(model.correlation_names, model.pairs, strict=True):
        correlation[:, i, j] = correlation[:, j, i] = rows[name].ravel()
    return Draws(
        np.stack([rows[name].ravel() for name in model.names], axis=1),
        rows["sigma"].ravel() if model.has_sigma else np.zeros(total),
        np.stack([rows[name].ravel() for name in model.sd_names], axis=1),
        correlation,
        np.stack([rows[name].ravel() for name in model.shape_names], axis=1) if model.shape_names else None,
    )
