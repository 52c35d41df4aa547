"""The numeric cells of an analysis under the names of their config keys, and the estimates that come out of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hiermeta.data.problems import Problem
from hiermeta.data.read import REPORTED_ROWS, Source, numbers

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
FAR = 1e100
"""Numbers beyond this, or below its inverse, have squares and products that leave what a computer can hold."""


@dataclass(frozen=True)
class Cells:
    """Columns of numbers, read once.

    Parameters
    ----------
    source : Source
        The table they stand in.
    columns : dict of str to str
        Config key (variance, ai) to the user's column.
    values : dict of str to numpy.ndarray
        Config key to the column's numbers, each of shape (n_rows,); NaN where a cell is missing.
    problems : list of Problem
        What was found wrong so far.
    """

    source: Source
    columns: dict[str, str]
    values: dict[str, Array]
    problems: list[Problem]

    @classmethod
    def read(cls, source: Source, columns: dict[str, str]) -> Cells:
        """Read columns as numbers; cells that are not go to the problems."""
        problems: list[Problem] = []
        values = {key: numbers(source, column, problems) for key, column in columns.items()}
        return cls(source, columns, values, problems)

    def __getitem__(self, key: str) -> Array:
        return self.values[key]

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """Shape (n_rows,): data lines in the user's file, from 1."""
        return self.source.table.index.to_numpy()

    def missing(self, key: str) -> Mask:
        """Shape (n_rows,): where a column has no value."""
        return np.isnan(self.values[key])

    def keep(self, mask: Mask) -> Cells:
        """The same columns with fewer rows."""
        source = Source(self.source.path, self.source.sha256, self.source.table[mask])
        values = {key: column[mask] for key, column in self.values.items()}
        return Cells(source, self.columns, values, self.problems)

    def refuse(self, key: str, bad: Mask, says: str, remedy: str) -> None:
        """Note the rows in which a column can't be used.

        Parameters
        ----------
        key : str
            Config key of the column to name.
        bad : numpy.ndarray
            Shape (n_rows,): true where it can't be used; comparisons with NaN are false, so missing cells pass.
        says : str
            What is wrong, with values of the row by config key: ``"the variance is {variance:g}"``.
        remedy : str
            What is allowed and what to do.
        """
        path, column = self.source.path, self.columns[key]
        positions = np.flatnonzero(bad)
        for position in positions[:REPORTED_ROWS]:
            row = int(self.rows[position])
            said = says.format(**{name: values[position] for name, values in self.values.items()})
            message = f"{path}: row {row}, column {column!r}: {said}"
            self.problems.append(Problem(message, remedy, row, column))
        if len(positions) > REPORTED_ROWS:
            message = f"{path}: column {column!r} has {len(positions) - REPORTED_ROWS} more such cells"
            self.problems.append(Problem(message, "Fix these as well", column=column))


def list_rows(rows: Iterable[int]) -> str:
    """Rows in words, the first ones if there are many.

    Examples
    --------
    >>> list_rows([3]), list_rows([3, 5, 8])
    ('row 3', 'rows 3, 5, 8')
    """
    rows = list(rows)
    named = ", ".join(map(str, rows[:REPORTED_ROWS]))
    more = f" and {len(rows) - REPORTED_ROWS} more" if len(rows) > REPORTED_ROWS else ""
    return f"{'row' if len(rows) == 1 else 'rows'} {named}{more}"


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
