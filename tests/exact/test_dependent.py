"""Dependent sampling errors: the rotated quadrature against one full multivariate normal."""

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import block_diag
from scipy.stats import multivariate_normal

from hiermeta.data.covariance import sampling_covariance
from hiermeta.data.problems import Refused
from hiermeta.inference import exact
from hiermeta.models.meta import build
from hiermeta.models.priors import parse

TABLE = pd.DataFrame(
    {
        "row": range(1, 9),
        "effect": [0.1, 0.4, -0.2, 0.3, 0.8, 0.5, 0.0, 0.2],
        "variance": [0.1, 0.2, 0.1, 0.3, 0.05, 0.1, 0.2, 0.1],
        "cluster": list("abababcc"),
    }
)


@pytest.mark.parametrize("clustered", [True, False])
def test_rotation_gives_the_likelihood_of_the_full_covariance(clustered):
    """Is the likelihood at any τ and ρ that of one normal with covariance S + U + prior of mu? 1e-9: rounding.

    Seen to fail with rotations the other way round.
    """
    matrix = sampling_covariance({"sampling_correlation": 0.7}, TABLE, 8)
    priors = {"mu": parse("normal(0.1, 0.8)"), "tau": parse("half_normal(1)"), "rho": parse("beta(1, 1)")}
    model = build(TABLE if clustered else TABLE.drop(columns="cluster"), priors, {}, matrix)
    tau, rho = np.array([0.0, 0.3, 1.2]), np.array([0.5, 0.0, 0.9]) * clustered
    same = model.cluster_of_row[:, None] == model.cluster_of_row[None, :]
    values = exact.conditional(model, tau, rho).log_likelihood
    for t, r, value in zip(tau, rho, values, strict=True):
        covariance = block_diag(*model.covariance) + t**2 * ((1 - r) * np.eye(8) + r * same) + 0.64
        expected = multivariate_normal(np.full(8, 0.1), covariance).logpdf(model.effect)
        assert value == pytest.approx(expected, abs=1e-9)


def test_a_correlation_of_zero_is_independence():
    """Does the dependent route meet the independent one where the correlation vanishes?

    Seen to fail with rotations the other way round.
    """
    priors = {"mu": parse("normal(0, 1)"), "tau": parse("half_normal(1)"), "rho": parse("beta(1, 1)")}
    dependent = exact.summarise(exact.solve(build(TABLE, priors, {}, np.diag(TABLE["variance"]))))
    independent = exact.summarise(exact.solve(build(TABLE, priors, {})))
    for row in ("mu", "tau", "rho", "I2"):
        assert dependent[row] == pytest.approx(independent[row], rel=1e-9)


def file(tmp_path, matrix, header=False):
    path = tmp_path / "v.csv"
    pd.DataFrame(matrix).to_csv(path, header=header, index=header)
    return {"covariance": str(path)}


def test_a_covariance_file_is_read_with_and_without_names_and_for_dropped_rows(tmp_path):
    """Are plain numbers and R's write.csv layout alike, and rows that were dropped left out?

    Seen to fail with the first rows for those that were kept.
    """
    matrix = sampling_covariance({"sampling_correlation": 0.5}, TABLE, 8)
    for header in (False, True):
        assert sampling_covariance(file(tmp_path, matrix, header), TABLE, 8) == pytest.approx(matrix)
    kept = TABLE.drop(index=[0, 3]).reset_index(drop=True)
    rows = [1, 2, 4, 5, 6, 7]
    assert sampling_covariance(file(tmp_path, matrix), kept, 8) == pytest.approx(matrix[np.ix_(rows, rows)])


def changed(i, j, value, symmetric=True):
    matrix = sampling_covariance({"sampling_correlation": 0.5}, TABLE, 8).copy()
    matrix[i, j] = value
    if symmetric:
        matrix[j, i] = value
    return matrix


@pytest.mark.parametrize(
    "matrix, words",
    [
        (np.eye(3), "3 × 3 numbers for 8 estimates"),
        (changed(0, 2, 0.01, symmetric=False), "entries of rows 1 and 3 differ"),
        (changed(1, 1, 0.5), "the variance of row 2 is 0.2"),
        (changed(0, 1, 0.01), "rows 1 and 2 are correlated but in different clusters"),
        (changed(0, 2, 0.2), "not positive definite"),
    ],
)
def test_a_matrix_that_cannot_be_the_sampling_covariance_is_refused(tmp_path, matrix, words):
    """Does each refusal name the file and the rows? Seen to fail without the look for symmetry."""
    with pytest.raises(Refused, match=r"v\.csv") as caught:
        sampling_covariance(file(tmp_path, matrix), TABLE, 8)
    assert words in str(caught.value)


def test_a_correlation_needs_clusters():
    """Is a correlation without anything to be correlated in refused? Seen to fail without the look for clusters."""
    with pytest.raises(Refused, match="needs clusters"):
        sampling_covariance({"sampling_correlation": 0.5}, TABLE.drop(columns="cluster"), 8)


def test_a_correlation_within_clusters_of_one_estimate_leaves_errors_independent():
    """Does an analysis go on where missing values leave one estimate in each cluster, and drop the clusters?

    Seen to fail with clusters looked for in the validated table alone.
    """
    settings = {"sampling_correlation": 0.5, "cluster": "lab"}
    assert sampling_covariance(settings, TABLE.drop(columns="cluster"), 8) is None
