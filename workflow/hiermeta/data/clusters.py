"""Grouping factors: which rows belong together, and whether that makes clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.data.meta import Validated
from hiermeta.data.mixed_formula import MixedFormula
from hiermeta.data.problems import Problem, Refused
from hiermeta.likelihoods import LIKELIHOODS
from hiermeta.text.characters import look_alikes

Array = npt.NDArray[np.float64]
FEW = 5
"""Below this many clusters, an SD between them is hardly informed by the data."""


@dataclass(frozen=True)
class Clusters:
    """The clusters of one grouping factor.

    Parameters
    ----------
    name : str
        The factor as it is printed.
    names : tuple of str
        Of the J clusters, in order of first appearance.
    codes : numpy.ndarray
        Shape (N,): number of the cluster of each row.
    """

    name: str
    names: tuple[str, ...]
    codes: npt.NDArray[np.intp]

    @classmethod
    def of(cls, table: pd.DataFrame, group: Sequence[str]) -> Clusters:
        r"""The clusters that the combinations of some columns name.

        Names of combinations are joined by colons. A colon or backslash within a value gets a backslash before it, so
        that different combinations never have the same name: ``1:2`` and ``3`` are ``1\:2:3``.
        """
        columns = [table[column].astype(str) for column in group]
        if len(columns) > 1:
            columns = [column.str.replace(r"([\\:])", r"\\\1", regex=True) for column in columns]
        codes, names = pd.factorize(columns[0].str.cat(columns[1:], sep=":") if len(columns) > 1 else columns[0])
        return cls(":".join(group), tuple(map(str, names)), codes)

    @cached_property
    def order(self) -> npt.NDArray[np.intp]:
        """Shape (N,): rows sorted by cluster."""
        return np.argsort(self.codes, kind="stable")

    @cached_property
    def sizes(self) -> npt.NDArray[np.intp]:
        """Shape (J,): rows per cluster."""
        return np.bincount(self.codes, minlength=len(self.names))

    @cached_property
    def start(self) -> npt.NDArray[np.intp]:
        """Shape (J,): first row of each cluster among the sorted rows."""
        return np.concatenate([[0], np.cumsum(self.sizes)[:-1]]).astype(np.intp)

    def parents(self, outer: Clusters) -> npt.NDArray[np.intp] | None:
        """Shape (J,): the cluster of another factor that holds each cluster; None where one lies in several."""
        found = outer.codes[self.order][self.start]
        return found if np.array_equal(found[self.codes], outer.codes) else None

    def varies(self, matrix: Array) -> npt.NDArray[np.bool_]:
        """Shape (p,): which columns of a matrix of shape (N, p) differ within at least one cluster."""
        ranked = matrix[self.order]
        spread = np.maximum.reduceat(ranked, self.start) - np.minimum.reduceat(ranked, self.start)
        return np.asarray((spread > 1e-9 * np.maximum(np.abs(matrix).max(axis=0), 1e-300)).any(axis=0))


def check_clusters(path: str, result: Validated, formula: MixedFormula, family: str) -> None:
    """Check that every grouping factor makes clusters; warnings go to the result.

    Raises
    ------
    Refused
        A factor with one cluster, or one row per cluster where rows can't differ from their cluster's effect; two
        factors that make the same clusters.
    """
    problems: list[Problem] = []
    before: list[Clusters] = []
    for group in dict.fromkeys(term.group for term in formula.random):
        clusters = Clusters.of(result.table, group)
        n, where = len(clusters.names), f"{path}: column {clusters.name!r}"
        same = [other.name for other in before if len(other.names) == n and clusters.parents(other) is not None]
        before.append(clusters)
        if n == 1:
            message = f"{where} has the single value {clusters.names[0]!r}, so there is one cluster"
            problems.append(Problem(message, "Name the column that tells clusters apart, or widen `subset:`"))
        elif n == len(result.table) and LIKELIHOODS[family].kind != "count":
            message = f"{where} differs in every row, so every cluster has one row"
            remedy = "Name a column whose values several rows share; one row per cluster leaves no clustering to see"
            problems.append(Problem(message, remedy))
        elif same:
            message = f"{path}: {same[0]!r} and {clusters.name!r} make the same clusters, so their effects are one"
            problems.append(Problem(message, "Keep one of the two in the formula"))
        else:
            _warn(result, clusters)
    if problems:
        raise Refused(problems)


def _warn(result: Validated, clusters: Clusters) -> None:
    n, single = len(clusters.names), int((clusters.sizes == 1).sum())
    if n < FEW:
        result.warnings.append(
            f"{n} clusters of {clusters.name!r} say little about how clusters differ: that SD rests on its prior as "
            "much as on the data."
        )
    if single == n:
        result.warnings.append(
            f"Every cluster of {clusters.name!r} has one row: its SD is extra variation between rows, not clustering."
        )
    elif single:
        result.warnings.append(
            f"{single} of {n} clusters of {clusters.name!r} {'has' if single == 1 else 'have'} one row, and so no "
            "variation within; the other clusters tell how much there is."
        )
    result.warnings += look_alikes("Clusters", clusters.names)
