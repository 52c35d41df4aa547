"""What names and contents of a table's columns tell about what they hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from hiermeta.data.delimited import is_missing
from hiermeta.data.problems import Problem
from hiermeta.data.read import Source, numbers

MOST_GAPS = 0.5
"""Share of empty cells from which a column is of no use."""


@dataclass(frozen=True)
class Columns:
    """The columns of a table, read for guesses.

    Parameters
    ----------
    source : Source
    """

    source: Source

    @property
    def names(self) -> list[str]:
        """As the file has them."""
        return list(self.source.table.columns)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.source.table)

    @cached_property
    def numeric(self) -> dict[str, pd.Series[float]]:
        """Columns that hold numbers and nothing else, with NaN for gaps; those without a number are left out."""
        found = {}
        for column in self.names:
            problems: list[Problem] = []
            values = pd.Series(numbers(self.source, column, problems))
            if not problems and values.notna().any():
                found[column] = values
        return found

    @cached_property
    def texts(self) -> dict[str, pd.Series[str]]:
        """Every column's cells as text, NaN for gaps."""
        table = self.source.table.reset_index(drop=True)
        return {column: table[column].mask(table[column].map(is_missing).astype(bool)) for column in self.names}

    def levels(self, column: str) -> int:
        """How many different values there are."""
        return int(self.texts[column].nunique())

    def usable(self, column: str) -> bool:
        """Whether enough of a column is there."""
        return float(self.texts[column].isna().mean()) < MOST_GAPS

    def whole(self, column: str) -> bool:
        """Whether a column holds whole numbers from zero."""
        values = self.numeric.get(column)
        return values is not None and bool(((values.dropna() % 1 == 0) & (values.dropna() >= 0)).all())

    def groups(self, column: str) -> bool:
        """Whether values repeat, so that rows that share one may be a cluster."""
        return self.usable(column) and 2 <= self.levels(column) < int(self.texts[column].notna().sum())

    def named(self, names: Iterable[str], columns: Sequence[str]) -> list[str]:
        """Columns that have one of some words in their names, in the order of these words, then of the table."""
        found = [column for name in names for column in columns if name in words(column)]
        return list(dict.fromkeys(found))

    def within(self, column: str, other: str) -> bool:
        """Whether a column has one value in each group of rows that share the value of another one."""
        return bool((self.texts[column].groupby(self.texts[other]).nunique() <= 1).all())


def words(column: str) -> list[str]:
    """Words and numbers of a name, `schoolid` and `idschool` being two.

    Examples
    --------
    >>> words("Cohens_D.SE"), words("nurseRatio2"), words("schoolid")
    (['cohens', 'd', 'se'], ['nurse', 'ratio', '2'], ['schoolid', 'school', 'id'])
    """
    found = re.findall(r"[a-z]+|\d+", re.sub(r"([a-z])([A-Z])", r"\1 \2", column).lower())
    for word in list(found):
        rest = re.sub(r"^id(?=..)|id$", "", word)
        found += [rest, "id"] if rest != word and rest else []
    return found


def bare(column: str) -> str:
    """A name's letters and digits in lower case.

    Examples
    --------
    >>> bare("Std. diff in means"), bare("lower_95")
    ('stddiffinmeans', 'lower95')
    """
    return re.sub(r"[^a-z0-9]", "", column.lower())
