"""Searches for roots and maxima, and what is said where there is nothing to find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from scipy.optimize import brentq

Result = TypeVar("Result")
Fit = TypeVar("Fit")
SINGULAR = "a matrix is singular in double precision"
_ITERATIONS = 10_000
"""Halvings lead from the largest to the smallest of numbers in two thousand."""
_ROUNDS = 5
"""Fits that are tried while searches from them find higher maxima."""


class NotAvailable(ArithmeticError):
    """A number that these data don't determine, or that double precision can't reach; the message says why."""


class Higher(Exception):
    """A search from a maximum found a point that is higher.

    Parameters
    ----------
    point : Any
        Where it is.
    """

    def __init__(self, point: Any) -> None:
        super().__init__("a higher maximum")
        self.point = point


def root(f: Callable[[float], float], a: float, b: float, *, xtol: float, rtol: float = 1e-12) -> float:
    """Where a function changes its sign.

    Each end is evaluated once, so that a function that is itself the result of a search need not reproduce its values.

    Parameters
    ----------
    f : callable
        May be infinite.
    a, b : float
        Two finite points, in any order.
    xtol, rtol : float
        Absolute and relative accuracy; the absolute one is at least 1e-300.

    Raises
    ------
    NotAvailable
        When the ends aren't finite, the values there are not numbers or have the same sign, or the function isn't a
        number in between.

    Examples
    --------
    >>> root(lambda x: x**2 - 2, 0, 2, xtol=1e-12).__round__(6)
    1.414214
    """
    if not (np.isfinite(a) and np.isfinite(b)):
        raise NotAvailable(f"no search between {a:.6g} and {b:.6g}")
    ends = {a: f(a), b: f(b)}
    for end, height in ends.items():
        if height == 0:
            return float(end)
    if not min(ends.values()) < 0 < max(ends.values()):
        raise NotAvailable(f"no change of sign between {a:.6g} and {b:.6g}")

    def value(x: float) -> float:
        found = ends[x] if x in ends else f(x)
        if found != found:
            raise NotAvailable(f"not a number at {x:.6g}")
        return found

    found, search = brentq(
        value, a, b, xtol=max(xtol, 1e-300), rtol=rtol, maxiter=_ITERATIONS, full_output=True, disp=False
    )
    if not search.converged:
        raise NotAvailable(f"the search between {a:.6g} and {b:.6g} doesn't end")
    return float(found)


def followed(fit: Fit, search: Callable[[Fit], Result], again: Callable[[Fit, Any], Fit]) -> tuple[Fit, Result]:
    """Search from a maximum, and where the search finds a higher one, again from there.

    Parameters
    ----------
    fit : Any
        The maximum as far as it is known.
    search : callable
        From a fit to a result; raises `Higher` where it finds a higher point.
    again : callable
        From a fit and the higher point to the fit that begins there.

    Returns
    -------
    fit : Any
        The highest maximum.
    result : Any
        Of the search from there.

    Raises
    ------
    NotAvailable
        When one fit after the other is left for a higher one.
    """
    for _ in range(_ROUNDS):
        try:
            return fit, search(fit)
        except Higher as higher:
            fit = again(fit, higher.point)
    raise NotAvailable(f"the likelihood has a higher maximum than each of {_ROUNDS} fits")


def attempt(name: str, compute: Callable[[], Result], unavailable: dict[str, str]) -> Result | None:
    """Compute one part of a document; where the numbers don't allow it, note why and go on without it.

    Only numerical failures are caught, overflow and division by zero among them: any other error is a fault of the
    program and surfaces.

    Parameters
    ----------
    name : str
        Of the part.
    compute : callable
        Without arguments.
    unavailable : dict
        Receives the reason by name.
    """
    try:
        return compute()
    except np.linalg.LinAlgError:
        unavailable[name] = SINGULAR
    except ArithmeticError as reason:
        unavailable[name] = str(reason)
    return None
