"""Moderator columns: numbers where they are numbers, text where they are factors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.data.formula import Formula, FormulaError, parse
from hiermeta.data.problems import Problem, Refused
from hiermeta.data.read import COMMAS, Source, is_missing, numbers
from hiermeta.text.characters import look_alikes

FORMULAS = ("moderators", "scale")
_MOST_LEVELS = 10
"""Different values that a column of numbers and text may have to count as a factor."""
_NAMED = 3
"""Levels that a note names."""
TAKEN = frozenset(
    {
        *("mu", "tau", "rho", "tau_within", "tau_between", "intercept", "beta", "delta"),
        *("tau2", "I2", "H2", "new effect", "applies", "reason", "unavailable"),
        *("error", "log_marginal_likelihood"),
        *("elpd_loo", "elpd_loo_error", "elpd_loco", "elpd_loco_error"),
    }
)
"""Names of rows in the tables, of variables in the posterior file and of entries of ``exact.json``."""


def formulas(settings: dict[str, Any]) -> dict[str, Formula]:
    """The parsed formulas of a data set, by config key.

    Raises
    ------
    Refused
        When one can't be used.
    """
    parsed, problems = {}, []
    for key in FORMULAS:
        if key in settings:
            try:
                parsed[key] = parse(settings[key])
            except FormulaError as error:
                problems.append(Problem(f"`{key}:` {error}", "Correct the formula in the config"))
    for key, entry in parsed.items():
        for column in sorted(set(entry.columns) & TAKEN):
            remedy = "Give the column another name, since the results use this one themselves"
            problems.append(Problem(f"`{key}:` a moderator is called {column!r}", remedy, column=column))
    if "scale" in parsed and not parsed["scale"].intercept:
        message = f"`scale:` {settings['scale']!r} leaves the intercept out, which is log τ itself"
        problems.append(Problem(message, "Write the formula without -1 or 0 +"))
    if problems:
        raise Refused(problems)
    return parsed


def read(source: Source, parsed: dict[str, Formula]) -> pd.DataFrame:
    """Columns that formulas use, one row per line of the file.

    Parameters
    ----------
    source : Source
    parsed : dict of str to Formula

    Returns
    -------
    pandas.DataFrame
        Numbers (NaN where missing) for numeric columns, text (None where missing) for factors.

    Raises
    ------
    Refused
        When a column of many values, or of some that don't repeat, holds mostly numbers and some text, or text is used
        as a number.
    """
    pieces = [piece for entry in parsed.values() for term in entry.terms for piece in term]
    declared = {piece.columns[0] for piece in pieces if piece.kind == "factor"}
    computed = {column for piece in pieces if piece.kind in ("numeric", "poly") for column in piece.columns}
    problems: list[Problem] = []
    columns = {}
    for column in dict.fromkeys(column for piece in pieces for column in piece.columns):
        texts = source.table[column]
        found: list[Problem] = []
        values = numbers(source, column, found)
        if column in declared or (column not in computed and _names_levels(texts, values)):
            columns[column] = texts.map(lambda text: None if is_missing(text) else text).astype(object).to_numpy()
            continue
        problems += found
        if found and column not in computed:
            remedy = f"Write factor({column}) in the formula if its values are names rather than numbers"
            problems.append(Problem(f"{source.path}: column {column!r} mixes numbers and text", remedy, column=column))
        columns[column] = values
    if problems:
        raise Refused(problems)
    return pd.DataFrame(columns, index=source.table.index)


def _names_levels(texts: pd.Series[str], values: npt.NDArray[np.float64]) -> bool:
    """Whether a column with text is a factor: mostly text, or few values (0, 1, 2, 3+) each of which repeats."""
    known = texts[texts.map(lambda text: not is_missing(text))]
    text = known[np.isnan(values[texts.index.isin(known.index)])]
    if text.empty:
        return False
    counts = known.value_counts()
    few = len(counts) <= _MOST_LEVELS and counts.min() > 1 and not text.map(COMMAS.fullmatch).any()
    return few or 2 * len(text) >= len(known)


def mixed_levels(texts: pd.DataFrame, columns: Iterable[str], parsed: Iterable[Formula]) -> list[str]:
    """Notes about factors that the formulas don't declare and whose levels are partly numbers.

    Parameters
    ----------
    texts : pandas.DataFrame
        The table as its file has it.
    columns : iterable of str
        Columns taken as factors.
    parsed : iterable of Formula

    Returns
    -------
    list of str
        One note per column.
    """
    pieces = [piece for entry in parsed for term in entry.terms for piece in term]
    declared = {piece.columns[0] for piece in pieces if piece.kind == "factor"}
    notes = []
    for column in dict.fromkeys(columns):
        known = texts[column][texts[column].map(lambda text: not is_missing(text))]
        levels = sorted(known.unique())
        words = [level for level in levels if _is_text(level)]
        if column not in declared and 0 < len(words) < len(levels):
            notes.append(
                f"Column {column!r} was taken as a factor, factor({column}), since some of its values are not numbers "
                f"({', '.join(map(repr, words[:_NAMED]))}). If they should be, correct these cells or leave them empty."
            )
    return notes


def _is_text(level: str) -> bool:
    try:
        float(level)
    except ValueError:
        return True
    return False


def missing_words(texts: pd.DataFrame, columns: Iterable[str]) -> list[str]:
    """Notes about cells of clusters and factors whose words count as missing, though they may name a value.

    Examples
    --------
    >>> missing_words(pd.DataFrame({"g": ["none", "a", "", "none"]}), ["g"])
    ["Column 'g': 'none' in 2 rows was read as a missing value. If it names a cluster or level, spell it differently."]
    """
    notes = []
    for column in dict.fromkeys(columns):
        words = texts[column][texts[column].map(lambda text: text != "" and is_missing(text))].value_counts(sort=False)
        notes += [
            f"Column {column!r}: {word!r} in {count} {'row' if count == 1 else 'rows'} was read as a missing value. "
            "If it names a cluster or level, spell it differently."
            for word, count in words.items()
        ]
    return notes


def look_alike_levels(table: pd.DataFrame) -> list[str]:
    """Warnings about levels of a table's factors that a reader takes for one."""
    factors = [column for column in table if not pd.api.types.is_numeric_dtype(table[column])]
    return [text for column in factors for text in look_alikes(f"In column {column!r}, levels", table[column].unique())]
