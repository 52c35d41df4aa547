"""The O(k) algebra of the classical fits against dense matrices, and what it does with awkward data."""

import json
import time

import numpy as np
import pytest
from classical_cases import CASES, arguments
from scipy.linalg import sqrtm

from hiermeta.inference.classical import Unusable, classical
from hiermeta.inference.classical.gls import Gls
from hiermeta.inference.classical.likelihood import RestrictedLikelihood
from hiermeta.inference.classical.prediction import cluster_effects, predict, row_effects
from hiermeta.inference.classical.profile import rho_interval, tau2_interval
from hiermeta.inference.classical.reml import climb, fit
from hiermeta.inference.classical.rows import build
from hiermeta.inference.classical.sandwich import cr2

WITHIN, BETWEEN = 0.3, 0.2


class Dense:
    """Twelve rows in five clusters, shuffled, and their model as plain matrices."""

    def __init__(self, errors):
        rng = np.random.default_rng(7)
        self.cluster = rng.permutation([0, 0, 0, 1, 1, 2, 2, 2, 3, 4, 4, 4])
        k = len(self.cluster)
        self.same = (self.cluster[:, None] == self.cluster).astype(float)
        self.design = np.column_stack([np.ones(k), rng.normal(2000, 4, k)])
        self.effect = rng.normal(size=k)
        self.variance = rng.uniform(0.05, 0.5, k)
        self.settings = {}
        self.sampling = np.diag(self.variance)
        if errors == "correlated":
            self.settings = {"correlation": 0.6}
            correlations = 0.4 * np.eye(k) + 0.6 * self.same
            self.sampling = np.sqrt(np.outer(self.variance, self.variance)) * correlations
        elif errors == "covariance":
            draws = rng.normal(size=(k, k + 3))
            self.sampling = draws @ draws.T / 30 * self.same
            self.settings = {"covariance": self.sampling}
        self.rows = build(self.effect, self.variance, self.design, ["a", "b"], self.cluster, **self.settings)

    def covariance(self, within, between):
        return self.sampling + within * np.eye(len(self.effect)) + between * self.same

    def projection(self, within, between):
        inverse = np.linalg.inv(self.covariance(within, between))
        solved = inverse @ self.design
        m = np.linalg.inv(self.design.T @ solved)
        return inverse - solved @ m @ solved.T, m

    def log_likelihood(self, within, between):
        x, y = self.design, self.effect
        v = self.covariance(within, between)
        p, m = self.projection(within, between)
        logs = np.linalg.slogdet(v)[1] - np.linalg.slogdet(m)[1] - np.linalg.slogdet(x.T @ x)[1]
        return -0.5 * ((len(y) - 2) * np.log(2 * np.pi) + logs + y @ p @ y)


@pytest.fixture(params=["independent", "correlated", "covariance"])
def dense(request):
    return Dense(request.param)


def test_restricted_likelihood_is_the_dense_formula(dense):
    """For all three kinds of sampling errors, and at the edges? 1e-8: the dense formula inverts years near 2000.

    Seen to fail without the term log|Q'V⁻¹Q| of restricted maximum likelihood.
    """
    within, between = np.array([WITHIN, 0, 0, 0.1]), np.array([BETWEEN, 0, 0.4, 0])
    expected = [dense.log_likelihood(*pair) for pair in zip(within, between, strict=True)]
    assert RestrictedLikelihood(dense.rows)(within, between) == pytest.approx(expected, abs=1e-8)


def test_chunks_do_not_change_the_likelihood(dense, monkeypatch):
    """Are the pairs of variances treated alike when they are processed in parts?

    Seen to fail with the variances of a chunk in reverse order.
    """
    likelihood, tau2 = RestrictedLikelihood(dense.rows), np.linspace(0, 1, 7)
    whole = likelihood(tau2, tau2)
    monkeypatch.setattr("hiermeta.inference.classical.likelihood._CHUNK", 1)
    assert likelihood(tau2, tau2) == pytest.approx(whole, rel=1e-14)


def test_derivatives_are_those_of_the_traces(dense):
    """Are score, information and Hessian the textbook expressions in P? 1e-7 relative, as above.

    Seen to fail without the factor ½ of the score.
    """
    p, _ = dense.projection(WITHIN, BETWEEN)
    parts, y = [np.eye(len(dense.effect)), dense.same], dense.effect
    gls = Gls(dense.rows, WITHIN, BETWEEN)
    traces = np.array([[np.trace(p @ a @ p @ b) for b in parts] for a in parts])
    squares = np.array([[y @ p @ a @ p @ b @ p @ y for b in parts] for a in parts])
    score = [0.5 * (y @ p @ a @ p @ y - np.trace(p @ a)) for a in parts]
    assert gls.score == pytest.approx(np.array(score), rel=1e-7)
    assert gls.information == pytest.approx(traces / 2, rel=1e-7)
    assert gls.hessian == pytest.approx(traces / 2 - squares, rel=1e-7)


def test_predictions_are_the_dense_formulas(dense):
    """Are true effects y − S P y with covariance S − S P S, and b_c = σ_b² z'P y, in the user's order of rows?

    Seen to fail with the covariance of mean and random effect dropped.
    """
    p, m = dense.projection(WITHIN, BETWEEN)
    s, x, y = dense.sampling, dense.design, dense.effect
    effect, se = row_effects(Gls(dense.rows, WITHIN, BETWEEN))
    assert effect == pytest.approx(y - s @ p @ y, abs=1e-8)
    assert se == pytest.approx(np.sqrt(np.diag(s - s @ p @ s)), abs=1e-8)
    clusters = cluster_effects(Gls(dense.rows, WITHIN, BETWEEN))
    v = np.linalg.inv(dense.covariance(WITHIN, BETWEEN))
    for c in range(5):
        z = (dense.cluster == c).astype(float)
        mean = z @ x / z.sum()
        # θ̂ − θ = mean'(β̂ − β) + b̂ − b is linear in y and b: its variance from the joint covariance of the two.
        weights = mean @ m @ x.T @ v + BETWEEN * z @ p
        own = BETWEEN - 2 * BETWEEN * weights @ z + weights @ dense.covariance(WITHIN, BETWEEN) @ weights
        assert clusters["estimate"][c] == pytest.approx(weights @ y, abs=1e-6)
        assert clusters["se"][c] == pytest.approx(np.sqrt(own), abs=1e-8)


def test_cr2_is_its_definition(dense):
    """Are A_c = D_c'B_c^(-1/2)D_c and the moments behind the degrees of freedom those of the dense definition?

    Pustejovsky & Tipton 2018, with the Cholesky root D_c; the library uses neither B_c nor (I − H).

    Seen to fail with CR2 weights that ignore the leverage of the coefficients.
    """
    x, y, k = dense.design, dense.effect, len(dense.effect)
    phi = dense.covariance(WITHIN, BETWEEN)
    inverse = np.linalg.inv(phi)
    m = np.linalg.inv(x.T @ inverse @ x)
    annihilator = np.eye(k) - x @ m @ x.T @ inverse
    residual, contrast = annihilator @ y, np.array([0.0, 1.0])
    meat, vectors = np.zeros((2, 2)), []
    for c in range(5):
        i = np.flatnonzero(dense.cluster == c)
        root = np.linalg.cholesky(phi[np.ix_(i, i)]).T
        b = root @ (annihilator[i] @ phi @ annihilator[i].T) @ root.T
        a = root.T @ np.linalg.inv(np.real(sqrtm(b))) @ root
        score = x[i].T @ inverse[np.ix_(i, i)] @ a @ residual[i]
        meat += np.outer(score, score)
        vectors.append(annihilator[i].T @ a.T @ inverse[np.ix_(i, i)] @ x[i] @ m @ contrast)
    omega = np.array(vectors) @ phi @ np.array(vectors).T
    row = cr2(Gls(dense.rows, WITHIN, BETWEEN))[1]
    assert row["se"] == pytest.approx(np.sqrt((m @ meat @ m)[1, 1]), rel=1e-6)
    assert row["df"] == pytest.approx(np.trace(omega) ** 2 / np.sum(omega**2), rel=1e-6)


def random_rows(seed):
    """Small data of many kinds: precise and not, homogeneous and wild, one to many rows per cluster."""
    rng = np.random.default_rng(seed)
    k = int(rng.integers(4, 40))
    _, cluster = np.unique(rng.integers(0, rng.integers(2, max(3, k // 2 + 1)), k), return_inverse=True)
    variance = 10 ** rng.uniform(-3, 0, k) * rng.choice([1e-4, 1, 1e3])
    tau = np.sqrt(np.median(variance)) * rng.choice([0, 0.3, 1, 5, 100])
    rho = rng.choice([0, 0.5, 0.95, 1])
    true = np.sqrt(rho) * rng.normal(size=k)[cluster] + np.sqrt(1 - rho) * rng.normal(size=k)
    effect = tau * true + np.sqrt(variance) * rng.normal(size=k)
    return build(effect, variance, np.ones((k, 1)), ["intercept"], cluster, float(rng.choice([0, 0.6])))


@pytest.mark.parametrize("seed", range(12))
def test_maximum_and_intervals_are_global(seed):
    """Is no point of a fine grid higher than the maximum, and does each interval end where the grid's does?

    0.1 on the logarithm of τ² and 0.1 on the logit of ρ are the steps of the grid.

    Seen to fail with the profile interval's drop not halved.
    """
    found = fit(random_rows(seed))
    tau2 = np.exp(np.arange(np.log(found.rows.variance.min()) - 9, np.log(found.rows.variance.max()) + 25, 0.1))
    logit = np.arange(-15, 15, 0.1)
    rho = np.concatenate([[0], 1 / (1 + np.exp(-logit)), [1]])
    height = found.likelihood(np.outer(tau2, 1 - rho).ravel(), np.outer(tau2, rho).ravel()).reshape(len(tau2), -1)
    assert height.max() <= found.log_likelihood + 1e-9
    inside = height >= found.log_likelihood - 1.920729
    lower, upper = tau2_interval(found)
    seen = tau2[inside.any(axis=1)]
    assert lower * (1 - 1e-6) <= seen[0] <= max(lower * np.exp(0.11), tau2[0])
    assert upper * np.exp(-0.11) <= seen[-1] <= upper * (1 + 1e-6)
    lower, upper = rho_interval(found)
    seen = rho[inside.any(axis=0)]
    assert lower - 1e-6 <= seen[0] <= lower + 0.03
    assert upper - 0.03 <= seen[-1] <= upper + 1e-6


@pytest.mark.parametrize("seed", [894, 3676])
def test_higher_of_two_peaks_is_found(seed):
    """Where a climb from the highest point of the grid ends on the lower of two peaks, is the other one found?

    Climbs from many starts find both (they differ by 0.010 and 0.005); 1e-9 is rounding.

    Seen to fail with a climb from the highest point of the grid only.
    """
    rng = np.random.default_rng(seed)
    k = int(rng.integers(4, 9))
    _, cluster = np.unique(np.sort(rng.integers(0, 3, k)), return_inverse=True)
    variance = 10 ** rng.uniform(-5, 1, k)
    rows = build(rng.normal(size=k) * rng.choice([0.1, 1, 3]), variance, np.ones((k, 1)), ["a"], cluster)
    likelihood, starts = RestrictedLikelihood(rows), [0, 1e-4, 1e-2, 1, 10]
    heights = [climb(likelihood, np.array([w, b])).log_likelihood for w in starts for b in starts]
    assert min(heights) < max(heights) - 0.004, "one peak only: the data don't test this"
    assert fit(rows).log_likelihood >= max(heights) - 1e-9


def test_order_and_units_do_not_matter():
    """Does the fit follow when rows are shuffled, clusters renamed, effects scaled and a moderator recoded?

    Seen to fail with rows in the program's order of clusters, not the user's.
    """
    case = arguments(CASES["konstantopoulos2011 ~yearc"])
    reference = classical(**case)
    order = np.random.default_rng(3).permutation(len(case["effect"]))
    design = case["design"][order] * [1, 10]
    changed = classical(
        1000 * case["effect"][order],
        1e6 * case["variance"][order],
        design,
        case["terms"],
        10 - case["cluster"][order],
    )
    assert changed["tau2"] == pytest.approx(1e6 * reference["tau2"], rel=1e-6)
    assert changed["rho"] == pytest.approx(reference["rho"], rel=1e-6)
    slope = changed["coefficients"][1]["estimate"]
    assert slope == pytest.approx(100 * reference["coefficients"][1]["estimate"], rel=1e-6)
    blups = np.array(reference["blups"]["rows"]["estimate"])
    assert changed["blups"]["rows"]["estimate"] == pytest.approx(1000 * blups[order], rel=1e-6)
    assert changed["blups"]["clusters"]["se"][::-1] == pytest.approx(
        [1000 * se for se in reference["blups"]["clusters"]["se"]], rel=1e-6
    )


def test_clusters_without_information_are_left_out():
    """Single rows per cluster, one cluster, or clusters as a factor in the design: is the two-level model fitted?

    Seen to fail with clusters of one row kept in the model.
    """
    rng = np.random.default_rng(1)
    y, v = rng.normal(size=9), rng.uniform(0.1, 1, 9)
    ones, triple = np.ones((9, 1)), np.repeat([0, 1, 2], 3)
    plain = classical(y, v, ones, ["a"])
    assert classical(y, v, ones, ["a"], np.arange(9)) == plain
    assert classical(y, v, ones, ["a"], np.zeros(9, int)) == plain
    factor = np.eye(3)[triple]
    assert classical(y, v, factor, list("abc"), triple)["clusters"] is None
    assert classical(y, v, ones, ["a"], triple)["clusters"] == 3


def test_dependent_errors_need_no_clusters():
    """Without clusters, is a sampling covariance among all rows used, and a diagonal one the same as variances?

    Seen to fail with a sampling covariance used with clusters only.
    """
    rng = np.random.default_rng(2)
    y, v, ones = rng.normal(size=8), rng.uniform(0.1, 0.5, 8), np.ones((8, 1))
    plain = classical(y, v, ones, ["a"])
    diagonal = classical(y, v, ones, ["a"], covariance=np.diag(v))
    assert diagonal["confint"]["tau2"] == pytest.approx(plain["confint"]["tau2"], rel=1e-6)
    assert diagonal["blups"]["rows"]["se"] == pytest.approx(plain["blups"]["rows"]["se"], rel=1e-6)
    dependent = np.diag(v) + 0.05
    inverse = np.linalg.inv(dependent)
    se = classical(y, v, ones, ["a"], covariance=dependent)["equal_effects"]["coefficients"][0]["se"]
    assert se == pytest.approx(inverse.sum() ** -0.5, rel=1e-10)


def test_unusable_data_are_refused():
    """Too few rows, collinear columns, impossible covariances: is there an error that says so?

    Seen to fail without the count of rows and without the look for positive definite covariances.
    """
    y, v, ones = np.arange(6.0), np.ones(6), np.ones((6, 1))
    cluster = np.repeat([0, 1], 3)
    with pytest.raises(Unusable, match="too few"):
        classical(y[:1], v[:1], ones[:1], ["a"])
    with pytest.raises(Unusable, match="collinear"):
        classical(y, v, np.column_stack([ones, 2 * ones]), ["a", "b"])
    with pytest.raises(Unusable, match="positive"):
        classical(y, v - 1, ones, ["a"])
    with pytest.raises(Unusable, match="positive definite"):
        classical(y, v, ones, ["a"], cluster, correlation=1.0)
    with pytest.raises(Unusable, match="different clusters"):
        classical(y, v, ones, ["a"], cluster, covariance=np.eye(6) + 0.1)


@pytest.mark.parametrize("k", [2, 3, 4])
def test_few_rows_still_give_json(k):
    """With hardly any degrees of freedom, is what is undefined null, and the rest strict JSON?

    Seen to fail with infinite numbers left in the results.
    """
    rng = np.random.default_rng(k)
    for cluster in (None, np.arange(k) // 2):
        result = classical(rng.normal(size=k), np.full(k, 0.1), np.ones((k, 1)), ["intercept"], cluster)
        json.dumps(result, allow_nan=False)
        assert result["small_study"] is None, "equal standard errors explain nothing"


def test_equal_effects_everywhere_give_zero_variances():
    """When all effects are the same, are Q, both variances and their lower bounds 0, without warnings?

    Seen to fail with the lower bound of τ² never zero.
    """
    result = classical(np.full(6, 0.3), np.linspace(0.1, 0.2, 6), np.ones((6, 1)), ["a"], np.repeat([0, 1], 3))
    assert result["Q"] == pytest.approx(0, abs=1e-20)
    assert result["tau2"] == 0
    assert result["confint"]["tau2"][1] == 0
    assert result["confint"]["tau2"][2] > 0
    exact = np.column_stack([np.ones(6), np.arange(6)])
    assert classical(np.arange(6.0), np.ones(6), exact, ["a", "b"])["knapp_hartung"]["QM"]["p"] < 1e-20


def test_large_data_take_well_under_a_second():
    """Does everything for 1,828 rows in 457 clusters take less than a second of one core? Measured: 0.2 s.

    Seen to fail with sums by a Python loop over clusters.
    """
    case = arguments(CASES["moura2021"])
    start = time.process_time()
    classical(**case)
    assert time.process_time() - start < 1


def test_predictions_where_a_moderator_hardly_varies_around_a_large_mean():
    """Are mean and SE at the mean design those of the moderator in units of its SD, to 1e-6?

    Seen to fail with an SE of 0.25 for 0.19, in other data with a complex one: x'Cov(β)x cancels in units of x.
    """
    rng = np.random.default_rng(3)
    x, effect, variance = rng.normal(size=20), rng.normal(size=20), rng.uniform(0.1, 0.3, 20)
    cluster = np.arange(20) % 6
    found = []
    for moderator in (x, 3 + 1e-8 * x):
        design = np.column_stack([np.ones(20), moderator])
        rows = build(effect, variance, design, ["intercept", "x"], cluster)
        found.append(predict(Gls(rows, 0.2, 0.1), rows.mean_design))
    for name in ("mean", "se", "ci", "pi"):
        assert found[1][name] == pytest.approx(found[0][name], abs=1e-6)
