"""Random effects at the means of their predictors: searches then don't depend on where predictors have their zero.

In a set of correlated random effects with an intercept, u₀ + x u₁ = (u₀ + m u₁) + (x − m) u₁: the same model with other
random effects. Far from zero (years, dates) the intercept and the slopes of the first form are correlated to within
rounding of ±1, those of the second are not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hiermeta.models.hierarchical import HierarchicalModel

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Centred:
    """A model with centred random slopes.

    Parameters
    ----------
    model : HierarchicalModel
    back : numpy.ndarray
        Shape (q, q): from its standardised random effects to those of the model as the user wrote it.
    """

    model: HierarchicalModel
    back: Array

    @classmethod
    def of(cls, model: HierarchicalModel) -> Centred:
        """Centre every column of Z that stands in a block with an intercept."""
        means, back, first = np.zeros(len(model.effects)), np.eye(len(model.effects)), 0
        for size in model.blocks:
            block = list(range(first, first + size))
            first += size
            intercept = next((k for k in block if model.effects[k] == "intercept"), None)
            for k in block:
                if intercept is not None and k != intercept:
                    means[k] = model.Z[:, k].mean()
                    back[intercept, k] = -means[k] / model.effect_spread[k]
        return cls(replace(model, Z=model.Z - means), back)

    def to_user(self, theta: Array) -> Array:
        """Elements of a Cholesky factor of the user's random effects from those of the centred ones."""
        return elements(self.model.blocks, lower(self.back @ factor(self.model.blocks, theta)))

    def from_user(self, theta: Array) -> Array:
        """The inverse of `to_user`."""
        return elements(self.model.blocks, lower(np.linalg.inv(self.back) @ factor(self.model.blocks, theta)))


def factor(blocks: tuple[int, ...], theta: Array) -> Array:
    """Shape (q, q): Λ from its elements."""
    result = np.zeros((sum(blocks), sum(blocks)))
    result[places(blocks)] = theta
    return result


def elements(blocks: tuple[int, ...], L: Array) -> Array:
    """The inverse of `factor`."""
    return np.asarray(L[places(blocks)])


def places(blocks: tuple[int, ...]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Rows and columns of the elements of Λ, block by block, row by row."""
    first, rows, columns = 0, [np.zeros(0, np.intp)], [np.zeros(0, np.intp)]
    for size in blocks:
        row, column = np.tril_indices(size)
        rows.append(first + row)
        columns.append(first + column)
        first += size
    return np.concatenate(rows), np.concatenate(columns)


def lower(root: Array) -> Array:
    """The lower triangle with a diagonal of at least zero whose square is that of a root."""
    triangle = np.asarray(np.linalg.qr(root.T, mode="r"), float).T
    return np.asarray(triangle * np.where(np.diag(triangle) < 0, -1.0, 1.0))
