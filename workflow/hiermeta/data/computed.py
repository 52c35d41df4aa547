"""Estimates as they come out of a data set's columns."""

from __future__ import annotations

from dataclasses import dataclass, field

from hiermeta.data.cells import Array


@dataclass(frozen=True)
class Computed:
    """Effects, variances and what was done to get them.

    Parameters
    ----------
    effect, variance : numpy.ndarray
        Shape (k,): on the scale of the analysis, and on its square.
    sample_size : numpy.ndarray, optional
        Shape (k,): total sample sizes (person-time for rates), where the columns carry them.
    unusable : dict of int to str
        Data line of each row that can't be used, with the reason.
    notes, warnings : list of str
        What was computed or corrected, and what the user should look at.
    """

    effect: Array
    variance: Array
    sample_size: Array | None = None
    unusable: dict[int, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
