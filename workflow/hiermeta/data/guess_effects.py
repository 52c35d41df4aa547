"""What names and contents of columns tell: effect estimates with their precision, or the raw data of some."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from hiermeta.data.measures import MEASURES
from hiermeta.data.problems import Problem
from hiermeta.data.raw import RECIPES
from hiermeta.data.read import Source, is_missing, numbers
from hiermeta.data.suspicions import NAMES as RATIOS
from hiermeta.data.suspicions import STANDARD_ERROR, VARIANCE

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


CALLED = {
    "GEN": ("yi",),
    "SMD": (
        *("smd", "hedgesg", "hedgesd", "cohensd", "cohend", "stddiffinmeans", "stdmeandiff", "stdmeandifference"),
        *("standardizedmeandifference", "standardisedmeandifference", "d", "g"),
    ),
    "MD": ("md", "meandiff", "meandifference", "rawmeandifference"),
    "ROM": ("rom", "logrom", "lnrom"),
    "OR": ("logor", "lnor", "logoddsratio", "lnoddsratio"),
    "RR": ("logrr", "lnrr", "logriskratio", "lnriskratio"),
    "HR": ("loghr", "lnhr", "loghazardratio", "lnhazardratio"),
    "IRR": ("logirr", "lnirr"),
    "ZCOR": ("zcor", "fisherz", "fishersz", "fisherzr", "fisherszr", "zr"),
}
"""Usual names of columns of estimates, in lower case and without other signs than letters, by measure."""
GENERAL = ("effect", "effectsize", "es", "estimate", "lrr", "te", "beta", "coefficient", "coef", "z", "zi", "y")
"""Names that don't tell the measure."""
INTERVAL = (
    *(("lower", "upper"), ("lo", "hi"), ("low", "high"), ("lcl", "ucl"), ("lci", "uci"), ("lb", "ub"), ("ll", "ul")),
    *(("cilower", "ciupper"), ("cilb", "ciub"), ("cilow", "cihigh"), ("cistart", "ciend"), ("conflow", "confhigh")),
    *(("lowerci", "upperci"), ("lowercl", "uppercl"), ("lowerlimit", "upperlimit"), ("cil", "ciu")),
)
SAMPLE_SIZE = ("ni", "n", "samplesize", "ntotal", "totaln", "nobs")
UNIT_FREE, UNIT_INFORMATION_SD = 5.0, 1.4
"""Effects up to this size are taken for free of units, and given the unit-information SD of SMD."""

RAW = ("OR", "SMD", "IRR", "ZCOR", "MN", "PLO", "IRLN")
"""Measures tried on raw columns, one for each design."""
TABLES = {"tpos": "ai", "tneg": "bi", "cpos": "ci", "cneg": "di"}
"""Other names of the cells of a fourfold table."""
QUANTITIES = {
    "events": ("events", "event", "cases", "deaths", "death", "responders", "stroke", "exac", "x", "xi"),
    "n": ("n", "ni", "total", "size", "randomized", "randomised"),
    "mean": ("mean", "m", "mi"),
    "sd": ("sd", "sdi"),
}
"""What is given of each group, by the words that columns are called by."""
CONTROL = ("2", "c", "ctrl", "con", "cont", "control", "placebo", "pla", "p", "comparator")
ARMS = ("1", "e", "t", "exp", "experimental", "treat", "treatment", "trt", "intervention", *CONTROL)
TWO_GROUPS = {
    "OR": {"events": ("ai", "ci"), "n": ("n1i", "n2i")},
    "SMD": {"mean": ("m1i", "m2i"), "sd": ("sd1i", "sd2i"), "n": ("n1i", "n2i")},
}
STUDIES = ("study", "trial", "paper", "article", "publication", "author", "authors", "reference", "experiment")
"""Words that tell that rows are from the literature."""
FEWEST_ROWS = 5
"""Rows per study, on average, from which rows may be individuals."""


@dataclass(frozen=True)
class Found:
    """Settings of estimates, and what to check of them.

    Parameters
    ----------
    settings : dict
        ``measure`` and where estimates come from.
    roles : dict of str to str
        Column to what it was taken for.
    check : tuple of str
    rows : int
        Rows that have all that is needed.
    """

    settings: dict[str, Any]
    roles: dict[str, str]
    check: tuple[str, ...] = field(default=())
    rows: int = 0


def find(columns: Columns) -> Found | None:
    """Estimates by names that tell their measure, raw columns, then estimates of any name."""
    specific = [name for names in CALLED.values() for name in names]
    return _estimates(columns, specific) or _raw(columns) or _correlations(columns) or _estimates(columns, GENERAL)


def from_literature(columns: Columns) -> bool:
    """Whether rows are studies or a few estimates of each rather than individuals."""
    if _ratios(columns):
        return True
    named = columns.named(STUDIES, columns.names)
    studies = [c for c in named if c not in columns.numeric or not {"trial", "experiment"} & set(words(c))]
    return any(columns.rows < FEWEST_ROWS * columns.levels(column) for column in studies)


def hint(columns: Columns) -> str:
    """What to do where a table seems to have estimates that can't be used as they are; otherwise empty."""
    return _ratios(columns) or _without_precision(columns)


def _ratios(columns: Columns) -> str:
    for measure, names in RATIOS.items():
        for column, values in columns.numeric.items():
            if bare(column) not in names or not (values.dropna() > 0).all():
                continue
            precision = _precision(columns, column) or {}
            if "ci_lower" in precision:
                lower, upper = precision.values()
                return (
                    f"Columns {column!r}, {lower!r} and {upper!r} seem to hold {MEASURES[measure].natural_label}s with "
                    "their confidence limits.\nThey are analysed as logarithms: take natural logarithms of all three, "
                    f"and name the new columns log{measure}, lower and upper."
                )
    return ""


def _without_precision(columns: Columns) -> str:
    if not columns.named(STUDIES, columns.names):
        return ""
    for measure, names in CALLED.items():
        for column in columns.numeric:
            if bare(column) in names:
                return (
                    f"Column {column!r} seems to hold estimates ({MEASURES[measure].label}), but no column has a name "
                    "for their\nprecision: add standard errors (`se`), sampling variances (`vi`) or confidence limits "
                    "(`lower`, `upper`)."
                )
    return ""


def _estimates(columns: Columns, names: tuple[str, ...] | list[str]) -> Found | None:
    """The estimates, with a precision, that most rows have; of several the first by name."""
    candidates = [found for name in names for found in _called(columns, name)]
    return max(candidates, key=lambda found: found.rows, default=None)


def _called(columns: Columns, name: str) -> Iterator[Found]:
    for column in columns.numeric:
        if bare(column) == name:
            precision = _precision(columns, column)
        elif words(column)[:1] == [name]:
            precision = _own_precision(columns, column)
        else:
            continue
        if precision is None:
            continue
        measure = next((measure for measure, names in CALLED.items() if name in names), "GEN")
        settings: dict[str, Any] = {"measure": measure, "effect": column}
        check: tuple[str, ...] = ()
        unit = _unit(columns, settings)
        if measure == "GEN":
            wide = ", here with the width of SMD" if "unit_information_sd" in unit else ""
            kinds = f"is {column!r} an SMD, MD, log OR, RR or HR, a ZCOR? Default priors follow from it"
            check = (f"measure: {kinds}. GEN stands for any{wide}",)
        if name == "lnrr":
            check = (f"measure: is {column!r} a log risk ratio (RR) or a log ratio of means (ROM)?",)
        if "ci_lower" in precision:
            check = (*check, "ci_level: 0.95 unless you say otherwise")
        words_for = {"ci_lower": "lower confidence limit", "ci_upper": "upper confidence limit"}
        roles = {column: "effect"}
        roles |= {used: words_for.get(key, key.replace("_", " ")) for key, used in precision.items()}
        complete = pd.DataFrame({used: columns.texts[used].notna() for used in roles}).all(axis=1)
        yield Found(settings | unit | precision, roles, check, int(complete.sum()))


def _precision(columns: Columns, effect: str) -> dict[str, str] | None:
    """The column or columns that tell how precise estimates are, those that are named after the estimates first."""
    plain = {column: {bare(column), bare(column).rstrip("0123456789")} for column in columns.numeric}
    return _own_precision(columns, effect) or _precision_called(columns, plain)


def _own_precision(columns: Columns, effect: str) -> dict[str, str] | None:
    return _precision_called(columns, {column: _beyond(column, effect) for column in columns.numeric})


def _precision_called(columns: Columns, called: dict[str, set[str]]) -> dict[str, str] | None:
    """Of columns, by what each is called, those of variances, standard errors or confidence limits."""
    named = {column: names for column, names in called.items() if columns.usable(column)}
    for key, wanted in (("variance", VARIANCE), ("standard_error", STANDARD_ERROR)):
        for column in (column for name in wanted for column, names in named.items() if name in names):
            if (columns.numeric[column] > 0).any():  # others are mistakes, which are told when checked
                return {key: column}
    for pair in INTERVAL:
        lower, upper = (next((column for column, names in named.items() if end in names), None) for end in pair)
        if lower and upper:
            return {"ci_lower": lower, "ci_upper": upper}
    return None


def _beyond(column: str, effect: str) -> set[str]:
    """What a column's name has beside that of the estimates; nothing where it has no part of that.

    `vlnRR` has `v` beside `lnRR`, and `Variance g` has `variance` beside `Hedges g`.
    """
    found = set()
    if bare(effect) in bare(column):
        found.add(bare(column).replace(bare(effect), "", 1))
    own, of_effect = words(column), words(effect)
    if set(own) & set(of_effect):
        found.add("".join(word for word in own if word not in of_effect))
    return found


def _unit(columns: Columns, settings: dict[str, Any]) -> dict[str, Any]:
    """What default priors need of a measure whose unit of information isn't known."""
    if MEASURES[settings["measure"]].unit_information_sd is not None:
        return {}
    size = next((column for name in SAMPLE_SIZE for column in columns.numeric if bare(column) == name), None)
    if size and (columns.numeric[size].dropna() > 0).all():
        return {"sample_size": size}
    unit_free = settings["measure"] == "GEN" and columns.numeric[settings["effect"]].abs().max() <= UNIT_FREE
    return {"unit_information_sd": UNIT_INFORMATION_SD} if unit_free else {}


def _raw(columns: Columns) -> Found | None:
    by_name = {TABLES.get(column.lower(), column.lower()): column for column in columns.numeric}
    for measure in RAW:
        for combination in RECIPES[measure].design.combinations:
            if set(combination) <= set(by_name):
                return _of_raw(measure, {key: by_name[key] for key in combination})
    return _groups(columns)


def _groups(columns: Columns) -> Found | None:
    """Counts or means of two groups, or counts of one, by the words for the quantity and the group."""
    given: dict[str, dict[str, str]] = {}
    for column in columns.numeric:
        for quantity, group in _quantity(column):
            given.setdefault(group, {}).setdefault(quantity, column)
    for measure, keys in TWO_GROUPS.items():
        arms = [group for group, own in given.items() if group and set(keys) <= set(own)]
        if len(arms) != 2:
            continue
        arms.sort(key=lambda group: group in CONTROL)
        used = {
            key: given[arm][quantity] for quantity, pair in keys.items() for arm, key in zip(arms, pair, strict=True)
        }
        used = {key: used[key] for key in RECIPES[measure].design.order(used)}
        if measure != "OR" or all(_counts(columns, given[arm]["events"], given[arm]["n"]) for arm in arms):
            return _of_raw(measure, used)
    alone = given.get("", {})
    counts = {"events", "n"} <= set(alone) and _counts(columns, alone["events"], alone["n"])
    if counts and columns.named(STUDIES, columns.names):
        return _of_raw("PLO", {"xi": alone["events"], "ni": alone["n"]})
    return None


def _quantity(column: str) -> Iterator[tuple[str, str]]:
    """The quantity that a column may hold and the group it is of, which is empty where the name says no more."""
    own = [word for word in words(column) if word not in ("arm", "group", "of")]
    together = re.fullmatch(r"(x|n|m|sd|mean|events?)([12tce])i?", "".join(own))
    if together and len(own) <= 2:
        own = list(together.groups())
    for quantity, names in QUANTITIES.items():
        if any(word in names for word in own):
            yield quantity, " ".join(word for word in own if word not in names)


def _counts(columns: Columns, events: str, size: str) -> bool:
    if not (columns.whole(events) and columns.whole(size)):
        return False
    return bool((columns.numeric[events] <= columns.numeric[size]).where(columns.numeric[events].notna(), True).all())


def _correlations(columns: Columns) -> Found | None:
    """Correlations with sample sizes under other names than metafor's."""
    r = [column for column in columns.numeric if bare(column) in ("r", "ri", "cor", "corr", "correlation")]
    n = [column for column in columns.numeric if bare(column) in SAMPLE_SIZE and columns.whole(column)]
    if r and n and (columns.numeric[r[0]].abs().dropna() < 1).all() and columns.levels(r[0]) > 1:
        return _of_raw("ZCOR", {"ri": r[0], "ni": n[0]})
    return None


def _of_raw(measure: str, used: dict[str, str]) -> Found:
    roles = {column: f"raw column {key}" for key, column in used.items()}
    others = [name for name, recipe in RECIPES.items() if recipe.design is RECIPES[measure].design]
    return Found({"measure": measure, "columns": used}, roles, (f"measure: {', '.join(others)} are possible",))
