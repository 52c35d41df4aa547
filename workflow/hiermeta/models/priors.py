"""Prior distributions written as strings, such as ``half_normal(0.35)``."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from hiermeta.data.cells import FAR
from hiermeta.likelihoods import LIKELIHOODS

Array = npt.NDArray[np.float64]
_CENTRAL = (0.05, 0.95)
_RESOLVED = 1e-12
"""Share of a value below which differences are lost in rounding."""


class PriorError(ValueError):
    """A prior string that can't be used; the message says what is allowed."""


@dataclass(frozen=True)
class _Family:
    """Argument names, their positivity, Stan's code for the family and its SciPy distribution."""

    arguments: tuple[str, ...]
    positive: tuple[str, ...]
    code: int
    support: tuple[float, float]
    build: Callable[..., Any]


class _Folded:
    """A distribution symmetric about zero, folded onto the positive half line."""

    def __init__(self, symmetric: Any) -> None:
        self._symmetric = symmetric

    def pdf(self, x: Array) -> Array:
        return np.where(np.asarray(x) < 0, 0.0, 2 * self._symmetric.pdf(x))

    def logpdf(self, x: Array) -> Array:
        return np.where(np.asarray(x) < 0, -np.inf, math.log(2) + self._symmetric.logpdf(x))

    def cdf(self, x: Array) -> Array:
        return np.maximum(2 * self._symmetric.cdf(x) - 1, 0.0)

    def ppf(self, q: Array) -> Array:
        return self._symmetric.ppf((1 + np.asarray(q)) / 2)

    def sf(self, x: Array) -> Array:
        return np.minimum(2 * self._symmetric.sf(x), 1.0)

    def isf(self, q: Array) -> Array:
        return self._symmetric.isf(np.asarray(q) / 2)


def _scipy(name: str, **renamed: str) -> Callable[..., Any]:
    def build(**arguments: float) -> Any:
        from scipy import stats  # imported late: half a second that most jobs don't need

        return getattr(stats, name)(**{renamed.get(key, key): value for key, value in arguments.items()})

    return build


def _folded(name: str) -> Callable[..., Any]:
    return lambda **arguments: _Folded(_scipy(name)(**arguments))


def _with(build: Callable[..., Any], convert: Callable[..., dict[str, float]]) -> Callable[..., Any]:
    return lambda **arguments: build(**convert(**arguments))


_REAL, _POSITIVE, _UNIT = (-math.inf, math.inf), (0.0, math.inf), (0.0, 1.0)

# The codes are those of stan/functions/priors.stan.
FAMILIES = {
    "normal": _Family(("mean", "sd"), ("sd",), 1, _REAL, _scipy("norm", mean="loc", sd="scale")),
    "student_t": _Family(("df", "loc", "scale"), ("df", "scale"), 2, _REAL, _scipy("t")),
    "cauchy": _Family(("loc", "scale"), ("scale",), 3, _REAL, _scipy("cauchy")),
    "half_normal": _Family(("scale",), ("scale",), 4, _POSITIVE, _folded("norm")),
    "half_student_t": _Family(("df", "scale"), ("df", "scale"), 5, _POSITIVE, _folded("t")),
    "half_cauchy": _Family(("scale",), ("scale",), 6, _POSITIVE, _folded("cauchy")),
    "gamma": _Family(
        ("shape", "rate"),
        ("shape", "rate"),
        7,
        _POSITIVE,
        _with(_scipy("gamma"), lambda shape, rate: {"a": shape, "scale": 1 / rate}),
    ),
    "inverse_gamma": _Family(("shape", "scale"), ("shape", "scale"), 8, _POSITIVE, _scipy("invgamma", shape="a")),
    "exponential": _Family(
        ("rate",), ("rate",), 9, _POSITIVE, _with(_scipy("expon"), lambda rate: {"scale": 1 / rate})
    ),
    "lognormal": _Family(
        ("meanlog", "sdlog"),
        ("sdlog",),
        10,
        _POSITIVE,
        _with(_scipy("lognorm"), lambda meanlog, sdlog: {"s": sdlog, "scale": math.exp(meanlog)}),
    ),
    "uniform": _Family(
        ("lower", "upper"),
        (),
        11,
        _REAL,
        _with(_scipy("uniform"), lambda lower, upper: {"loc": lower, "scale": upper - lower}),
    ),
    "beta": _Family(("a", "b"), ("a", "b"), 12, _UNIT, _scipy("beta")),
    "point": _Family(("value",), (), 0, _REAL, lambda value: None),
}


@dataclass(frozen=True)
class Prior:
    """A proper prior distribution, or a point.

    Parameters
    ----------
    family : str
        A key of ``FAMILIES``.
    arguments : tuple of float
        In the order in which the family names them.

    Examples
    --------
    >>> prior = parse("half_normal(0.5)")
    >>> print(prior, prior.support)
    half_normal(0.5) (0.0, inf)
    """

    family: str
    arguments: tuple[float, ...]

    def __str__(self) -> str:
        return f"{self.family}({', '.join(repr(float(value)).removesuffix('.0') for value in self.arguments)})"

    @property
    def short(self) -> str:
        """As ``str``, with four significant digits: for people, not for reading back."""
        return f"{self.family}({', '.join(f'{value:.4g}' for value in self.arguments)})"

    @property
    def code(self) -> int:
        """The family's number in ``stan/functions/priors.stan``; 0 is a point."""
        return FAMILIES[self.family].code

    @property
    def is_point(self) -> bool:
        return self.family == "point"

    @property
    def support(self) -> tuple[float, float]:
        if self.family == "uniform":
            return self.arguments[0], self.arguments[1]
        if self.is_point:
            return self.arguments[0], self.arguments[0]
        return FAMILIES[self.family].support

    def up_to_support(self, start: float, end: float) -> tuple[float, float]:
        """A range, as far as an end of the support that lies within half of its width.

        Examples
        --------
        >>> Prior("half_normal", (1.0,)).up_to_support(0.2, 1.0), Prior("normal", (0.0, 1.0)).up_to_support(0.2, 1.0)
        ((0.0, 1.0), (0.2, 1.0))
        """
        (low, high), room = self.support, 0.5 * (end - start)
        return low if start - low < room else start, high if high - end < room else end

    @property
    def stan_arguments(self) -> list[float]:
        """Three numbers, the family's arguments filled up with zeros."""
        return [*self.arguments, 0.0, 0.0, 0.0][:3]

    @cached_property
    def _distribution(self) -> Any:
        if self.is_point:
            raise PriorError(f"{self} has no density")
        family = FAMILIES[self.family]
        return family.build(**dict(zip(family.arguments, self.arguments, strict=True)))

    def pdf(self, x: npt.ArrayLike) -> Array:
        """Density at ``x``, elementwise."""
        return np.asarray(self._distribution.pdf(np.asarray(x, float)))

    def logpdf(self, x: npt.ArrayLike) -> Array:
        """Log density at ``x``, elementwise."""
        return np.asarray(self._distribution.logpdf(np.asarray(x, float)))

    def cdf(self, x: npt.ArrayLike) -> Array:
        """Probability of a value up to ``x``, elementwise."""
        return np.asarray(self._distribution.cdf(np.asarray(x, float)))

    def ppf(self, q: npt.ArrayLike) -> Array:
        """Quantiles at the probabilities ``q``, elementwise."""
        return np.asarray(self._distribution.ppf(np.asarray(q, float)))

    def draws(self, count: int, rng: np.random.Generator) -> Array:
        """Shape (count,): one from each of as many equally probable slices, shuffled."""
        if self.is_point:
            return np.full(count, self.arguments[0])
        return self.ppf((rng.permutation(count) + rng.uniform(size=count)) / count)

    def sf(self, x: npt.ArrayLike) -> Array:
        """Probability of a value above ``x``, elementwise, precise in the upper tail."""
        return np.asarray(self._distribution.sf(np.asarray(x, float)))

    def isf(self, q: npt.ArrayLike) -> Array:
        """Values exceeded with the probabilities ``q``, elementwise."""
        return np.asarray(self._distribution.isf(np.asarray(q, float)))

    def scaled(self, unit: float) -> Prior | None:
        """The prior of a quantity measured in another unit, x / ``unit``; None where the family has no such member."""
        change = _RESCALED.get(self.family)
        return Prior(self.family, change(unit, *self.arguments)) if change else None


# Arguments of the prior of x / u from those of x, for families that are closed under a change of unit.
_RESCALED: dict[str, Callable[..., tuple[float, ...]]] = {
    "normal": lambda u, mean, sd: (mean / u, sd / u),
    "student_t": lambda u, df, loc, scale: (df, loc / u, scale / u),
    "cauchy": lambda u, loc, scale: (loc / u, scale / u),
    "half_normal": lambda u, scale: (scale / u,),
    "half_student_t": lambda u, df, scale: (df, scale / u),
    "half_cauchy": lambda u, scale: (scale / u,),
    "gamma": lambda u, shape, rate: (shape, rate * u),
    "inverse_gamma": lambda u, shape, scale: (shape, scale / u),
    "exponential": lambda u, rate: (rate * u,),
    "lognormal": lambda u, meanlog, sdlog: (meanlog - math.log(u), sdlog),
    "uniform": lambda u, lower, upper: (lower / u, upper / u),
    "point": lambda u, value: (value / u,),
}


_CALL = re.compile(r"\s*([a-z_]+)\s*\(([^()]*)\)\s*")


def parse(text: str) -> Prior:
    """Read a prior string.

    Parameters
    ----------
    text : str
        ``family(argument, ...)`` with plain numbers, as in ``student_t(3, 0, 0.5)``.

    Raises
    ------
    PriorError
        Unknown family, wrong number of arguments, or an argument out of range.

    Examples
    --------
    >>> parse("beta(1, 1)").arguments
    (1.0, 1.0)
    """
    match = _CALL.fullmatch(text)
    if not match or match[1] not in FAMILIES:
        allowed = ", ".join(f"{name}({', '.join(family.arguments)})" for name, family in FAMILIES.items())
        raise PriorError(f"{text!r} is not a prior; allowed are {allowed}")
    name, family = match[1], FAMILIES[match[1]]
    form = f"write {name}({', '.join(family.arguments)})"
    parts = [part.strip() for part in match[2].split(",")]
    try:
        arguments = tuple(float(part) for part in parts)
    except ValueError:
        raise PriorError(f"{text!r}: {form} with plain numbers") from None
    if len(arguments) != len(family.arguments):
        raise PriorError(f"{text!r}: {form}")
    if not all(map(math.isfinite, arguments)):
        raise PriorError(f"{text!r}: the arguments must be finite")
    for argument, value in zip(family.arguments, arguments, strict=True):
        if argument in family.positive and value <= 0:
            raise PriorError(f"{text!r}: {argument} must be above zero")
    if name == "uniform" and arguments[0] >= arguments[1]:
        raise PriorError(f"{text!r}: lower must be below upper")
    return Prior(name, arguments)


# What each parameter's prior may be, beyond its support.
_DOMAIN = {"mu": _REAL, "tau": _POSITIVE, "rho": _UNIT, "moderators": _REAL, "scale": _REAL} | {
    "intercept": _REAL,
    "slopes": _REAL,
    "sd": _POSITIVE,
    "sigma": _POSITIVE,
}
_DOMAIN |= {shape.name: shape.bounds for likelihood in LIKELIHOODS.values() for shape in likelihood.shapes}


def parse_for(parameter: str, text: str) -> Prior:
    """Read the prior of a parameter, named as in the config, and check it; ``tau`` is an SD, not a variance.

    Raises
    ------
    PriorError
        As `parse`, or when the prior gives weight to values the parameter can't take.
    """
    prior = parse(text)
    lower, upper = _DOMAIN[parameter]
    if prior.support[0] < lower or prior.support[1] > upper:
        suited = [
            name
            for name, family in FAMILIES.items()
            if name in ("uniform", "point") or (family.support[0] >= lower and family.support[1] <= upper)
        ]
        raise PriorError(
            f"{text!r} allows values outside [{lower:g}, {upper:g}], the range of {parameter}; "
            f"use one of {', '.join(suited)}"
        )
    _check_computable(text, prior)
    return prior


def _check_computable(text: str, prior: Prior) -> None:
    """Refuse priors whose values a computer can't hold, or tell from each other or from a bound."""
    if prior.is_point:
        if prior.arguments[0] and not 1 / FAR <= abs(prior.arguments[0]) <= FAR:
            raise PriorError(f"{text!r}: the value must be zero, or between {1 / FAR:g} and {FAR:g} in size")
        return
    try:
        with np.errstate(all="ignore"):
            low, high = map(float, prior.ppf(_CENTRAL))
    except ArithmeticError:
        low = high = math.inf
    lower, upper = prior.support
    if not max(abs(low), abs(high)) <= FAR:
        raise PriorError(f"{text!r} puts 5% of its probability or more beyond {FAR:g}; choose a narrower prior")
    if lower == 0 and low < 1 / FAR:
        raise PriorError(f"{text!r} puts 5% of its probability or more below {1 / FAR:g}; move it away from zero")
    if high - low < _RESOLVED * max(abs(low), abs(high), 1 / FAR):
        raise PriorError(f"{text!r} is narrower than a computer can resolve; choose a wider prior")
    if math.isfinite(upper) and upper - high < _RESOLVED * (upper - lower):
        raise PriorError(f"{text!r} puts 5% of its probability or more next to {upper:g}; move it away")
