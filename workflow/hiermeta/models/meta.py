"""The three-level normal meta-analysis model: its rows in model order, its designs, its Stan data.

Notation and equations follow docs/explanation/specification.md, section 1: row i in cluster c(i) has the estimate
``y_i = x_i'β + b_c(i) + w_i + e_i`` with known sampling variance ``v_i``, total heterogeneity SD ``τ_i`` with
``log τ_i = log τ + z_i'δ``, and cluster allocation ``ρ``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse.csgraph import connected_components

from hiermeta.data import design as designs
from hiermeta.data.formula import FormulaError
from hiermeta.data.meta import RESERVED, moderator_column
from hiermeta.data.moderators import formulas
from hiermeta.data.problems import Problem, Refused
from hiermeta.io.results import Results
from hiermeta.marginal.normal import Covariance, Errors, Independent
from hiermeta.models.priors import Prior, parse_for

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rotated:
    """Rows after multiplication by the eigenvectors of each cluster's sampling covariance S_c = QΛQ'.

    There V_c = Λ + τ²(1−ρ)I + τ²ρ l l' with l = Q'1: the algebra of independent errors with a loading per row. It
    holds where τ is the same for all rows.

    Parameters
    ----------
    effect, loading : numpy.ndarray
        Shape (k,): Q'y and Q'1. Without dependence y and ones.
    design : numpy.ndarray
        Shape (k, p): Q'X.
    errors : Errors
        Independent, with the eigenvalues as variances.
    """

    effect: Array
    design: Array
    loading: Array
    errors: Errors

    def marginal(self, tau: Array, rho: Array) -> Independent:
        """V at N pairs of τ and ρ, shape (N,) each."""
        within, between = parts(tau[:, None], rho)
        return Independent(self.errors, within, between * self.loading)


def parts(taus: Array, rho: Array) -> tuple[Array, Array]:
    """Variances within clusters τ²(1−ρ) and loadings τ√ρ, for τ of shape (N, ...) and ρ of shape (N,)."""
    return taus**2 * (1 - rho)[:, None], taus * np.sqrt(rho)[:, None]


@dataclass(frozen=True)
class MetaModel:
    """Rows sorted by cluster, with their designs and priors.

    Parameters
    ----------
    effect, variance : numpy.ndarray
        Shape (k,): effect estimates and their sampling variances (squared standard errors).
    design : numpy.ndarray
        Shape (k, p): standardised design of the mean.
    user_design : numpy.ndarray
        Shape (k, p): the same in the user's units.
    scale_design : numpy.ndarray
        Shape (k, s): standardised design of log τ without its intercept, every column with mean zero; s may be 0.
    start : numpy.ndarray
        Shape (J,): first row of each cluster or, without clusters, of each block of dependent sampling errors; empty
        without either.
    clusters : tuple of str
        Names of the J clusters; empty without clusters.
    order : numpy.ndarray
        Shape (k,): position in the validated table of each row here.
    priors : dict of str to Prior
        ``mu``, ``tau`` and, where they apply, ``rho``, ``moderators`` and ``scale``.
    covariance : tuple of numpy.ndarray
        Sampling covariance matrix of each cluster or block; empty where sampling errors are independent.
    back, scale_back : numpy.ndarray
        Shapes (p, p) and (s, s): from coefficients of the standardised designs to those in the user's units.
    moderators, scale : Design or None
        How the designs were made.
    """

    effect: Array
    variance: Array
    design: Array
    user_design: Array
    scale_design: Array
    start: npt.NDArray[np.intp]
    clusters: tuple[str, ...]
    order: npt.NDArray[np.intp]
    priors: dict[str, Prior]
    covariance: tuple[Array, ...]
    back: Array
    scale_back: Array
    moderators: designs.Design | None = None
    scale: designs.Design | None = None

    @property
    def k(self) -> int:
        return len(self.effect)

    @property
    def clustered(self) -> bool:
        return bool(self.clusters)

    @property
    def dependent(self) -> bool:
        """Whether sampling errors depend on each other."""
        return bool(self.covariance)

    @cached_property
    def rotated(self) -> Rotated:
        """The rows in coordinates where the sampling errors of each cluster are independent."""
        if not self.dependent:
            return Rotated(self.effect, self.design, np.ones(self.k), self.errors)
        columns = np.column_stack([self.effect, np.ones(self.k), self.design])
        variance = np.empty(self.k)
        for first, matrix in zip(self.start, self.covariance, strict=True):
            rows = slice(first, first + len(matrix))
            variance[rows], vectors = np.linalg.eigh(matrix)
            columns[rows] = vectors.T @ columns[rows]
        return Rotated(columns[:, 0], columns[:, 2:], columns[:, 1], Errors(variance, self.start))

    @cached_property
    def errors(self) -> Errors:
        """The sampling errors."""
        return Errors(self.variance, self.start, self.covariance)

    @property
    def sizes(self) -> npt.NDArray[np.intp]:
        """Shape (J,): rows per cluster."""
        return self.errors.sizes

    @property
    def cluster_of_row(self) -> npt.NDArray[np.intp]:
        """Shape (k,): number of the cluster that each row is in."""
        return self.errors.cluster_of_row

    @cached_property
    def mean_design(self) -> Array:
        """Shape (p,): the design row at which ``mu`` is reported."""
        return self.design.mean(axis=0)

    @cached_property
    def coefficient_priors(self) -> tuple[Prior, ...]:
        """Priors of the columns of ``design``: that of ``mu`` for the intercept, or a factor coded in full instead."""
        if self.moderators is None:
            return (self.priors["mu"],)
        first_factor = next((t for t in self.moderators.terms if t in self.moderators.main_factors), None)
        central = "intercept" if self.moderators.formula.intercept else first_factor
        return tuple(self.priors["mu" if term == central else "moderators"] for term in self.moderators.terms)

    def prior_of(self, row: Array) -> Prior | None:
        """The prior of a combination of coefficients of ``design``; None where it isn't normal and not one of theirs.

        Parameters
        ----------
        row : numpy.ndarray
            Shape (p,).
        """
        parts = [(share, prior) for share, prior in zip(row.tolist(), self.coefficient_priors, strict=True) if share]
        if [share for share, _ in parts] == [1.0]:
            return parts[0][1]
        if any(prior.family != "normal" for _, prior in parts):
            return None
        mean = sum(share * prior.arguments[0] for share, prior in parts)
        return Prior("normal", (mean, float(np.hypot.reduce([share * prior.arguments[1] for share, prior in parts]))))

    @cached_property
    def named(self) -> Array:
        """Shape (p, p): from coefficients of ``design`` to those that have a name, on the scale of their priors.

        Contrasts of factors become differences from the reference level; all others stay as they are, and so do
        contrasts whose differences have no prior of a known form.
        """
        identity = np.eye(self.design.shape[1])
        if self.moderators is None:
            return identity
        main = np.isin(self.moderators.terms, self.moderators.main_factors)
        with_treatment = np.where(main, self.user_design, self.design)
        rows = np.asarray(np.linalg.lstsq(with_treatment, self.design, rcond=None)[0], float).round(12)
        changed = main & np.array([self.prior_of(row) is not None for row in rows])
        return np.where(changed[:, None], rows, identity)

    @cached_property
    def typical_variance(self) -> float:
        """Typical sampling variance ṽ = (k − p)/tr(P) (Higgins & Thompson 2002, eq. 9, for any design)."""
        design, weight = self.rotated.design, 1 / self.rotated.errors.variance
        xwx = design.T @ (weight[:, None] * design)
        xw2x = design.T @ (weight[:, None] ** 2 * design)
        trace = weight.sum() - np.trace(np.linalg.solve(xwx, xw2x))
        return float((self.k - design.shape[1]) / trace)

    def by_cluster(self, values: Array) -> Array:
        """Sums over the rows of each cluster along the last axis: (..., k) to (..., J)."""
        return self.errors.by_cluster(values)

    def marginal(self, taus: Array, rho: Array) -> Covariance:
        """Covariance of the estimates given N parameter values.

        Parameters
        ----------
        taus : numpy.ndarray
            Shape (N, k), or (N, 1) where all rows have the same: heterogeneity SDs.
        rho : numpy.ndarray
            Shape (N,): cluster allocations.
        """
        return self.errors.covariance(*parts(taus, rho))


def build(
    table: pd.DataFrame,
    priors: dict[str, Prior],
    settings: Mapping[str, Any] | None = None,
    covariance: Array | None = None,
) -> MetaModel:
    """Sort a validated table by cluster, in order of first appearance, and make its designs.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns effect, variance and, where they apply, cluster and the moderators.
    priors : dict of str to Prior
    settings : mapping, optional
        ``moderators``, ``scale``, ``reference_levels`` and ``contrasts`` as in the config.
    covariance : numpy.ndarray, optional
        Shape (k, k): sampling covariance of the rows, where errors depend on each other.

    Raises
    ------
    Refused
        When a formula can't be fitted to the rows.
    """
    fitted = fit_designs(table, settings or {})
    if "cluster" in table:
        codes, names = pd.factorize(table["cluster"])
    elif covariance is not None:
        codes, names = connected_components(covariance != 0, directed=False)[1], ()
    else:
        codes, names = np.zeros(0, dtype=np.intp), ()
    order = np.argsort(codes, kind="stable") if len(codes) else np.arange(len(table))
    start = np.searchsorted(codes[order], np.unique(codes)) if len(codes) else np.zeros(0, dtype=np.intp)
    blocks = np.split(order, start[1:]) if covariance is not None else []
    named = user_table(table)
    mean, scale = fitted.get("moderators"), fitted.get("scale")
    design = user_design = np.ones((len(table), 1))
    if mean is not None:
        design, user_design = mean.matrix(named, standard=True), mean.matrix(named, standard=False)
    log_tau: Array = np.zeros((len(table), 0))
    scale_back: Array = np.zeros((0, 0))
    if scale is not None:
        log_tau = scale.matrix(named, standard=True)[:, 1:]
        log_tau = log_tau - log_tau.mean(axis=0)
        with_intercept = np.column_stack([np.ones(len(table)), log_tau])
        scale_back = np.linalg.lstsq(scale.matrix(named, standard=False), with_intercept, rcond=None)[0][1:, 1:].astype(
            np.float64
        )
    return MetaModel(
        effect=table["effect"].to_numpy(float)[order],
        variance=table["variance"].to_numpy(float)[order],
        design=design[order],
        user_design=user_design[order],
        scale_design=log_tau[order],
        start=start,
        clusters=tuple(map(str, names)),
        order=order,
        priors=priors,
        covariance=tuple(covariance[np.ix_(rows, rows)] for rows in blocks) if covariance is not None else (),
        back=np.asarray(np.linalg.lstsq(user_design, design, rcond=None)[0], float),
        scale_back=scale_back,
        moderators=mean,
        scale=scale,
    )


def user_table(table: pd.DataFrame) -> pd.DataFrame:
    """A validated table with moderators under the user's names."""
    renamed = {name: table[moderator_column(name)] for name in RESERVED if moderator_column(name) in table}
    return table.assign(**renamed)


def fit_designs(table: pd.DataFrame, settings: Mapping[str, Any]) -> dict[str, designs.Design]:
    """The designs of the formulas in a data set's settings, by config key.

    Raises
    ------
    Refused
    """
    fitted, problems = {}, []
    references = {key: str(value) for key, value in settings.get("reference_levels", {}).items()}
    exchangeable = settings.get("contrasts") != "treatment"
    for key, parsed in formulas(dict(settings)).items():
        try:
            fitted[key] = designs.fit(parsed, user_table(table), references, exchangeable)
        except FormulaError as error:
            problems.append(Problem(f"`{key}:` {error}", "Change the formula, or the rows that are used"))
    known = {factor for entry in fitted.values() for factor in entry.factors}
    for column in references.keys() - known if not problems else ():
        problems.append(Problem(f"reference_levels: {column!r} is not a factor of a formula", "Leave it out"))
    if problems:
        raise Refused(problems)
    return fitted


def design_rows_at(model: MetaModel, table: pd.DataFrame, values: Mapping[str, Any]) -> tuple[Array, Array]:
    """Rows of the standardised designs with some moderators at given values, averaged over the data's rows.

    Parameters
    ----------
    model : MetaModel
    table : pandas.DataFrame
        The validated table.
    values : mapping
        Moderator to number or level.

    Returns
    -------
    row, scale_row : numpy.ndarray
        Shapes (p,) and (s,).
    """
    rows = user_table(table)
    changed = rows.assign(**values)
    row, scale_row = model.mean_design, np.zeros(model.scale_design.shape[1])
    if model.moderators is not None:
        row = model.moderators.matrix(changed, standard=True).mean(axis=0)
    if model.scale is not None:
        scale_row = model.scale.matrix(changed, standard=True)[:, 1:].mean(axis=0)
        scale_row = scale_row - model.scale.matrix(rows, standard=True)[:, 1:].mean(axis=0)
    return row, scale_row


def check_predict_at(model: MetaModel, predict_at: list[dict[str, Any]]) -> None:
    """Check that values to predict at are moderators, numbers where numbers belong, and levels that occur.

    Raises
    ------
    Refused
    """
    fitted = [entry for entry in (model.moderators, model.scale) if entry is not None]
    problems = designs.unusable_values(fitted, predict_at, "moderator", "there is no formula")
    if problems:
        raise Refused(problems)


def from_files(table: pd.DataFrame, description: dict[str, Any]) -> MetaModel:
    """The model again, from ``data.csv`` and ``model.json``."""
    priors = {name: parse_for(name, entry["prior"]) for name, entry in description["priors"].items()}
    covariance = None
    if description.get("covariance"):
        covariance = np.zeros((len(table), len(table)))
        for block in description["covariance"]:
            covariance[np.ix_(block["rows"], block["rows"])] = block["matrix"]
    return build(table, priors, description["formulas"], covariance)


@lru_cache(maxsize=1)
def of_results(results: Results) -> MetaModel:
    """The model of a results folder, for what is drawn and written of it."""
    return from_files(results.table, results.model)


def covariance_blocks(model: MetaModel) -> list[dict[str, Any]]:
    """Sampling covariances for ``model.json``: positions in ``data.csv`` and matrix of each block."""
    blocks = np.split(model.order, model.start[1:]) if model.dependent else []
    return [
        {"rows": rows.tolist(), "matrix": matrix.tolist()}
        for rows, matrix in zip(blocks, model.covariance, strict=True)
    ]
