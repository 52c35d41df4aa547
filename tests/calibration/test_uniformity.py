"""The yardstick: bands and p values of ECDFs."""

import numpy as np
import pytest
from scipy.stats import kstest

from tests.calibration.uniformity import LEVEL, band, counts, coverage, critical, p_value, smallest_tail


@pytest.mark.parametrize("n", [10, 50])
def test_coverage_is_that_of_simulated_uniform_numbers(n):
    """Is the exact probability of staying inside that of 20,000 simulated ECDFs? Within four of their SEs.

    Fails when the counts are taken for independent, or a step's probability for (z_i − z_{i−1}) alone.
    """
    rng = np.random.default_rng(5)
    tails = np.array([smallest_tail(rng.random(n)) for _ in range(20_000)])
    for tail in (0.0005, 0.01, 0.1):
        inside = coverage(tail, n)
        assert (tails > tail).mean() == pytest.approx(inside, abs=4 * np.sqrt(inside * (1 - inside) / 20_000))


@pytest.mark.parametrize("n", [50, 1000])
def test_the_band_holds_whole_ecdfs_with_its_probability_and_hardly_more(n):
    """Is the band's probability 99.9%, to the little that counts allow? A p value of 0.001 lies on its edge."""
    assert LEVEL <= coverage(critical(n), n) < LEVEL + 1e-4
    lower, upper = band(n)
    values = (np.arange(n) + 0.5) / n
    assert np.all(lower * n <= counts(values)) and np.all(counts(values) <= upper * n)
    assert p_value(values) == pytest.approx(1, abs=1e-6)


def test_p_values_order_samples_as_kolmogorov_and_smirnov_do():
    """Are stretched samples, of which that other test is sure, outside the band, and slightly stretched ones inside?"""
    uniform = (np.arange(200) + 0.5) / 200
    for power, outside in ((1.1, False), (1.6, True)):
        for p in (p_value(uniform**power), kstest(uniform**power, "uniform").pvalue):
            assert bool(p < 1 - LEVEL) is outside
