"""Formulas of mixed models in lme4's notation, such as ``y ~ x * z + (1 + x | g)``.

Terms in bars are cut out and read apart from the fixed part, each side of the tilde and of the bar by
`hiermeta.data.formula`; ``(x || g)`` is ``(1 | g) + (0 + x | g)``, ``(1 | a/b)`` is ``(1 | a) + (1 | a:b)``. Clusters
nested in others are named from the outside in, ``a:b``; lme4 prints them the other way round, as ``b:a``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hiermeta.data.formula import Formula, FormulaError, Piece, parse, term_name

_PART = re.compile(r"`([^`]+)`|([A-Za-z_.][\w.]*)|([/:])")
_NAME = r"\s*(?:`[^`]+`|[A-Za-z_.][\w.]*)\s*"
_GROUP = re.compile(rf"{_NAME}(?:[/:]{_NAME})*")


@dataclass(frozen=True)
class RandomTerm:
    """One term in bars: effects that differ between clusters and are correlated with each other.

    Parameters
    ----------
    effects : Formula
        Left of the bar.
    group : tuple of str
        Columns whose combination names the cluster.
    """

    effects: Formula
    group: tuple[str, ...]

    @property
    def name(self) -> str:
        """The grouping factor as it is printed: ``school``, ``school:class``."""
        return ":".join(self.group)

    @property
    def effect_names(self) -> list[str]:
        """The effects as the formula has them, factors not yet spread over their levels."""
        return ["intercept"] * self.effects.intercept + [term_name(term) for term in self.effects.terms]


@dataclass(frozen=True)
class MixedFormula:
    """A formula of a mixed model.

    Parameters
    ----------
    text : str
    outcome : Piece
    fixed : Formula
    random : tuple of RandomTerm
    """

    text: str
    outcome: Piece
    fixed: Formula
    random: tuple[RandomTerm, ...]

    @property
    def formulas(self) -> dict[str, Formula]:
        """The fixed part and the effects in bars, by where they stand."""
        bars = {f"({i + 1})": term.effects for i, term in enumerate(self.random)}
        return {"fixed": self.fixed} | bars

    @property
    def predictors(self) -> tuple[str, ...]:
        """Columns of the table on the right-hand side, grouping columns aside."""
        return tuple(dict.fromkeys(column for entry in self.formulas.values() for column in entry.columns))

    @property
    def groups(self) -> tuple[str, ...]:
        """Columns that name clusters."""
        return tuple(dict.fromkeys(column for term in self.random for column in term.group))


def parse_mixed(text: str) -> MixedFormula:
    """Read the formula of a mixed model.

    Raises
    ------
    FormulaError
        When the text is not such a formula, or has no term in bars.

    Examples
    --------
    >>> formula = parse_mixed("y ~ x + (x || school)")
    >>> [(term.effects.text, term.name) for term in formula.random]
    [('~ 1', 'school'), ('~ 0 + x', 'school')]
    """
    left, tilde, right = text.partition("~")
    if not tilde or not left.strip() or "~" in right:
        raise FormulaError(f"{text!r}: write OUTCOME ~ PREDICTORS + (1 | CLUSTER)")
    outcome = parse(f"~ 0 + {left}").terms
    if len(outcome) != 1 or len(outcome[0]) != 1 or outcome[0][0].kind not in ("column", "numeric"):
        raise FormulaError(f"{text!r}: left of ~ stands one column, or a function of one such as log(y)")
    fixed, bars = _split(text, right)
    random = [term for bar in bars for term in _random_terms(text, bar)]
    if not random:
        raise FormulaError(f"{text!r}: no clusters; add a term such as (1 | school)")
    formula = parse(f"~ {fixed or '1'}")
    if not formula.terms and not formula.intercept:
        raise FormulaError(f"{text!r}: the fixed part is empty; it needs at least an intercept")
    return MixedFormula(text, outcome[0][0], formula, tuple(random))


def _split(text: str, right: str) -> tuple[str, list[str]]:
    """The right-hand side without its terms in bars, and what stands in their parentheses."""
    fixed, bars, depth, start, quoted = "", [], 0, 0, False
    for position, character in enumerate(right):
        quoted ^= character == "`"
        if character == "(" and not quoted:
            start = position if depth == 0 else start
            depth += 1
        if depth == 0:
            fixed += character
        if character == ")" and not quoted:
            depth -= 1
            inside = right[start + 1 : position]
            if depth == 0 and "|" in inside:
                before, after = fixed.rstrip(), right[position + 1 :].lstrip()
                if (before and not before.endswith("+")) or (after and after[0] not in "+-"):
                    raise FormulaError(f"{text!r}: join ({inside}) to the other terms by +")
                fixed = before.removesuffix("+")
                bars.append(inside)
            elif depth == 0:
                fixed += right[start : position + 1]
    if depth or quoted:
        raise FormulaError(f"{text!r}: a parenthesis or quotation mark is not closed")
    if "|" in fixed:
        raise FormulaError(f"{text!r}: write terms with a bar in parentheses, as in (1 | school)")
    return fixed.strip().removeprefix("+").strip(), bars


def _random_terms(text: str, inside: str) -> list[RandomTerm]:
    effects, bar, group = inside.partition("||" if "||" in inside else "|")
    if "|" in group or not effects.strip():
        raise FormulaError(f"{text!r}: ({inside}) is not a term such as (1 + x | school)")
    formula = parse(f"~ {effects.strip()}")
    if not formula.terms and not formula.intercept:
        raise FormulaError(f"{text!r}: ({inside}) holds no effect")
    formulas = [formula]
    if bar == "||":
        formulas = [parse("~ 1")] if formula.intercept else []
        formulas += [Formula(f"~ 0 + {term_name(term)}", False, (term,)) for term in formula.terms]
    return [RandomTerm(entry, columns) for columns in _groups(text, group) for entry in formulas]


def _groups(text: str, group: str) -> list[tuple[str, ...]]:
    """Columns of each grouping factor: ``a/b`` is ``a`` and ``a:b``."""
    if not _GROUP.fullmatch(group):
        raise FormulaError(f"{text!r}: right of the bar stand columns, joined by : or /")
    nested: list[tuple[str, ...]] = []
    names: list[str] = []
    for quoted, plain, separator in _PART.findall(group):
        if separator == "/":
            nested.append(tuple(names))
        elif not separator:
            names.append(quoted or plain)
    return [*nested, tuple(names)]


def split_within_between(formula: MixedFormula, columns: Sequence[str]) -> MixedFormula:
    """The formula with predictors in two parts: the deviation from the cluster's mean, and that mean.

    In the fixed part ``x`` becomes ``x_within`` and ``x_between``, in products too; in bars it becomes ``x_within``.

    Raises
    ------
    FormulaError
        When a column isn't a predictor by itself.
    """
    fixed = formula.fixed
    for column in columns:
        found = [term for term in fixed.terms if any(column in piece.columns for piece in term)]
        if not found or any(piece.kind != "column" for term in found for piece in term if column in piece.columns):
            raise FormulaError(
                f"within_between: {column!r} must stand in the fixed part by itself or in products, not in a function"
            )
        within, between = part_names(column)
        terms: list[tuple[Piece, ...]] = []
        for term in fixed.terms:
            terms += [_renamed(term, column, new) for new in (within, between)] if term in found else [term]
        fixed = replace(fixed, terms=tuple(dict.fromkeys(terms)))
    random = []
    for bar in formula.random:
        effects = bar.effects
        for column in columns:
            renamed = tuple(_renamed(entry, column, part_names(column)[0]) for entry in effects.terms)
            effects = replace(effects, terms=renamed)
        random.append(replace(bar, effects=effects))
    return replace(formula, fixed=fixed, random=tuple(random))


def part_names(column: str) -> tuple[str, str]:
    """Names of the two parts of a predictor: within clusters, and between them."""
    return f"{column}_within", f"{column}_between"


def _renamed(term: tuple[Piece, ...], column: str, new: str) -> tuple[Piece, ...]:
    return tuple(Piece(new, (new,), "column") if piece.columns == (column,) else piece for piece in term)
