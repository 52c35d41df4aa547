"""R-style formulas: parsed by formulae, checked before they are expanded, evaluated over a short list of functions.

The parser yields a tree of names, numbers, operators and calls; nothing in a formula is ever run as code. All of the
text must be read, and only what has one meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt

MOST_TERMS = 500
"""Products of many columns are refused beyond this, since each further column doubles their number."""
_JOIN = "join columns and functions of them by + * : / and -"


class FormulaError(ValueError):
    """A formula that can't be used; the message says what is allowed."""


def expanded(text: str, code: str) -> list[Any]:
    """The terms that a formula stands for, as formulae makes them.

    The parser stops without a word where it can't go on, takes ``x ** 2`` for ``x`` and ``-x ** 2`` for ``(-x) ** 2``.
    Those are refused here.

    Parameters
    ----------
    text : str
        As the user wrote it, for messages.
    code : str
        What to read of it.

    Raises
    ------
    FormulaError
    """
    from formulae.parser import Parser
    from formulae.resolver import Resolver
    from formulae.scanner import Scanner
    from formulae.terms.terms import Model

    if code.count("`") % 2:
        raise FormulaError(f"{text!r} is not a formula: a backtick isn't closed (a column's own name can't hold one)")
    try:
        parser = Parser(Scanner(code).scan())
        tree = parser.parse()
    except Exception as error:  # the parser raises many kinds
        raise FormulaError(f"{text!r} is not a formula: {error}") from None
    if not parser.at_end():
        raise FormulaError(f"{text!r}: {parser.peek().lexeme!r} can't stand there; {_JOIN}")
    if _most_terms(text, tree) > MOST_TERMS:
        raise FormulaError(f"{text!r} has more than {MOST_TERMS} terms; use fewer products")
    try:
        model = Resolver(tree).resolve()
        return list((model if isinstance(model, Model) else Model(model)).terms)
    except Exception as error:
        raise FormulaError(f"{text!r} is not a formula: {error}") from None


def _bare(node: Any) -> Any:
    return _bare(node.expression) if _kind(node) == "Grouping" else node


def _most_terms(text: str, node: Any) -> int:
    """An upper bound on the number of terms, after checking every node outside of function calls."""
    node, kind = _bare(node), _kind(_bare(node))
    if kind == "Unary":
        return _most_terms(text, node.right)
    if kind == "Call":
        for argument in node.args:
            _check_arithmetic(text, argument)
        return 1
    if kind == "Literal":
        if isinstance(node.value, bool) or node.value not in (0, 1):
            raise FormulaError(f"{text!r}: {node.value!r} is not a column; {_JOIN}, names with blanks in backticks")
        return 1
    if kind == "Variable" and node.level is not None:
        raise FormulaError(f"{text!r}: brackets can't be used; {_JOIN}")
    if kind != "Binary":
        return 1
    left = _most_terms(text, node.left)
    if node.operator.kind == "TILDE":
        raise FormulaError(f"{text!r}: a formula has one ~")
    if node.operator.kind == "STAR_STAR":
        return _powers(text, node, left)
    right = _most_terms(text, node.right)
    return {"STAR": left + right + left * right, "COLON": left * right, "SLASH": left + left * right}.get(
        node.operator.kind, left + right
    )


def _powers(text: str, node: Any, left: int) -> int:
    degree = getattr(_bare(node.right), "value", None)
    if isinstance(degree, bool) or not isinstance(degree, int) or degree < 1:
        raise FormulaError(f"{text!r}: an exponent of terms is a whole number from 1, as in (a + b)^2")
    if _kind(_bare(node.left)) != "Binary":
        raise FormulaError(f"{text!r}: the power of a column is written with I(), as in I(x^2)")
    return sum(comb(left, size) for size in range(1, min(degree, left) + 1))


def _check_arithmetic(text: str, node: Any) -> None:
    """Refuse powers whose order of evaluation differs between languages."""
    kind = _kind(node)
    if kind == "Binary":
        if node.operator.kind == "STAR_STAR" and (
            _kind(node.left) == "Unary" or getattr(getattr(node.left, "operator", None), "kind", "") == "STAR_STAR"
        ):
            raise FormulaError(f"{text!r}: put parentheses around what is raised to a power, as in -(x^2)")
        _check_arithmetic(text, node.left)
        _check_arithmetic(text, node.right)
    elif kind == "Call":
        for argument in node.args:
            _check_arithmetic(text, argument)
    elif kind in ("Grouping", "Unary"):
        _check_arithmetic(text, node.expression if kind == "Grouping" else node.right)


Array = npt.NDArray[np.float64]

FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "I": lambda x: x,
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "abs": np.abs,
}
OPERATORS: dict[str, Callable[..., Array]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
}
SIGNS: dict[str, Callable[[Array], Array]] = {"+": np.positive, "-": np.negative}
BINDS = {"+": 1, "-": 1, "*": 2, "/": 2, "**": 4}
SIGN_BINDS, ATOM = 3, 5
FACTOR = ("factor", "C")


@dataclass(frozen=True)
class Piece:
    """A column, a call on columns, or a polynomial, as it stands in a term.

    Parameters
    ----------
    name : str
        As it is printed: ``year``, ``I(year ** 2)``, ``poly(year, 2)``.
    columns : tuple of str
        Columns of the table that it uses.
    kind : str
        ``column``, ``factor`` (a column declared as one), ``poly`` or ``numeric`` (a computed column).
    degree : int
        Of a polynomial.
    tree : Any
        The parser's tree of a computed column.
    """

    name: str
    columns: tuple[str, ...]
    kind: str
    degree: int = 1
    tree: Any = None


@dataclass(frozen=True)
class Formula:
    """The right-hand side of a formula.

    Parameters
    ----------
    text : str
    intercept : bool
    terms : tuple of tuple of Piece
        Each term is a product of pieces; main effects have one.
    """

    text: str
    intercept: bool
    terms: tuple[tuple[Piece, ...], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the table that the formula uses, in order of first appearance."""
        return tuple(dict.fromkeys(c for term in self.terms for piece in term for c in piece.columns))


def term_name(term: tuple[Piece, ...]) -> str:
    """A term as it is printed, such as ``year:alloc``."""
    return ":".join(piece.name for piece in term)


def parse(text: str) -> Formula:
    """Read a one-sided formula such as ``~ year * alloc + I(dose ** 2) - 1``.

    Raises
    ------
    FormulaError
        When the text is not a formula, has a left-hand side, grouping terms, or a function that isn't allowed.

    Examples
    --------
    >>> formula = parse("~ year * alloc")
    >>> formula.intercept, [term_name(term) for term in formula.terms]
    (True, ['year', 'alloc', 'year:alloc'])
    """
    body = text.strip()
    if not body.startswith("~"):
        raise FormulaError(f"{text!r}: write a formula that begins with ~, such as '~ year + dose'")
    terms = expanded(text, _pythonic(body[1:]))
    kinds = {type(term).__name__ for term in terms}
    if "Response" in kinds or "GroupSpecificTerm" in kinds:
        raise FormulaError(f"{text!r}: only moderators may stand here, joined by + * : - and -1")
    products = [tuple(_piece(text, component) for component in term.components) for term in terms if _is_term(term)]
    return Formula(text, "Intercept" in kinds, tuple(products))


def _pythonic(code: str) -> str:
    """Powers as Python writes them; names in backticks stay as they are."""
    parts = code.split("`")
    return "`".join(part if i % 2 else part.replace("^", "**") for i, part in enumerate(parts))


def _is_term(term: Any) -> bool:
    return type(term).__name__ == "Term"


def _piece(text: str, component: Any) -> Piece:
    if type(component).__name__ == "Variable":
        return Piece(component.name, (component.name,), "column")
    call = component.call
    if call.kwargs:
        raise FormulaError(f"{text!r}: {call.callee}() takes no named arguments")
    name = printed(call)
    if call.callee in FACTOR and len(call.args) == 1 and _kind(call.args[0]) == "LazyVariable":
        return Piece(name, (call.args[0].name,), "factor")
    if call.callee == "poly" and len(call.args) == 2 and _kind(call.args[1]) == "LazyValue":
        degree = call.args[1].value
        if isinstance(degree, bool) or not isinstance(degree, int) or not 1 <= degree <= 10:
            raise FormulaError(f"{text!r}: the degree of poly() must be a whole number from 1 to 10")
        return Piece(name, _variables(text, call.args[0]), "poly", degree, call.args[0])
    return Piece(name, _variables(text, call), "numeric", tree=call)


def _kind(node: Any) -> str:
    return type(node).__name__


def printed(node: Any, least: int = 0, name: Callable[[str], str] = str) -> str:
    """A parsed expression as text, with the parentheses that its meaning needs.

    Parameters
    ----------
    node : Any
        The ``tree`` of a `Piece`, or a part of it.
    least : int
        Operators that bind less than this are put in parentheses.
    name : callable
        From a column's name to how it is printed.
    """

    def part(node: Any, least: int = 0) -> str:
        return printed(node, least, name)

    if _kind(node) == "LazyCall":
        return f"{node.callee}({', '.join(map(part, node.args))})"
    if _kind(node) == "LazyVariable":
        return name(node.name)
    if _kind(node) != "LazyOperator":
        return str(node)
    binds = BINDS.get(node.symbol, 0)
    if len(node.args) == 1:
        binds = SIGN_BINDS
        text = f"{node.symbol}{part(node.args[0], ATOM)}"
    else:
        left, right = node.args
        power = node.symbol == "**"
        text = f"{part(left, ATOM if power else binds)} {node.symbol} {part(right, ATOM if power else binds + 1)}"
    return f"({text})" if binds < least else text


def _variables(text: str, node: Any) -> tuple[str, ...]:
    """Columns that a tree uses, after checking that it holds nothing but what `evaluate` knows."""
    if _kind(node) == "LazyVariable":
        return (node.name,)
    if _kind(node) == "LazyValue":
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            raise FormulaError(f"{text!r}: {node.value!r} is not a number")
        return ()
    if _kind(node) == "LazyOperator" and node.symbol in OPERATORS:
        return tuple(dict.fromkeys(name for part in node.args for name in _variables(text, part)))
    if _kind(node) == "LazyCall" and node.callee in FUNCTIONS and len(node.args) == 1 and not node.kwargs:
        return _variables(text, node.args[0])
    allowed = ", ".join([*FUNCTIONS, "factor", "poly"])
    raise FormulaError(f"{text!r}: {node} can't be used; allowed are columns, numbers, + - * / ** and {allowed}")


def evaluate(node: Any, columns: Mapping[str, Array]) -> Array:
    """A parsed expression over numeric columns.

    Parameters
    ----------
    node : Any
        The ``tree`` of a `Piece`.
    columns : mapping of str to numpy.ndarray
        Shape (k,) each.
    """
    if _kind(node) == "LazyVariable":
        return columns[node.name]
    if _kind(node) == "LazyValue":
        return np.asarray(node.value, float)
    values = [evaluate(part, columns) for part in node.args]
    with np.errstate(all="ignore"):  # what is not finite is refused with its row
        if _kind(node) == "LazyCall":
            return FUNCTIONS[node.callee](*values)
        return (OPERATORS if len(values) == 2 else SIGNS)[node.symbol](*values)
