"""The posterior if sampling errors within clusters were correlated."""

import numpy as np
import pytest

from hiermeta.inference import exact, sampling_correlation


def test_assink_depends_on_the_correlation_as_known(model_of):
    """Are μ and ρ 0.416 and 0.604 with independent errors, and those of `sampling_correlation: 0.6` with such ones?

    The latter, with limits, from the workflow's own dependent errors (gallery, ``dependent-errors``), whose covariance
    is built elsewhere. Seen to fail with correlation on the diagonal, too.
    """
    found = sampling_correlation.table(exact.solve(model_of("assink2016"))).set_index(["correlation", "parameter"])
    mean = found["mean"]
    assert (mean[0.0, "mu"], mean[0.0, "rho"]) == pytest.approx((0.416, 0.604), abs=5e-4)
    at = found.loc[(0.6, "mu")]
    assert (at["mean"], at["q2.5"], at["q97.5"]) == pytest.approx((0.360, 0.168, 0.559), abs=5e-4)
    assert mean[0.6, "rho"] == pytest.approx(0.343, abs=5e-4)
    assert len(found) == 3 * len(sampling_correlation.CORRELATIONS)


def test_no_correlation_is_the_model_itself(model_of):
    """Is the algebra of correlated errors, at a correlation of zero, that of independent ones?

    Seen to fail with sampling variances in place of standard errors.
    """
    model = model_of("konstantopoulos2011")
    same = exact.solve(sampling_correlation.correlated(model, 0.0))
    assert same.log_marginal_likelihood == pytest.approx(exact.solve(model).log_marginal_likelihood, abs=1e-9)


def test_nothing_is_assumed_without_clusters(model_of):
    """Is there no table where no two estimates share a cluster?"""
    assert not len(sampling_correlation.table(exact.solve(model_of("bcg"))))
    model = model_of("konstantopoulos2011")
    assert np.all(sampling_correlation.correlated(model, 0.3).variance == model.variance)
