"""Columns that look like individuals in clusters: outcome, predictors, grouping factors and family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hiermeta.data.guess_columns import Columns, bare, words

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


def find(columns: Columns) -> Individuals | None:
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
