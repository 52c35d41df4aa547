"""The validated table of a hierarchical regression: one row per individual."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.data import design as designs
from hiermeta.data import moderators, outcomes, selection, suspicions
from hiermeta.data.clusters import Clusters, check_clusters
from hiermeta.data.formula import Formula, FormulaError, Piece
from hiermeta.data.meta import Validated
from hiermeta.data.mixed_formula import MixedFormula, parse_mixed, part_names, split_within_between
from hiermeta.data.problems import Problem, Refused
from hiermeta.data.read import Source, is_missing, numbers, require_columns
from hiermeta.likelihoods import LIKELIHOODS

Array = npt.NDArray[np.float64]
FARTHEST = 1e5
"""Mean of a column in its SDs up to which double precision tells random effects of it from those of the intercept."""
RESERVED = ("row", "intercept", "sigma", "beta", "sd", "partial", "random effects")
"""Names that the tables and the posterior file use for something else."""


@dataclass(frozen=True)
class Designs:
    """The fitted designs of a mixed model.

    Parameters
    ----------
    fixed : Design
    random : tuple of Design
        One per term in bars.
    """

    fixed: designs.Design
    random: tuple[designs.Design, ...]

    @property
    def factors(self) -> dict[str, tuple[str, ...]]:
        """Levels of each factor column, the reference first."""
        return {name: levels for entry in (self.fixed, *self.random) for name, levels in entry.factors.items()}


def formula_of(settings: Mapping[str, Any]) -> MixedFormula:
    """The formula of a data set, predictors named by ``within_between`` in their two parts.

    Raises
    ------
    Refused
    """
    try:
        formula = split_within_between(parse_mixed(settings["formula"]), settings.get("within_between", []))
    except FormulaError as error:
        raise Refused([Problem(f"`formula:` {error}", "Correct the formula in the config")]) from None
    for group in dict.fromkeys(term.group for term in formula.random):
        effects = [name for term in formula.random if term.group == group for name in term.effect_names]
        twice = [name for name in dict.fromkeys(effects) if effects.count(name) > 1]
        if twice:
            message = f"`formula:` {twice[0]} differs by {':'.join(group)} in two terms in bars"
            raise Refused([Problem(message, "Keep it in one of them; the correlation of both can't be told")])
    return formula


def several_factors(settings: Mapping[str, Any]) -> bool:
    """Whether the formula of a data set has more than one grouping factor; False where it can't be read."""
    try:
        return len({term.group for term in parse_mixed(settings["formula"]).random}) > 1
    except (FormulaError, KeyError):
        return False


def program_of(settings: Mapping[str, Any]) -> str:
    """The Stan program of a data set; random effects that can't be integrated out are sampled.

    Parameters
    ----------
    settings : mapping
        One data set of the config.
    """
    if settings["analysis"] == "meta":
        return "meta"
    integrated = LIKELIHOODS[settings["family"]].rows.quadratic and not several_factors(settings)
    return "hierarchical_gaussian" if integrated else "hierarchical_latent"


def validate(source: Source, settings: Mapping[str, Any]) -> Validated:
    """Turn a table into complete rows of outcome, predictors and clusters.

    Parameters
    ----------
    source : Source
        The table as its file has it.
    settings : mapping
        One data set of the config.

    Returns
    -------
    Validated
        Columns row, then outcome, trials or exposure, predictors (with their within and between parts) and clusters
        under the user's names.

    Raises
    ------
    Refused
        With every problem found: an unusable formula, missing columns, text in numbers, an outcome that isn't what
        the family says, clusters that are none, random slopes of predictors that don't vary within clusters.
    """
    formula = formula_of(settings)
    split = list(settings.get("within_between", []))
    own = _file_columns(formula, split, settings)
    require_columns(source, own | {f"subset.{column}": column for column in settings.get("subset", {})})
    derived = [name for column in split for name in part_names(column)]
    clashes = (set(own.values()) & set(RESERVED)) | (set(derived) & set(source.table.columns))
    if clashes:
        remedy = "Give the column another name, since this one is used in the results"
        raise Refused([Problem(f"{source.path}: a column is called {name!r}", remedy) for name in sorted(clashes)])
    rows_read = len(source.table)
    source, dropped = selection.keep(source, dict(settings.get("subset", {})))

    problems: list[Problem] = []
    table = pd.DataFrame({"row": source.table.index.to_numpy()}, index=source.table.index)
    for column in outcomes.columns(formula.outcome, settings).values():
        table[column] = numbers(source, column, problems)
    if problems:
        raise Refused(problems)
    given = {name: _without(entry, derived) for name, entry in formula.formulas.items()}
    given["split"] = Formula("", True, tuple((Piece(column, (column,), "numeric"),) for column in split))
    predictors = moderators.read(source, given)
    table = table.assign(**{name: predictors[name] for name in predictors if name not in table})
    for column in formula.groups:
        table[column] = source.table[column].map(lambda text: None if is_missing(text) else text)

    complete = table.notna().to_numpy()
    for position in np.flatnonzero(~complete.all(axis=1)):
        column = table.columns[int(np.argmin(complete[position]))]
        dropped.append({"row": int(table["row"].iloc[position]), "reason": f"no value in column {column!r}"})
    dropped.sort(key=lambda entry: entry["row"])
    result = Validated(table[complete.all(axis=1)].reset_index(drop=True), rows_read, dropped)
    if len(result.table) < 2:
        reasons = Counter(entry["reason"] for entry in dropped).most_common()
        why = "; ".join(f"{count} with {reason}" for reason, count in reasons)
        message = f"{source.path}: {len(result.table)} usable of {rows_read} rows" + (f" ({why})" if why else "")
        raise Refused([Problem(message, "Fill in missing values, or widen `subset:`")])
    outcomes.check(source.path, result.table, formula.outcome, settings)
    texts = [column for column in predictors if not pd.api.types.is_numeric_dtype(predictors[column])]
    result.notes += moderators.missing_words(source.table, [*formula.groups, *texts])
    result.notes += moderators.mixed_levels(source.table, texts, given.values())
    factors = [column for column in predictors if column not in formula.groups]
    result.warnings += moderators.look_alike_levels(result.table[factors])
    result.suspect(suspicions.summary_rows(suspicions.text_columns(source.table.loc[result.table["row"]])))
    columns = result.table.drop(columns=["row", *formula.groups], errors="ignore").select_dtypes("number")
    numeric = {str(name): values.to_numpy(float) for name, values in columns.items()}
    result.suspect(suspicions.missing_codes(numeric, result.table["row"].to_numpy()))
    check_clusters(source.path, result, formula, settings["family"])
    _add_parts(result, formula, split)
    _check_designs(result, formula, settings)
    return result


def _file_columns(formula: MixedFormula, split: list[str], settings: Mapping[str, Any]) -> dict[str, str]:
    """Columns that the file must have, by where the config names them."""
    derived = {name for column in split for name in part_names(column)}
    named = [column for column in (*formula.predictors, *formula.groups) if column not in derived]
    wanted = outcomes.columns(formula.outcome, settings) | {f"formula[{column}]": column for column in named}
    return wanted | {f"within_between[{column}]": column for column in split}


def _without(formula: Formula, derived: list[str]) -> Formula:
    """A formula with only the terms whose columns all stand in the file."""
    pieces = tuple((piece,) for term in formula.terms for piece in term if not set(piece.columns) & set(derived))
    return Formula(formula.text, True, pieces)


def _add_parts(result: Validated, formula: MixedFormula, split: list[str]) -> None:
    for column in split:
        by = Clusters.of(result.table, formula.random[0].group).codes
        means = result.table[column].groupby(by).transform("mean")
        within, between = part_names(column)
        result.table[within], result.table[between] = result.table[column] - means, means
        result.notes.append(
            f"{column!r} was split into {between!r}, its mean in each {formula.random[0].name}, and {within!r}, the "
            "deviation from it."
        )


def fit_designs(table: pd.DataFrame, formula: MixedFormula, references: Mapping[str, Any]) -> Designs:
    """Fit the designs of a formula to a validated table.

    Raises
    ------
    Refused
        When a part of the formula can't be fitted to the rows, or a reference level isn't there.
    """
    levels = {key: str(value) for key, value in references.items()}
    try:
        fixed = designs.fit(formula.fixed, table, levels)
        random = tuple(designs.fit(term.effects, table, levels) for term in formula.random)
    except FormulaError as error:
        remedy = "Change the formula, or the rows that are used"
        raise Refused([Problem(f"`formula:` {error}", remedy)]) from None
    fitted = Designs(fixed, random)
    unknown = sorted(levels.keys() - fitted.factors.keys())
    if unknown:
        raise Refused([Problem(f"reference_levels: {unknown[0]!r} is not a factor of the formula", "Leave it out")])
    return fitted


def _check_designs(result: Validated, formula: MixedFormula, settings: Mapping[str, Any]) -> None:
    fitted = fit_designs(result.table, formula, settings.get("reference_levels", {}))
    problems = []
    for term, design in zip(formula.random, fitted.random, strict=True):
        clusters = Clusters.of(result.table, term.group)
        columns = design.matrix(result.table, standard=False)
        size, spread = np.abs(columns.mean(axis=0)), columns.std(axis=0)
        for position in np.flatnonzero((spread > 0) & (size > FARTHEST * spread)):
            name, ratio = design.names[position], size[position] / spread[position]
            message = f"`formula:` {name!r} lies {ratio:.0e} of its SDs from zero, too far for an effect that differs"
            remedy = f"Subtract its mean, about {columns[:, position].mean():.6g}, in the formula or in the table"
            problems.append(Problem(f"{message} by {term.name}", remedy, column=name))
        if problems:
            continue
        varies = clusters.varies(columns)
        flat = [name for name, moves in zip(design.names, varies, strict=True) if not moves and name != "intercept"]
        # Without variation within clusters a slope is an intercept in disguise, unless it is the only effect.
        if flat and (len(design.names) > 1 or design.factors == {}):
            message = f"`formula:` {flat[0]!r} is constant within every {term.name}, so its effect can't differ by it"
            remedy = f"Leave it out of the term in bars for {term.name}; it can stay in the fixed part"
            problems.append(Problem(message, remedy, column=flat[0]))
        effects = len(clusters.names) * len(design.names)
        if len(result.table) <= effects and LIKELIHOODS[settings["family"]].has_sigma:
            result.warnings.append(
                f"{effects} effects of {term.name} stand against {len(result.table)} rows: they can't be told from "
                "the residual by the data alone, and the prior decides."
            )
    if problems:
        raise Refused(problems)
