"""Dependent sampling errors: a known correlation within clusters, or a covariance matrix from a file."""

from __future__ import annotations

import csv
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.data.problems import Problem, Refused
from hiermeta.data.read import read_file

Array = npt.NDArray[np.float64]


def sampling_covariance(settings: dict[str, Any], table: pd.DataFrame, rows_read: int) -> Array | None:
    """The sampling covariance matrix of the validated rows.

    Parameters
    ----------
    settings : dict
        One data set of the config.
    table : pandas.DataFrame
        The validated table.
    rows_read : int
        Rows in the user's file, for which a covariance file may also be given.

    Returns
    -------
    numpy.ndarray or None
        Shape (k, k), on the squared scale of the effect; None where errors are independent.

    Raises
    ------
    Refused
        No clusters to be correlated in, an unreadable or wrongly sized file, or a matrix that is no covariance.
    """
    if "covariance" in settings:
        return _from_file(settings["covariance"], table, rows_read)
    correlation = settings.get("sampling_correlation", 0)
    if correlation and "cluster" not in table and "cluster" not in settings:
        message = "`sampling_correlation:` needs clusters with several estimates, whose errors are correlated"
        raise Refused([Problem(message, "Give `cluster:`, or leave the correlation out")])
    if not correlation or "cluster" not in table:
        return None
    se = np.sqrt(table["variance"].to_numpy(float))
    codes = pd.factorize(table["cluster"])[0]
    matrix = np.outer(se, se) * np.where(codes[:, None] == codes[None, :], float(correlation), 0.0)
    np.fill_diagonal(matrix, se**2)
    return matrix


def _from_file(path: str, table: pd.DataFrame, rows_read: int) -> Array:
    matrix = _read(path)
    k = len(table)
    if matrix.shape[0] != matrix.shape[1] or matrix.shape[0] not in (k, rows_read):
        message = f"{path}: {matrix.shape[0]} × {matrix.shape[1]} numbers for {k} estimates"
        raise Refused(
            [Problem(message, f"Give a square matrix with a row and a column for each of the {rows_read} rows")]
        )
    if len(matrix) != k:
        used = table["row"].to_numpy(int) - 1
        if used.max() >= len(matrix):  # blank lines count as rows
            raise Refused([Problem(f"{path}: rows can't be matched to the data", "Remove blank lines from the data")])
        matrix = matrix[np.ix_(used, used)]
    problems = []
    rows = table["row"].to_numpy()
    scale = np.sqrt(np.outer(np.abs(np.diag(matrix)), np.abs(np.diag(matrix)))) + 1e-300
    asymmetric = np.argwhere(np.abs(matrix - matrix.T) > 1e-6 * scale)
    if len(asymmetric):
        i, j = asymmetric[0]
        problems.append(Problem(f"{path}: the entries of rows {rows[i]} and {rows[j]} differ", "It must be symmetric"))
    variance = table["variance"].to_numpy(float)
    unequal = np.flatnonzero(np.abs(np.diag(matrix) - variance) > 1e-3 * variance)
    if len(unequal):
        i = unequal[0]
        message = f"{path}: the diagonal has {matrix[i, i]:g} where the variance of row {rows[i]} is {variance[i]:g}"
        problems.append(Problem(message, "The diagonal must hold the sampling variances", int(rows[i])))
    if "cluster" in table:
        codes = pd.factorize(table["cluster"])[0]
        across = np.argwhere((codes[:, None] != codes[None, :]) & (matrix != 0))
        if len(across):
            i, j = across[0]
            message = f"{path}: rows {rows[i]} and {rows[j]} are correlated but in different clusters"
            problems.append(Problem(message, "Errors may depend within clusters only; use larger clusters"))
    if not problems and np.linalg.eigvalsh(matrix / scale).min() < 1e-10:
        problems.append(Problem(f"{path}: not positive definite", "Check for correlations at or beyond 1"))
    if problems:
        raise Refused(problems)
    return (matrix + matrix.T) / 2


def _read(path: str) -> Array:
    try:
        text = read_file(path, "covariance").decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused([Problem(f"{path}: not UTF-8", "`covariance:` must name a CSV file in UTF-8")]) from None
    try:
        lines = [line for line in csv.reader(text.splitlines()) if any(cell.strip() for cell in line)]
    except csv.Error as error:
        raise Refused([Problem(f"{path}: not a readable CSV file ({error})", "Check its quotation marks")]) from None
    if lines and not all(map(_is_number, lines[0])):
        lines = lines[1:]  # a header, as R's write.csv has it
    if lines and all(len(line) == len(lines) + 1 for line in lines):
        lines = [line[1:] for line in lines]  # row names
    values = []
    for i, line in enumerate(lines, start=1):
        bad = next((cell for cell in line if not _is_number(cell)), None)
        if bad is not None or len(line) != len(lines[0]):
            found = f"{bad[:40]!r} is not a number" if bad is not None else f"{len(line)} cells, not {len(lines[0])}"
            raise Refused([Problem(f"{path}: matrix row {i}: {found}", "Every cell must be a finite number", i)])
        values.append([float(cell) for cell in line])
    if not values:
        raise Refused([Problem(f"{path}: no numbers in the file", "Give a square matrix with a row per estimate")])
    return np.array(values, float)


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell)) and "_" not in cell
    except ValueError:
        return False
