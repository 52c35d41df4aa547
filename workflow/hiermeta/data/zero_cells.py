"""Zero cells: what is added to counts before logarithms are taken, as in metafor's ``escalc``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ZeroCells:
    """A policy on zero cells.

    Parameters
    ----------
    add : float
        Added to every count of a corrected row.
    to : str
        Which rows are corrected: ``only0`` those with a zero count; ``if0all`` all, if any has one; ``all``;
        ``none``.
    drop_double_zero : bool
        Leave out rows without information on the contrast: no event in either group, or events only.
    """

    add: float = 0.5
    to: Literal["only0", "all", "if0all", "none"] = "only0"
    drop_double_zero: bool = False


def double_zeros(counts: Sequence[Array], pairs: Sequence[tuple[int, int]]) -> Mask:
    """Rows where both counts of a pair are zero.

    Parameters
    ----------
    counts : sequence of numpy.ndarray
        Each of shape (k,).
    pairs : sequence of tuple of int
        Positions in ``counts``: events of both groups, and non-events of both groups.
    """
    found = np.zeros(len(counts[0]), bool)
    for first, second in pairs:
        found |= (counts[first] == 0) & (counts[second] == 0)
    return found


def rows_to_correct(counts: Sequence[Array], policy: ZeroCells, dropped: Mask) -> Mask:
    """Rows to whose counts something is added.

    Parameters
    ----------
    counts : sequence of numpy.ndarray
        Each of shape (k,).
    policy : ZeroCells
    dropped : numpy.ndarray
        Shape (k,): rows that are left out and whose zeros don't count.
    """
    with_zero = np.any([count == 0 for count in counts], axis=0) & ~dropped
    if policy.add == 0 or policy.to == "none":
        return np.zeros_like(dropped)
    if policy.to == "only0":
        return with_zero
    everywhere = policy.to == "all" or bool(with_zero.any())
    return ~dropped & everywhere
