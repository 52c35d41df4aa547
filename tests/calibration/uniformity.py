"""Are numbers uniform? Simultaneous bands of their ECDF and exact p values (Säilynoja, Bürkner & Vehtari 2022).

At each of `POINTS` places z the number of values up to z is binomial. The statistic is the smallest of the pointwise
two-sided tail probabilities; the probability that all counts stay where theirs are larger follows exactly, because the
counts are a Markov chain (their algorithm 2).
"""

from functools import lru_cache

import numpy as np
from scipy.stats import binom

POINTS = np.arange(1, 64) / 64
LEVEL = 0.999


def counts(values):
    """Shape (63,): how many values are at or below each of `POINTS`."""
    return np.searchsorted(np.sort(values), POINTS, side="right")


def smallest_tail(values):
    """The smallest two-sided binomial tail probability of the ECDF over `POINTS`."""
    found, n = counts(values), len(values)
    return float(2 * np.minimum(binom.cdf(found, n, POINTS), binom.sf(found - 1, n, POINTS)).min())


def region(tail, n):
    """First and last count at each point, shape (63,) each, whose tail probabilities are above ``tail``."""
    return binom.isf(1 - tail / 2, n, POINTS), binom.isf(tail / 2, n, POINTS)


def coverage(tail, n):
    """Probability that the counts of n uniform values have tail probabilities above ``tail`` at all points."""
    lower, upper = (limit.astype(int) for limit in region(tail, n))
    before, probability, z = np.zeros(1, int), np.ones(1), 0.0
    for low, high, point in zip(lower, upper, POINTS, strict=True):
        after = np.arange(low, high + 1)
        step = binom.pmf(after[:, None] - before, n - before, (point - z) / (1 - z))
        before, probability, z = after, step @ probability, point
    return float(probability.sum())


def p_value(values):
    """Probability that the ECDF of as many uniform values strays at least as far."""
    return 1 - coverage(smallest_tail(values) * (1 + 1e-9), len(values))


@lru_cache
def critical(n, level=LEVEL):
    """The tail probability whose region holds the whole ECDF of n uniform values with this probability or more."""
    low, high = 0.0, 1 - level
    for _ in range(24):
        middle = (low + high) / 2
        low, high = (middle, high) if coverage(middle, n) >= level else (low, middle)
    return low


def band(n, level=LEVEL):
    """Lower and upper limits of the ECDF at `POINTS`, shape (63,) each."""
    lower, upper = region(critical(n, level), n)
    return lower / n, upper / n
