"""Likelihoods: do their parts belong to one distribution?"""

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from hiermeta.likelihoods import LIKELIHOODS
from hiermeta.marginal.hermite import aggregate

OWN = np.array([0.7, 3.5])
SIGMA, NU = OWN
DISTRIBUTIONS = {
    "gaussian": lambda linear, size: stats.norm(linear, SIGMA),
    "student_t": lambda linear, size: stats.t(NU, linear, SIGMA),
    "bernoulli": lambda linear, size: stats.bernoulli(expit(linear)),
    "binomial": lambda linear, size: stats.binom(np.asarray(size, int), expit(linear)),
    "poisson": lambda linear, size: stats.poisson(size * np.exp(linear)),
}
"""Those of SciPy, from which the likelihoods take nothing."""
MEASURED = ("gaussian", "student_t")
"""With densities, where the others have probabilities."""
every = pytest.mark.parametrize("name", LIKELIHOODS)


def outcomes(name, n=40):
    """Linear predictors that repeat, trials or exposure, and outcomes from SciPy's distribution."""
    rng = np.random.default_rng(11)
    linear = np.repeat(rng.normal(0, 1, n // 4), 4)
    size = {"binomial": rng.integers(1, 9, n).astype(float), "poisson": rng.uniform(0.5, 4, n)}.get(name, np.ones(n))
    return linear, size, DISTRIBUTIONS[name](linear, size).rvs(random_state=rng).astype(float)


def log_density(name):
    """SciPy's log density of rows by themselves, at the linear predictors of `outcomes`."""
    linear, size, y = outcomes(name)
    found = DISTRIBUTIONS[name](linear, size)
    return float((found.logpdf(y) if name in MEASURED else found.logpmf(y)).sum())


def together(name):
    """The same rows, those with one linear predictor together, and that predictor."""
    linear, size, y = outcomes(name)
    value = np.unique(linear)
    rows, _ = aggregate(LIKELIHOODS[name], np.searchsorted(value, linear), y, size, linear[:, None], linear[:, None])
    return rows.at(OWN), rows.X[:, 0]


@every
def test_there_is_a_distribution_to_compare_with(name):
    """Is each likelihood among those compared here? Fails when one is added without its distribution."""
    assert name in DISTRIBUTIONS


@every
def test_density_of_rows_together_is_that_of_rows(name):
    """Is the log density of rows that stand together the sum of SciPy's over the rows?

    Equal but for rounding. Seen to fail without the logarithm of exposures, and without binomial coefficients.
    """
    rows, linear = together(name)
    found = rows.kernel(rows.known + linear).sum() + rows.normalisers().sum()
    assert found == pytest.approx(log_density(name), rel=1e-12)


@every
def test_score_and_weights_are_derivatives_of_the_density(name):
    """Is the score the slope of the log density, and do working weights have the score's variance?

    That variance is minus the second derivative, but for Student's t, where it is the mean of that over outcomes.
    Central differences with steps of 1e-4 are good to 1e-6. Seen to fail with trials left out of the weights.
    """
    rows, linear = together(name)
    linear, step = rows.known + linear, 1e-4
    low, middle, high = (rows.kernel(linear + shift) for shift in (-step, 0.0, step))
    score, weight = rows.derivatives(linear)
    assert (high - low) / (2 * step) == pytest.approx(score, rel=1e-5, abs=1e-6)
    if name == "student_t":
        squares = stats.t(NU).expect(lambda x: ((NU + 1) * x / (NU + x**2)) ** 2) / SIGMA**2
        assert weight == pytest.approx(rows.trials * squares, rel=1e-6)
    else:
        assert -(high - 2 * middle + low) / step**2 == pytest.approx(weight, rel=1e-5, abs=1e-5)


@every
def test_distribution_function_is_scipys(name):
    """Are P(Y < y) and P(Y ≤ y) SciPy's? Seen to fail with the probability of y counted in both."""
    (linear, size, y), likelihood = outcomes(name), LIKELIHOODS[name]
    below, upto = likelihood.cumulative(y, size, linear, OWN)
    right, step = DISTRIBUTIONS[name](linear, size), 0.0 if name in MEASURED else 1.0
    assert upto == pytest.approx(right.cdf(y), rel=1e-10)
    assert below == pytest.approx(right.cdf(y - step), rel=1e-10, abs=1e-14)


@every
def test_random_outcomes_have_the_distributions_mean_and_variance(name):
    """Have simulated outcomes SciPy's mean and variance, row by row?

    Within five standard errors of 20,000 draws. Seen to fail with one trial for all of a row's.
    """
    (linear, size, _), likelihood = outcomes(name), LIKELIHOODS[name]
    rng, draws = np.random.default_rng(12), 20_000
    found = np.stack([likelihood.simulate(rng, linear, size, OWN) for _ in range(draws)])
    mean, variance, kurtosis = DISTRIBUTIONS[name](linear, size).stats("mvk")
    assert (np.abs(found.mean(axis=0) - mean) < 5 * np.sqrt(variance / draws)).all()
    error = variance * np.sqrt((kurtosis + 2) / draws)
    assert (np.abs(found.var(axis=0) - variance) < 5 * error + 1e-3 * variance).all()


@every
def test_link_is_that_of_the_expected_outcome(name):
    """Is the inverse link the mean of one trial, or unit of exposure, also where exponentials overflow?"""
    linear = np.array([-800.0, -3.0, 0.0, 2.0])
    found = LIKELIHOODS[name].link.inverse(linear)
    assert found == pytest.approx(DISTRIBUTIONS[name](linear, 1).mean(), rel=1e-12, abs=1e-300)
    assert np.isfinite(LIKELIHOODS[name].link.inverse(np.array([800.0]))).all()


@every
def test_overall_mean_is_finite_at_the_edges(name):
    """Is the overall mean on the coefficients' scale right, and finite where no row, or every row, has an event?"""
    likelihood, (_, size, y) = LIKELIHOODS[name], outcomes(name)
    expected = y.mean() if name in MEASURED else y.sum() / size.sum()
    assert likelihood.link.inverse(np.array(likelihood.overall(y, size))) == pytest.approx(expected, rel=1e-12)
    for edge in (np.zeros(len(y)), size):
        assert np.isfinite(likelihood.overall(edge, size))
