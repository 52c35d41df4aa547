"""What a table seems to hold, and settings to begin with: guesses from names and contents, for people to check."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from hiermeta.data import guess_effects, guess_regression
from hiermeta.data.delimited import is_missing
from hiermeta.data.guess_columns import Columns, bare, words
from hiermeta.data.measures import MEASURES
from hiermeta.data.problems import Problem
from hiermeta.data.read import COMMAS, Source, numbers
from hiermeta.likelihoods import LIKELIHOODS

CLUSTERS = (
    *("cluster", "district", "lab", "laboratory", "team", "paper", "article", "publication", "study", "trial"),
    *("experiment", "author", "authors", "reference", "citation"),
)
"""Words that name clusters of estimates, coarse ones first."""
LABEL = ("label", "study", "author", "authors", "trial", "slab", "reference", "name")
MINUS = "[\u2212\u2013]"
ARMS = ("treatment", "trt", "treat", "arm", "group", "grp")
NOTHING = (
    "No column looks like effect estimates with their precision, like the raw columns of metafor's escalc, or like\na "
    "grouping of individuals. config/README.md tells how to name the columns by hand."
)


@dataclass(frozen=True)
class Guess:
    """Settings a table could be analysed with.

    Parameters
    ----------
    settings : dict
        One data set of the config.
    roles : dict of str to str
        Column to what it was taken for.
    check : tuple of str
        What the user should look at before believing the guess.
    """

    settings: dict[str, Any]
    roles: dict[str, str]
    check: tuple[str, ...] = ()


def describe_column(source: Source, column: str) -> str:
    """One line on what a column holds: its kind, range or number of values, and gaps.

    Examples
    --------
    >>> table = pd.DataFrame({"x": ["1", "2.5", "NA"]})
    >>> describe_column(Source("x.csv", "", table), "x")
    'numbers from 1 to 2.5, 1 missing'
    >>> describe_column(Source("x.csv", "", pd.DataFrame({"x": ["1", "2,5"]})), "x")
    'numbers with commas: write a decimal point, no thousands separators'
    """
    texts = source.table[column]
    known = texts[[not is_missing(text) for text in texts]]
    gaps = f", {len(texts) - len(known)} missing" if len(known) < len(texts) else ""
    if known.empty:
        return "nothing"
    values = _numeric(source, column)
    if values is not None:
        return f"numbers from {values.min():g} to {values.max():g}{gaps}"
    if known.str.contains(MINUS).any() and _is_numeric(_of(source, known.str.replace(MINUS, "-", regex=True)), column):
        return f"numbers with a typographic minus: write a hyphen{gaps}"
    plain = known[[not COMMAS.fullmatch(text) for text in known]]
    if len(plain) < len(known) and (plain.empty or _is_numeric(_of(source, plain), column)):
        return f"numbers with commas: write a decimal point, no thousands separators{gaps}"
    return f"text, {count(known.nunique(), 'different value')}{gaps}"


def guess(source: Source) -> Guess | str:
    """Settings that fit the names of a table's columns.

    Parameters
    ----------
    source : Source
        The table as its file has it.

    Returns
    -------
    Guess or str
        A meta-analysis where there are estimates or raw columns of one, otherwise a hierarchical regression where
        something numeric is nested in something. Where neither can be told, what to do.
    """
    columns = Columns(source)
    found = guess_effects.find(columns)
    if found:
        return _meta(columns, found)
    individuals = None if guess_effects.from_literature(columns) else guess_regression.find(columns)
    return _regression(columns, individuals) if individuals else guess_effects.hint(columns) or NOTHING


def name_of(path: str) -> str:
    """A name for a data set, from its file's.

    Examples
    --------
    >>> name_of("data/My Review (2).csv")
    'my-review-2'
    """
    return re.sub(r"[^a-z0-9._]+", "-", Path(path).stem.lower()).strip("-._") or "my-data"


def _meta(columns: Columns, found: guess_effects.Found) -> Guess:
    roles, check = dict(found.roles), found.check
    free = [column for column in columns.names if column not in roles]
    cluster = _cluster(columns, free)
    label = next((column for name in LABEL for column in free if bare(column) == name and column != cluster), None)
    settings = {"data": columns.source.path, "analysis": "meta"} | found.settings
    if cluster:
        settings["cluster"], roles[cluster] = cluster, "cluster"
        check += (f"cluster: are estimates that share a {cluster!r} alike? Leave the line out where they are not",)
    if label:
        settings["label"], roles[label] = label, "label"
    if MEASURES[found.settings["measure"]].single_group and cluster and (arm := _arm(columns, free, cluster)):
        settings["moderators"], roles[arm] = f"~ {_quoted(arm)}", "moderator"
        check += (
            f"moderators: rows seem to be the groups of studies, told apart by {arm!r}. With one row per study, the "
            "effect can be computed from both groups: docs/how-to/raw-counts.md",
        )
    return Guess(settings, roles, check)


def _cluster(columns: Columns, free: Sequence[str]) -> str | None:
    """The first column, by its words, whose values repeat; not names that several years have: these are authors."""
    years = [column for column in columns.names if bare(column) in ("year", "yr")]
    repeated = [column for column in free if columns.groups(column)]
    for column in [*columns.named(CLUSTERS, repeated), *(column for column in repeated if bare(column) == "id")]:
        name = column not in columns.numeric and "id" not in words(column)
        if not (name and any(not columns.within(year, column) for year in years)):
            return column
    return None


def _arm(columns: Columns, free: Sequence[str], cluster: str) -> str | None:
    """The column that tells the groups of a study apart."""
    within = [c for c in columns.named(ARMS, free) if columns.groups(c) and not columns.within(c, cluster)]
    return next((c for c in within if columns.levels(c) <= columns.rows / 3), None)


def _regression(columns: Columns, found: guess_regression.Individuals) -> Guess:
    groups = [f"(1 | {_quoted(group)})" for group in found.groups]
    right = " + ".join([*map(_quoted, found.predictors), *groups])
    settings = {"data": columns.source.path, "analysis": "hierarchical", "family": found.family}
    settings["formula"] = f"{_quoted(found.outcome)} ~ {right}"
    roles = {found.outcome: "outcome"} | dict.fromkeys(found.groups, "cluster")
    roles |= dict.fromkeys(found.predictors, "predictor")
    if found.trials:
        settings["trials"], roles[found.trials] = found.trials, "trials"
    check = [f"formula: is {found.outcome!r} the outcome? Write yours before `~`, predictors after"]
    if LIKELIHOODS[found.family].kind == "count":
        what = f"events among {found.trials!r}" if found.trials else "a count of events"
        check.append(f"family: is {found.outcome!r} {what}? Otherwise write gaussian, and no trials")
    check.append(
        "analysis: is each row an individual? Effects from counts or means of studies: docs/how-to/raw-counts.md"
    )
    return Guess(settings, roles, tuple(check))


def _quoted(column: str) -> str:
    return column if re.fullmatch(r"[A-Za-z_]\w*", column) else f"`{column}`"


def _of(source: Source, cells: pd.Series[str]) -> Source:
    """A table of one column."""
    return replace(source, table=cells.to_frame())


def _numeric(source: Source, column: str) -> pd.Series[float] | None:
    """Values of a column without its gaps; None where something else than numbers stands in it."""
    problems: list[Problem] = []
    values = pd.Series(numbers(source, column, problems)).dropna()
    return None if problems or values.empty else values


def _is_numeric(source: Source, column: str) -> bool:
    return _numeric(source, column) is not None


def count(number: int, what: str) -> str:
    """A number with its noun.

    Examples
    --------
    >>> count(1, "row"), count(2, "row")
    ('1 row', '2 rows')
    """
    return f"{number} {what}{'' if number == 1 else 's'}"
