"""Design matrices: in the user's units, and standardised for the priors.

Numeric main-effect columns (computed and polynomial ones included) are standardised as columns; factors have treatment
contrasts in the user's units and, unless they are asked for there too, exchangeable ones in the standardised design;
interactions are products of those columns. Without an intercept columns are scaled, not centred. Centred ones make the
intercept of the standardised design the mean effect over the rows, unless there are interactions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress, product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.data.cells import FAR
from hiermeta.data.formula import Formula, FormulaError, Piece, evaluate, term_name
from hiermeta.data.problems import Problem

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Column:
    """How one column of a main effect is computed from a table: values, and their centre and scale."""

    name: str
    centre: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True)
class _Coded:
    """A piece as fitted to a table: a factor's levels with their shares of the rows, or a numeric piece's columns and
    polynomial coefficients.
    """

    piece: Piece
    levels: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    columns: tuple[_Column, ...] = ()
    alpha: tuple[float, ...] = ()
    norm: tuple[float, ...] = ()

    @property
    def is_factor(self) -> bool:
        return bool(self.levels)


@dataclass(frozen=True)
class Design:
    """A formula fitted to a table, ready to be evaluated there and elsewhere.

    Parameters
    ----------
    formula : Formula
    names : tuple of str
        Columns in the user's units: ``intercept``, ``year``, ``alloc[random]``, ``year:alloc[random]``.
    terms : tuple of str
        The term that each column belongs to; ``intercept`` for the first one.
    centred : bool
        Whether numeric columns and exchangeable contrasts are centred, or not.
    exchangeable : bool
        Whether factors of the standardised design have exchangeable contrasts, or treatment contrasts as elsewhere.
    """

    formula: Formula
    names: tuple[str, ...]
    terms: tuple[str, ...]
    centred: bool
    exchangeable: bool
    _coded: Mapping[str, _Coded]
    _full: tuple[tuple[bool, ...], ...]

    @property
    def factors(self) -> dict[str, tuple[str, ...]]:
        """Levels of each factor column, the reference first."""
        coded = self._coded.values()
        return {entry.piece.columns[0]: entry.levels for entry in coded if entry.is_factor}

    @property
    def main_factors(self) -> tuple[str, ...]:
        """Names of the main-effect terms that are factors."""
        return tuple(name for name, coded in self._coded.items() if coded.is_factor)

    @property
    def numeric(self) -> tuple[str, ...]:
        """Columns of the table that enter as numbers."""
        factors = self.factors
        return tuple(column for column in self.formula.columns if column not in factors)

    @property
    def differences(self) -> dict[str, tuple[str, str, str]]:
        """Column, level and reference level of each coefficient that is a difference between levels, by its name."""
        found: dict[str, tuple[str, str, str]] = {}
        for term, full in zip(self.formula.terms, self._full, strict=True):
            coded = self._coded[term[0].name]
            if len(term) == 1 and coded.is_factor and not full[0]:
                column, (reference, *levels) = coded.piece.columns[0], coded.levels
                found |= {f"{coded.piece.name}[{level}]": (column, level, reference) for level in levels}
        return found

    @property
    def at_intercept(self) -> str:
        """Where the intercept of the standardised design is the mean effect, if not on average over the rows; in words.

        Examples
        --------
        >>> from hiermeta.data.formula import parse
        >>> rows = pd.DataFrame({"year": [1.0, 2.0, 4.0, 3.0, 5.0], "type": ["a", "b", "a", "b", "b"]})
        >>> fit(parse("~ year + type"), rows, exchangeable=True).at_intercept
        ''
        >>> fit(parse("~ year"), rows).at_intercept, fit(parse("~ year + type"), rows).at_intercept
        ('', 'at the mean of year, where type = a')
        >>> fit(parse("~ year * type"), rows, exchangeable=True).at_intercept
        'where year and type are at their averages'
        """
        if self.factors and not self.exchangeable:
            means = f"at the mean of {' and '.join(self.numeric)}, " if self.numeric else ""
            return f"{means}where {' and '.join(f'{name} = {levels[0]}' for name, levels in self.factors.items())}"
        products = any(len(term) > 1 for term in self.formula.terms)
        at = "at their averages" if self.centred else "zero"
        return f"where {' and '.join(self.formula.columns)} are {at}" if products else ""

    def subset(self, terms: Collection[str]) -> Design:
        """The design with some of its terms (the intercept, where it has one, stays), coded as they are here."""
        formula_terms = [term_name(term) in terms for term in self.formula.terms]
        columns = [term == "intercept" or term in terms for term in self.terms]
        return replace(
            self,
            formula=replace(self.formula, terms=tuple(compress(self.formula.terms, formula_terms))),
            names=tuple(compress(self.names, columns)),
            terms=tuple(compress(self.terms, columns)),
            _full=tuple(compress(self._full, formula_terms)),
        )

    def matrix(self, table: pd.DataFrame, standard: bool) -> Array:
        """Design rows for a table with the formula's columns.

        Parameters
        ----------
        table : pandas.DataFrame
            Factor columns as text, others as numbers; k rows.
        standard : bool
            Standardised columns, or the user's units.

        Returns
        -------
        numpy.ndarray
            Shape (k, p).
        """
        blocks = [np.ones((len(table), 1))] if self.formula.intercept else []
        for term, full in zip(self.formula.terms, self._full, strict=True):
            parts = [
                self._values(self._coded[piece.name], table, standard, indicator)
                for piece, indicator in zip(term, full, strict=True)
            ]
            block = parts[0]
            for part in parts[1:]:
                block = (block[:, :, None] * part[:, None, :]).reshape(len(table), -1)
            blocks.append(block)
        return np.hstack(blocks)

    def _values(self, coded: _Coded, table: pd.DataFrame, standard: bool, full: bool) -> Array:
        if coded.is_factor:
            texts = table[coded.piece.columns[0]].astype(str)
            indicators = np.column_stack([(texts == level).to_numpy(float) for level in coded.levels])
            if full:
                return indicators
            if not (standard and self.exchangeable):
                return indicators[:, 1:]
            return (indicators - (coded.shares if self.centred else 0.0)) @ _contrasts(len(coded.levels))
        values = _numeric(coded, table)
        if not standard:
            return values
        centre = np.array([column.centre for column in coded.columns]) if self.centred else 0.0
        return (values - centre) / np.array([column.scale for column in coded.columns])


def _contrasts(levels: int) -> Array:
    """Contrasts C of a factor, shape (L, L-1), with CC' = (I - J/L)/2.

    Coefficients with independent N(0, s²) priors then give each difference between two levels the prior N(0, s²), and
    their mean over the levels none, in whatever order they stand (Rouder et al. 2012, section 7.2; here with s the
    SD of a difference).

    Examples
    --------
    >>> _contrasts(2)
    array([[-0.5],
           [ 0.5]])
    """
    contrasts = np.zeros((levels, levels - 1))
    for column in range(levels - 1):
        size = np.sqrt(2.0 * (column + 1) * (column + 2))
        contrasts[: column + 1, column], contrasts[column + 1, column] = -1 / size, (column + 1) / size
    return contrasts


def _numeric(coded: _Coded, table: pd.DataFrame) -> Array:
    piece = coded.piece
    columns = {name: table[name].to_numpy(float) for name in piece.columns}
    if piece.kind == "column":
        return columns[piece.name][:, None]
    values = np.broadcast_to(evaluate(piece.tree, columns), (len(table),)).astype(float)
    if piece.kind == "poly":
        return _polynomial(values, coded.alpha, coded.norm)
    return values[:, None]


def _polynomial(x: Array, alpha: Sequence[float], norm: Sequence[float]) -> Array:
    """Orthogonal polynomials by their three-term recurrence (Kennedy & Gentle 1980, as R's ``poly``)."""
    columns = [np.ones_like(x), x - alpha[0]]
    for degree in range(1, len(alpha)):
        columns.append((x - alpha[degree]) * columns[degree] - norm[degree] / norm[degree - 1] * columns[degree - 1])
    return np.column_stack([column / np.sqrt(size) for column, size in zip(columns[1:], norm[1:], strict=True)])


def _recurrence(x: Array, degree: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    alpha, norm = [float(x.mean())], [float(len(x))]
    previous, current = np.ones_like(x), x - alpha[0]
    norm.append(float(current @ current))
    for _ in range(1, degree):
        alpha.append(float(current @ (x * current)) / norm[-1])
        previous, current = current, (x - alpha[-1]) * current - norm[-1] / norm[-2] * previous
        norm.append(float(current @ current))
    return tuple(alpha), tuple(norm)


def fit(
    formula: Formula, table: pd.DataFrame, references: Mapping[str, str] | None = None, exchangeable: bool = False
) -> Design:
    """Fit a formula's coding to a table.

    Parameters
    ----------
    formula : Formula
    table : pandas.DataFrame
        The formula's columns, complete; text columns are factors.
    references : mapping of str to str, optional
        Reference level by factor column; the first level in sorted order otherwise.
    exchangeable : bool, optional
        Whether factors of the standardised design have exchangeable contrasts.

    Raises
    ------
    FormulaError
        A constant column, a factor with one level, an unknown reference level, a polynomial of too high a degree,
        values that aren't finite, or columns that depend on each other.
    """
    references = references or {}
    coded = {}
    for piece in {piece.name: piece for term in formula.terms for piece in term}.values():
        coded[piece.name] = _code(piece, table, references)
    full = _full_coding(formula, coded)
    names, terms = (["intercept"], ["intercept"]) if formula.intercept else ([], [])
    for term, indicators in zip(formula.terms, full, strict=True):
        labels = [_labels(coded[piece.name], indicator) for piece, indicator in zip(term, indicators, strict=True)]
        for combination in product(*labels):
            names.append(":".join(combination))
            terms.append(term_name(term))
    design = Design(formula, tuple(names), tuple(terms), formula.intercept, exchangeable, coded, full)
    user, standard = design.matrix(table, False), design.matrix(table, True)
    rank = np.linalg.matrix_rank(standard)
    if rank < np.linalg.matrix_rank(np.hstack([standard, user / _size(user)])):
        # A product without its main effects: centring would change the model.
        design = Design(formula, tuple(names), tuple(terms), False, exchangeable, coded, full)
    _check_rank(design, design.matrix(table, True))
    return design


def _size(matrix: Array) -> Array:
    return np.maximum(np.sqrt((matrix**2).mean(axis=0)), 1e-300)


def _code(piece: Piece, table: pd.DataFrame, references: Mapping[str, str]) -> _Coded:
    text = [column for column in piece.columns if not pd.api.types.is_numeric_dtype(table[column])]
    if piece.kind == "factor" or (piece.kind == "column" and text):
        column = piece.columns[0]
        levels = sorted(table[column].astype(str).unique())
        if len(levels) < 2:
            raise FormulaError(f"{column!r} has the single value {levels[0]!r} in the rows used; leave it out")
        if column in references:
            if references[column] not in levels:
                raise FormulaError(
                    f"reference_levels: {column!r} has no level {references[column]!r}; it has {', '.join(levels)}"
                )
            levels = [references[column], *(level for level in levels if level != references[column])]
        shares = table[column].astype(str).value_counts(normalize=True)
        return _Coded(piece, levels=tuple(levels), shares=tuple(float(shares[level]) for level in levels))
    if text:
        raise FormulaError(f"{piece.name}: column {text[0]!r} holds text, not numbers")
    alpha: tuple[float, ...] = ()
    norm: tuple[float, ...] = ()
    if piece.kind == "poly":
        x = evaluate(piece.tree, {name: table[name].to_numpy(float) for name in piece.columns})
        if len(np.unique(x)) <= piece.degree:
            raise FormulaError(f"{piece.name} needs more than {piece.degree} different values")
        alpha, norm = _recurrence(x, piece.degree)
    bare = _Coded(piece, alpha=alpha, norm=norm)
    values = _numeric(bare, table)
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
        raise FormulaError(f"{piece.name} is not a finite number in row {table['row'].iloc[row]}")
    largest = float(np.abs(values).max())
    if largest > FAR or 0 < largest < 1 / FAR:
        raise FormulaError(f"{piece.name} has the size {largest:g}, which can't be computed with; use another unit")
    spread = values.std(axis=0, ddof=1)
    if (spread <= 1e-12 * np.maximum(np.abs(values).max(axis=0), 1e-300)).any():
        raise FormulaError(f"{piece.name} is the same in all rows used; leave it out")
    labels = [piece.name] if piece.kind != "poly" else [f"{piece.name}[{i + 1}]" for i in range(piece.degree)]
    columns = [_Column(*entry) for entry in zip(labels, values.mean(axis=0).tolist(), spread.tolist(), strict=True)]
    return _Coded(piece, columns=tuple(columns), alpha=alpha, norm=norm)


def _labels(coded: _Coded, full: bool) -> list[str]:
    if coded.is_factor:
        levels = coded.levels if full else coded.levels[1:]
        return [f"{coded.piece.name}[{level}]" for level in levels]
    return [column.name for column in coded.columns]


def _full_coding(formula: Formula, coded: Mapping[str, _Coded]) -> tuple[tuple[bool, ...], ...]:
    """Whether each factor of each term has a column for every level: where the term without it is not in the model."""
    present = {frozenset(piece.name for piece in term) for term in formula.terms}
    if formula.intercept:
        present.add(frozenset())
    coding = []
    for term in formula.terms:
        names = frozenset(piece.name for piece in term)
        indicators = []
        for piece in term:
            margin = names - {piece.name}
            indicators.append(coded[piece.name].is_factor and margin not in present)
            if indicators[-1]:
                present.add(margin)  # the indicators span the margin
        coding.append(tuple(indicators))
    return tuple(coding)


def _check_rank(design: Design, matrix: Array) -> None:
    if matrix.shape[1] >= len(matrix):
        raise FormulaError(
            f"{matrix.shape[1]} coefficients for {len(matrix)} rows: no residual degrees of freedom; use fewer terms"
        )
    scaled = matrix / _size(matrix)
    if np.linalg.matrix_rank(scaled) == matrix.shape[1]:
        return
    for last in range(1, matrix.shape[1]):
        if np.linalg.matrix_rank(scaled[:, : last + 1]) <= last:
            before = ", ".join(design.names[:last])
            raise FormulaError(f"{design.names[last]} is collinear with {before} in these rows; leave its term out")


def unusable_values(
    fitted: Iterable[Design], predict_at: Sequence[Mapping[str, Any]], noun: str, nothing: str
) -> list[Problem]:
    """What is wrong with values to predict at: unknown columns and levels, and text where numbers belong.

    Parameters
    ----------
    fitted : iterable of Design
        The designs whose columns may be set.
    predict_at : sequence of mapping
        Column to number or level.
    noun : str
        What a column is called.
    nothing : str
        Why there is no column, where there is none.
    """
    entries = list(fitted)
    factors = {name: levels for entry in entries for name, levels in entry.factors.items()}
    numeric = {name for entry in entries for name in entry.numeric}
    problems = []
    for i, values in enumerate(predict_at):
        for name, value in values.items():
            where = f"predict_at[{i}].{name}"
            if name in factors and str(value) not in factors[name]:
                problems.append(Problem(f"{where}: no level {value!r}", f"It has {', '.join(factors[name])}"))
            elif name in numeric and (isinstance(value, bool) or not isinstance(value, (int, float))):
                problems.append(Problem(f"{where}: {value!r} is not a number", "Give a number"))
            elif name not in factors and name not in numeric:
                allowed = ", ".join([*factors, *sorted(numeric)]) or f"none, since {nothing}"
                remedy = f"{noun.capitalize()}s are {allowed}"
                problems.append(Problem(f"{where}: not a {noun} of this analysis", remedy))
    return problems
