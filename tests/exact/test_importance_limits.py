"""Importance sampling of mixed models where it is hard: many dimensions, points far out, priors with ends."""

import numpy as np
import pandas as pd
import pytest

from hiermeta.inference.hierarchical import classical, evidence_latent, importance
from hiermeta.inference.hierarchical.evidence import _Marginal, evidence
from hiermeta.inference.hierarchical.importance import Effort, adapt
from hiermeta.models.hierarchical_files import with_priors


def table(clusters=8, rows=12):
    rng = np.random.default_rng(3)
    g = np.repeat([f"g{i}" for i in range(clusters)], rows)
    found = pd.DataFrame({"row": np.arange(1, g.size + 1), "g": g, "f": rng.choice(list("abcdef"), g.size)})
    found["x"] = rng.normal(size=g.size)
    found["y"] = 1 + 0.5 * found["x"] + np.repeat(rng.normal(0, 0.7, clusters), rows) + rng.normal(size=g.size)
    return found


@pytest.mark.parametrize("dimensions", [3, 40])
def test_the_proposal_ends_with_fewer_points_than_ten_per_dimension(dimensions):
    """Is the mass of a normal density found, within four of its errors, where points are fewer than 10 per dimension?

    Seen to fail by never ending: 64 points in 40 dimensions can't have an effective size of 400. So did logistic
    regressions with five correlated effects.
    """
    effort, rng = Effort(3, 64, 64), np.random.default_rng(1)
    scale = np.linspace(0.5, 1.5, dimensions)

    def target(z):
        return -0.5 * ((z / scale) ** 2).sum(axis=1)

    z, log_weight = adapt(target, np.zeros(dimensions), np.eye(dimensions), effort, rng)
    value, error, _ = importance.summary(log_weight, 10, rng)
    assert z.shape == (importance.GROUPS * 64, dimensions)
    if dimensions == 3:
        assert value == pytest.approx(0.5 * dimensions * np.log(2 * np.pi) + np.log(scale).sum(), abs=4 * error)


def test_points_far_out_have_no_weight_and_do_no_harm():
    """Does a proposal that reaches singular systems leave a marginal likelihood, that of an ordinary start?

    With clusters where levels are missing, V is singular in double precision at SDs of e²⁰. Seen to fail with a
    LinAlgError when the target got every point.
    """
    model = with_priors(table(6, 5), {"formula": "y ~ x + (f | g)", "family": "gaussian"})[0]
    target = _Marginal(model)
    with pytest.raises(np.linalg.LinAlgError):
        target(np.full((1, len(target.start(None)[0])), 0.0) + 25 * np.eye(len(target.start(None)[0]))[[1]])
    centre, root = target.start(None)
    z, log_weight = adapt(target, centre, 8 * root, Effort(0, 64, 64), np.random.default_rng(1))
    assert np.isneginf(log_weight).any()
    assert np.abs(z - centre).max() <= importance.FAR
    assert np.isfinite(importance.summary(log_weight, 10, np.random.default_rng(1))[0])


@pytest.mark.parametrize("prior", ["uniform(0, 0.2)", "uniform(3, 5)"])
def test_priors_whose_ends_leave_out_the_classical_estimate(prior):
    """Is the marginal likelihood found where REML's SD, 0.7, is outside of the prior's support, and all draws inside?

    Seen to fail, by no finite weights at all, when the first proposal stood at REML's SD.
    """
    settings = {"formula": "y ~ x + (1 | g)", "family": "gaussian", "priors": {"sd": prior}}
    model = with_priors(table(), settings)[0]
    found = evidence(model, classical.fit(model))
    low, high = model.priors["sd(g:intercept)"].support
    assert np.isfinite(found.value)
    assert found.error < 0.1
    assert ((found.draws.sd > low) & (found.draws.sd < high)).all()


def test_coefficients_whose_prior_leaves_out_the_estimate():
    """Do draws of a slope stay inside of a uniform prior that the data contradict?

    Seen to fail with a ValueError: where all draws at a point lay outside, their shares were not numbers.
    """
    settings = {"formula": "y ~ x + (1 | g)", "family": "gaussian", "priors": {"slopes": "uniform(1, 1.5)"}}
    model = with_priors(table(), settings)[0]
    found = evidence_latent.scores(model, classical.fit(model).parameters)
    weight = np.exp(found.posterior.log_weight).ravel()
    slopes = found.posterior.draws.beta[:, 1]
    assert np.isfinite(found.value)
    assert ((slopes > 1) & (slopes < 1.5))[weight > 0].all()


def test_crossed_factors_that_mean_nothing_have_a_classical_fit():
    """Does the likelihood have its maximum at finite SDs with three crossed factors, two of them without differences?

    Seen to fail with "Matrix is not positive definite": a line search went to relative SDs of 10¹⁰.
    """
    rng = np.random.default_rng(118)
    g = np.repeat(np.arange(12), 10)
    rows = pd.DataFrame({"row": np.arange(1, 121), "g": g.astype(str), "x": rng.normal(size=120)})
    rows["y"] = 1 + 0.5 * rows["x"] + rng.normal(0, 0.7, 12)[g] + rng.normal(size=120)
    for name, levels in (("u", 6), ("w", 5)):
        rows[name] = rng.choice([f"{name}{i}" for i in range(levels)], 120)
    model = with_priors(rows, {"formula": "y ~ x + (1 | g) + (1 | u) + (1 | w)", "family": "gaussian"})[0]
    assert (classical.fit(model, reml=False).parameters.sd < 2).all()


@pytest.mark.parametrize(
    ("log_weight", "total"),
    [
        ([-3e9, -3e9 + 1, -3e9 + 2], -3e9 + np.log(1 + np.e + np.e**2)),
        ([-np.inf, -np.inf], -np.inf),
        ([-np.inf, -2.0], -2.0),
        ([-1e300, -2e300], -np.inf),
        ([1e200, 5.0], -np.inf),
        ([np.nan, 0.0], -np.inf),
    ],
)
def test_shares_of_weights_add_up_to_one(log_weight, total):
    """Are shares probabilities wherever weights are, and has a point without usable weights none?

    Seen to fail with "Probabilities do not sum to 1" in a Poisson regression with an effect for each row: shares were
    differences from a logarithm that had lost its last digits.
    """
    found, share = evidence_latent._total(np.array(log_weight))
    assert found == pytest.approx(total)
    assert share.sum() == pytest.approx(1, abs=1e-12)
