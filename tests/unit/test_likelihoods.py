"""Likelihoods: do their parts belong to one distribution?"""

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from hiermeta.likelihoods import LIKELIHOODS
from hiermeta.models.counts import aggregate

SIGMA = 0.7
DISTRIBUTIONS = {
    "gaussian": lambda linear, size: stats.norm(linear, SIGMA),
    "bernoulli": lambda linear, size: stats.bernoulli(expit(linear)),
    "binomial": lambda linear, size: stats.binom(np.asarray(size, int), expit(linear)),
    "poisson": lambda linear, size: stats.poisson(size * np.exp(linear)),
}
"""Those of SciPy, from which the likelihoods take nothing."""
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
    return float((found.logpdf(y) if name == "gaussian" else found.logpmf(y)).sum())


def together(name):
    """The same rows, those with one linear predictor together, and that predictor."""
    linear, size, y = outcomes(name)
    value = np.unique(linear)
    rows, _ = aggregate(LIKELIHOODS[name], np.searchsorted(value, linear), y, size, linear[:, None], linear[:, None])
    return rows, value


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
    dispersion = SIGMA**2 if LIKELIHOODS[name].has_sigma else 1.0
    found = rows.kernel(rows.known + linear).sum() / dispersion + rows.normalisers(dispersion).sum()
    assert found == pytest.approx(log_density(name), rel=1e-12)


@every
def test_mean_and_curvature_are_derivatives_of_the_density(name):
    """Is y − mean the slope of the log density, and the curvature minus its second derivative?

    Central differences with steps of 1e-4 are good to 1e-6. Seen to fail with trials left out of the curvature.
    """
    rows, linear = together(name)
    linear, step = rows.known + linear, 1e-4
    low, middle, high = (rows.kernel(linear + shift) for shift in (-step, 0.0, step))
    mean = rows.mean(linear)
    assert (high - low) / (2 * step) == pytest.approx(rows.y - mean, rel=1e-5, abs=1e-6)
    assert -(high - 2 * middle + low) / step**2 == pytest.approx(rows.curvature(mean), rel=1e-5, abs=1e-5)


@every
def test_distribution_function_is_scipys(name):
    """Are P(Y < y) and P(Y ≤ y) SciPy's? Seen to fail with the probability of y counted in both."""
    (linear, size, y), likelihood = outcomes(name), LIKELIHOODS[name]
    below, upto = likelihood.cumulative(y, size, linear, SIGMA)
    right, step = DISTRIBUTIONS[name](linear, size), 0.0 if name == "gaussian" else 1.0
    assert upto == pytest.approx(right.cdf(y), rel=1e-10)
    assert below == pytest.approx(right.cdf(y - step), rel=1e-10, abs=1e-14)


@every
def test_random_outcomes_have_the_distributions_mean_and_variance(name):
    """Have simulated outcomes SciPy's mean and variance, row by row?

    Within five standard errors of 20,000 draws. Seen to fail with one trial for all of a row's.
    """
    (linear, size, _), likelihood = outcomes(name), LIKELIHOODS[name]
    rng, draws = np.random.default_rng(12), 20_000
    found = np.stack([likelihood.simulate(rng, linear, size, SIGMA) for _ in range(draws)])
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
    expected = y.mean() if name == "gaussian" else y.sum() / size.sum()
    assert likelihood.link.inverse(np.array(likelihood.overall(y, size))) == pytest.approx(expected, rel=1e-12)
    for edge in (np.zeros(len(y)), size):
        assert np.isfinite(likelihood.overall(edge, size))
