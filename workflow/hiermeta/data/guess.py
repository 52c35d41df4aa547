"""What a table seems to hold, and settings to begin with: guesses from names and contents, for people to check."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from hiermeta.data import guess_effects
from hiermeta.data.guess_effects import Columns, bare, words
from hiermeta.data.measures import MEASURES
from hiermeta.data.problems import Problem
from hiermeta.data.read import COMMAS, Source, is_missing, numbers
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
    individuals = None if guess_effects.from_literature(columns) else find_individuals(columns)
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


def _regression(columns: Columns, found: Individuals) -> Guess:
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


GROUPS = (
    *("cluster", "country", "state", "region", "district", "county", "city", "town", "village", "island", "location"),
    *(
        "hospital",
        "clinic",
        "ward",
        "centre",
        "center",
        "site",
        "lab",
        "laboratory",
        "firm",
        "company",
        "farm",
        "field",
    ),
    *("school", "team", "herd", "colony", "brood", "litter", "plot", "cage", "tank", "tree", "lot", "batch", "plate"),
    *("classroom", "class", "study", "paper", "article", "author", "household", "family", "couple", "pair", "dyad"),
    *("mother", "dam", "sire", "teacher", "judge", "rater", "reader", "operator", "interviewer", "worker", "group"),
    *("subject", "person", "patient", "participant", "respondent", "individual", "student", "pupil", "child", "animal"),
    *("plant", "item", "word", "sample", "cask", "wafer", "species", "replicate", "subj", "grp", "g", "id"),
)
"""Words that name clusters, coarse ones first."""
OUTCOMES = ("y", "outcome", "response", "score", "result", "dv", "reaction", "yield", "rating", "grade")
COUNTED = (
    *("incidence", "cases", "events", "event", "deaths", "died", "dead", "death", "success", "successes", "count"),
    *("counts", "positives", "responders", "visits", "seizures", "ticks", "y"),
)
TRIALS = ("size", "trials", "n", "total", "tested", "examined", "randomized", "randomised")
DESIGN = (
    *("year", "period", "day", "days", "time", "week", "weeks", "month", "months", "visit", "wave", "age", "date"),
    *("treatment", "treat", "trt", "dose", "condition", "sex", "gender", "temp", "temperature"),
    *("baseline", "base", "index", "order"),
)
"""Words for what is set or known beforehand, and so is a predictor if anything."""
LEFT_OUT = ("w", "weight", "weights", "date", "id", "nr", "index", "code", "subgrp", *GROUPS)
"""Words of columns that are no predictors."""
MOST_LEVELS = 8
SKEWED = 4.0
"""Counts whose largest value is this many times their mean are no scores on a scale."""


@dataclass(frozen=True)
class Individuals:
    """A regression.

    Parameters
    ----------
    outcome : str
    predictors, groups : tuple of str
    family : str
    trials : str or None
        Column of the numbers of trials, with the family binomial.
    """

    outcome: str
    predictors: tuple[str, ...]
    groups: tuple[str, ...]
    family: str
    trials: str | None


def find_individuals(columns: Columns) -> Individuals | None:
    """The outcome, what it may depend on, and the clusters that it lies in."""
    groups = _groups(columns)
    if not groups:
        return None
    outcome = _outcome(columns, groups)
    if outcome is None:
        return None
    trials = _trials(columns, outcome)
    free = [column for column in columns.names if column not in (outcome, trials, *groups)]
    groups += _nested(columns, groups[0], free)
    predictors = _predictors(columns, outcome, [column for column in free if column not in groups], groups)
    return Individuals(outcome, predictors, groups, _family(columns, outcome, trials), trials)


def _groups(columns: Columns) -> tuple[str, ...]:
    """The grouping factor: the first by its words, otherwise the text with the most values that repeat."""
    repeated = [column for column in columns.names if columns.groups(column)]
    codes = [column for column in repeated if column not in columns.numeric or columns.whole(column)]
    named = columns.named(GROUPS, codes)
    texts = [c for c in repeated if c not in columns.numeric and 3 <= columns.levels(c) <= columns.rows / 2]
    return tuple([*named, *sorted(texts, key=lambda column: -columns.levels(column))][:1])


def _nested(columns: Columns, group: str, free: Sequence[str]) -> tuple[str, ...]:
    """A finer grouping factor, whose levels lie within one cluster each."""
    for column in columns.named(GROUPS, [column for column in free if columns.groups(column)]):
        finer = columns.levels(group) < columns.levels(column) <= columns.rows / 2
        if finer and columns.within(group, column) and (column not in columns.numeric or columns.whole(column)):
            return (column,)
    return ()


def _outcome(columns: Columns, groups: Sequence[str]) -> str | None:
    """The first column of measurements, those that are called by an outcome before others."""
    measured = [
        column
        for column, values in columns.numeric.items()
        if column not in groups
        and columns.usable(column)
        and values.nunique() > 1
        and not names_rows(columns, column)
        and not columns.within(column, groups[0])
        and not set(words(column)) & {*DESIGN, *GROUPS, "w", "weight", "weights"}
    ]
    return next(iter([*columns.named([*OUTCOMES, *COUNTED], measured), *measured]), None)


def names_rows(columns: Columns, column: str) -> bool:
    """Whether a column identifies rows rather than measures them: called so, or numbered from 1."""
    values = columns.numeric.get(column)
    numbered = values is not None and values.tolist() == list(range(1, columns.rows + 1))
    return numbered or bool({"id", "index", "nr"} & set(words(column)))


def _trials(columns: Columns, outcome: str) -> str | None:
    """The column with the numbers of trials that events were counted in."""
    if not (set(words(outcome)) & set(COUNTED) and columns.whole(outcome)):
        return None
    events = columns.numeric[outcome]
    for column in columns.named(TRIALS, list(columns.numeric)):
        size = columns.numeric[column]
        if column != outcome and columns.whole(column) and not (size < events).any() and (size > 1).any():
            return column
    return None


def _family(columns: Columns, outcome: str, trials: str | None) -> str:
    values = columns.numeric[outcome].dropna()
    if trials:
        return "binomial"
    if set(values.unique()) == {0.0, 1.0}:
        return "bernoulli"
    skewed = values.max() > SKEWED * values.mean() and values.nunique() > 2
    counted = set(words(outcome)) & set(COUNTED) and columns.whole(outcome) and (skewed or bare(outcome) != "y")
    return "poisson" if counted else "gaussian"


def _predictors(columns: Columns, outcome: str, free: Sequence[str], groups: Sequence[str]) -> tuple[str, ...]:
    """The first two that may be predictors and say something that the others don't."""
    chosen: list[str] = []
    room = columns.rows - sum(columns.levels(group) for group in groups) - 2
    for column in free:
        values = columns.numeric.get(column)
        wanted = len(chosen) < 2 and columns.usable(column) and columns.levels(column) > 1
        if not wanted or names_rows(columns, column) or set(words(column)) & {*LEFT_OUT, *OUTCOMES, *COUNTED}:
            continue
        if values is None and (columns.levels(column) > MOST_LEVELS or not columns.groups(column)):
            continue
        cost = 1 if values is not None else columns.levels(column) - 1
        group_level = columns.within(column, groups[0]) and cost + len(chosen) > columns.levels(groups[0]) - 2
        if cost <= room and not group_level and not any(_repeats(columns, column, c, groups[0]) for c in [*chosen]):
            chosen.append(column)
            room -= cost
    return tuple(chosen)


def _repeats(columns: Columns, column: str, other: str, group: str) -> bool:
    """Whether one of two columns follows from the other: a copy, other units, coarser levels, or centred by cluster."""
    first, second = columns.numeric.get(column), columns.numeric.get(other)
    if first is None or second is None:
        by_other = first is not None or second is None
        by_column = second is not None or first is None
        return (by_other and columns.within(column, other)) or (by_column and columns.within(other, column))
    if abs(first.corr(second)) > 1 - 1e-9:
        return True
    by = columns.texts[group]
    first, second = (values - values.groupby(by).transform("mean") for values in (first, second))
    return min(first.std(), second.std()) > 0 and abs(first.corr(second)) > 1 - 1e-9
