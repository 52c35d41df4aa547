"""Roots between two ends of opposite sign, and what is said where there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from scipy.optimize import brentq

Result = TypeVar("Result")


class NotAvailable(ArithmeticError):
    """A number that these data don't determine, or that double precision can't reach; the message says why."""


def root(f: Callable[[float], float], a: float, b: float, *, xtol: float, rtol: float = 1e-12) -> float:
    """Where a function changes its sign.

    Each end is evaluated once, so that a function that is itself the result of a search need not reproduce its values.

    Parameters
    ----------
    f : callable
        May be infinite.
    a, b : float
        Two points, in any order.
    xtol, rtol : float
        Absolute and relative accuracy; the absolute one is at least 1e-300.

    Raises
    ------
    NotAvailable
        When the values at the ends are not numbers or have the same sign, or the function isn't a number in between.

    Examples
    --------
    >>> root(lambda x: x**2 - 2, 0, 2, xtol=1e-12).__round__(6)
    1.414214
    """
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

    return float(brentq(value, a, b, xtol=max(xtol, 1e-300), rtol=rtol))


def attempt(name: str, compute: Callable[[], Result], unavailable: dict[str, str]) -> Result | None:
    """Compute one part of a document; where the numbers don't allow it, note why and go on without it.

    Only numerical failures are caught: any other error is a fault of the program and surfaces.

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
    except (NotAvailable, np.linalg.LinAlgError) as reason:
        unavailable[name] = str(reason)
        return None
