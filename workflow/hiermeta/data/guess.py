"""What a table seems to hold, and settings to begin with: guesses from names and contents, for people to check."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from hiermeta.data.delimited import is_missing
from hiermeta.data.measures import MEASURES
from hiermeta.data.problems import Problem
from hiermeta.data.raw import RECIPES
from hiermeta.data.read import COMMAS, Source, numbers
from hiermeta.data.swapped import STANDARD_ERROR, VARIANCE

EFFECT = tuple(
    [
        "yi",
        "effect",
        "effectsize",
        "es",
        "smd",
        "hedgesg",
        "g",
        "cohensd",
        "d",
        "md",
        "estimate",
        "logor",
        "lnor",
        "logrr",
        "lnrr",
        "lrr",
        "rom",
        "z",
        "fisherz",
        "zi",
        "te",
        "y",
    ]
)
INTERVAL = (("cilower", "ciupper"), ("cilb", "ciub"), ("lower", "upper"), ("lcl", "ucl"), ("conflow", "confhigh"))
MEASURE_OF = {"smd": "SMD", "hedgesg": "SMD", "g": "SMD", "cohensd": "SMD", "d": "SMD", "md": "MD", "rom": "ROM"}
MEASURE_OF |= {"logor": "OR", "lnor": "OR", "logrr": "RR", "lnrr": "RR", "fisherz": "ZCOR"}
SAMPLE_SIZE = ("ni", "n", "samplesize", "ntotal", "totaln")
UNIT_FREE, UNIT_INFORMATION_SD = 5.0, 1.4
"""Effects up to this size are taken for free of units, and given the unit-information SD of SMD."""
RAW = ("OR", "SMD", "IRR", "ZCOR", "MN", "PLO", "IRLN")
"""Measures tried on raw columns, one for each design."""

CLUSTER = tuple(
    [
        "cluster",
        "district",
        "hospital",
        "clinic",
        "centre",
        "center",
        "site",
        "lab",
        "laboratory",
        "school",
        "team",
        "herd",
        "litter",
        "batch",
        "classroom",
        "class",
        "study",
        "paper",
        "article",
        "author",
        "group",
        "subject",
        "person",
        "patient",
    ]
)
"""Words that name clusters, coarse ones first."""

LABEL = ("label", "study", "author", "authors", "trial", "slab", "reference", "name")


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
    plain = known[[not COMMAS.fullmatch(text) for text in known]]
    if len(plain) < len(known) and (plain.empty or _is_numeric(replace(source, table=plain.to_frame()), column)):
        return f"numbers with commas: write a decimal point, no thousands separators{gaps}"
    return f"text, {count(known.nunique(), 'different value')}{gaps}"


def guess(source: Source) -> Guess | None:
    """Settings that fit the names of a table's columns.

    Parameters
    ----------
    source : Source
        The table as its file has it.

    Returns
    -------
    Guess or None
        A meta-analysis where there are estimates or raw columns of one, otherwise a hierarchical regression where
        something numeric is nested in something; None where neither can be told.
    """
    found = _estimates(source) or _raw(source)
    return _meta(source, *found) if found else _regression(source)


def name_of(path: str) -> str:
    """A name for a data set, from its file's.

    Examples
    --------
    >>> name_of("data/My Review (2).csv")
    'my-review-2'
    """
    return re.sub(r"[^a-z0-9._]+", "-", Path(path).stem.lower()).strip("-._") or "my-data"


def _estimates(source: Source) -> tuple[dict[str, Any], dict[str, str], tuple[str, ...]] | None:
    columns = {_bare(column): column for column in reversed(source.table.columns) if _is_numeric(source, column)}
    effect = next((name for name in EFFECT if name in columns), None)
    if effect is None:
        return None
    settings: dict[str, Any] = {"measure": MEASURE_OF.get(effect, "GEN"), "effect": columns[effect]}
    roles = {columns[effect]: "effect"}
    check: tuple[str, ...] = ()
    settings |= _unit(source, settings, columns)
    if effect not in MEASURE_OF:
        wide = ", here with the width of SMD" if "unit_information_sd" in settings else ""
        kinds = f"is {columns[effect]!r} an SMD, MD, log OR, RR or HR, a ZCOR? Default priors follow from it"
        check = (f"measure: {kinds}. GEN stands for any{wide}",)
    for key, names in (("variance", VARIANCE), ("standard_error", STANDARD_ERROR)):
        precision = next((name for name in names if name in columns), None)
        if precision:
            settings[key] = columns[precision]
            return settings, roles | {columns[precision]: key.replace("_", " ")}, check
    for lower, upper in INTERVAL:
        if lower in columns and upper in columns:
            settings |= {"ci_lower": columns[lower], "ci_upper": columns[upper]}
            ends = {columns[lower]: "lower confidence limit", columns[upper]: "upper confidence limit"}
            return settings, roles | ends, (*check, "ci_level: 0.95 unless you say otherwise")
    return None


def _unit(source: Source, settings: dict[str, Any], columns: dict[str, str]) -> dict[str, Any]:
    """What default priors need of a measure whose unit of information isn't known."""
    if MEASURES[settings["measure"]].unit_information_sd is not None:
        return {}
    size = next((columns[name] for name in SAMPLE_SIZE if name in columns), None)
    if size:
        return {"sample_size": size}
    values = _numeric(source, settings["effect"])
    unit_free = settings["measure"] == "GEN" and values is not None and values.abs().max() <= UNIT_FREE
    return {"unit_information_sd": UNIT_INFORMATION_SD} if unit_free else {}


def _raw(source: Source) -> tuple[dict[str, Any], dict[str, str], tuple[str, ...]] | None:
    columns = {column.lower(): column for column in source.table.columns if _is_numeric(source, column)}
    for measure in RAW:
        for combination in RECIPES[measure].design.combinations:
            if set(combination) <= set(columns):
                used = {key: columns[key] for key in combination}
                roles = {column: f"raw column {key}" for key, column in used.items()}
                others = [name for name, recipe in RECIPES.items() if recipe.design is RECIPES[measure].design]
                return {"measure": measure, "columns": used}, roles, (f"measure: {', '.join(others)} are possible",)
    return None


def _meta(source: Source, settings: dict[str, Any], roles: dict[str, str], check: tuple[str, ...]) -> Guess:
    free = [column for column in source.table.columns if column not in roles]
    cluster = _cluster(source, free)
    label = next((column for name in LABEL for column in free if _bare(column) == name and column != cluster), None)
    settings = {"data": source.path, "analysis": "meta"} | settings
    if cluster:
        settings["cluster"], roles[cluster] = cluster, "cluster"
        check += (f"cluster: are estimates that share a {cluster!r} alike? Leave the line out where they are not",)
    if label:
        settings["label"], roles[label] = label, "label"
    return Guess(settings, roles, check)


def _regression(source: Source) -> Guess | None:
    columns = list(source.table.columns)
    cluster = _cluster(source, columns)
    numeric = [column for column in columns if column != cluster and _is_numeric(source, column)]
    measured = [column for column in numeric if _varies(source, column) and not _names_rows(source, column)]
    outcome = next((column for column in measured if "year" not in _words(column)), None)
    if cluster is None or outcome is None:
        return None
    predictors = _predictors(source, [column for column in measured if column != outcome])
    values = _numeric(source, outcome)
    family = "bernoulli" if values is not None and set(values.unique()) == {0.0, 1.0} else "gaussian"
    right = " + ".join([*map(_quoted, predictors), f"(1 | {_quoted(cluster)})"])
    settings = {"data": source.path, "analysis": "hierarchical", "family": family}
    settings["formula"] = f"{_quoted(outcome)} ~ {right}"
    roles = {outcome: "outcome", cluster: "cluster"} | dict.fromkeys(predictors, "predictor")
    checks = (
        f"formula: is {outcome!r} the outcome? Write yours before `~`, predictors after",
        "analysis: is each row an individual? Effects from counts or means of studies: docs/how-to/raw-counts.md",
    )
    return Guess(settings, roles, checks)


def _cluster(source: Source, columns: Iterable[str]) -> str | None:
    """The first column, by name, that has no gaps and whose values repeat."""
    rows = len(source.table)
    complete = [column for column in columns if not any(map(is_missing, source.table[column]))]
    repeated = [column for column in complete if 2 <= source.table[column].nunique() < rows]
    return next((column for name in CLUSTER for column in repeated if name in _words(column)), None)


def _names_rows(source: Source, column: str) -> bool:
    """Whether a numeric column identifies rows rather than measures them: named so, or numbered from 1."""
    values = _numeric(source, column)
    numbered = values is not None and values.tolist() == list(range(1, len(source.table) + 1))
    return numbered or bool({"id", "index", "nr"} & set(_words(column)))


def _predictors(source: Source, columns: Iterable[str]) -> list[str]:
    """The first two columns that don't repeat each other, as a centred copy does."""
    chosen: dict[str, pd.Series[float]] = {}
    for column in columns:
        values = _numeric(source, column)
        if values is not None and all(abs(values.corr(other)) < 1 - 1e-9 for other in chosen.values()):
            chosen[column] = values
    return list(chosen)[:2]


def _varies(source: Source, column: str) -> bool:
    values = _numeric(source, column)
    return values is not None and values.nunique() > 1


def _words(column: str) -> list[str]:
    """Words of a name, `schoolid` being two."""
    words = re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", column).lower())
    return words + [part for word in words if word.endswith("id") for part in (word.removesuffix("id"), "id")]


def _bare(column: str) -> str:
    return re.sub(r"[^a-z0-9]", "", column.lower())


def _quoted(column: str) -> str:
    return column if re.fullmatch(r"[A-Za-z_]\w*", column) else f"`{column}`"


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
