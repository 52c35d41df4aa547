"""Leave-one-out: one rule for all units against posteriors that are solved anew without each of them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr
from tests.exact.draws import of_lattice

from hiermeta.inference import exact, influence, loo, psis
from hiermeta.models import given_draws
from hiermeta.models.meta import build
from hiermeta.models.priors import parse

PRIORS = dict.fromkeys(("mu", "moderators"), parse("normal(0.1, 0.8)"))
PRIORS |= {"tau": parse("half_normal(0.5)")}


def table():
    rng = np.random.default_rng(5)
    rows = pd.DataFrame({"row": range(1, 11), "effect": rng.normal(size=10), "variance": rng.uniform(0.05, 0.5, 10)})
    return rows.assign(label=list("abcdefghij"), x=rng.normal(size=10), g=list("uvuvuuvvuu"))


@pytest.fixture(params=["clusters", "no clusters", "moderators", "dependent errors", "outlier", "outlying cluster"])
def model(request):
    rows, settings, covariance = table(), {}, None
    if request.param not in ("no clusters", "outlier"):
        rows["cluster"] = list("bbacabcaad")
    if request.param == "moderators":
        settings = {"moderators": "~ x + g"}
    if request.param == "dependent errors":
        sd, cluster = np.sqrt(rows["variance"].to_numpy()), rows["cluster"].to_numpy()
        same = cluster[:, None] == cluster[None, :]
        covariance = np.outer(sd, sd) * np.where(same, 0.6, 0) + 0.4 * np.diag(sd**2)
    if request.param == "outlier":
        rows["effect"] *= 0.3
        rows.loc[3, ["effect", "variance"]] = 9.0, 0.01
    if request.param == "outlying cluster":
        rows["effect"] += np.where(rows["cluster"] == "b", 8, 0)
    priors = PRIORS | ({"rho": parse("beta(2, 1)")} if "cluster" in rows else {})
    return build(rows, priors, settings, covariance)


def without(model, rows):
    """The model less some rows, its designs as they were standardised with them."""
    keep = ~np.isin(np.arange(model.k), rows)
    parts = {name: getattr(model, name)[keep] for name in ("effect", "variance", "design", "user_design", "order")}
    parts["scale_design"] = model.scale_design[keep]
    if model.clustered:
        clusters = model.cluster_of_row[keep]
        left = np.unique(clusters)
        parts["start"] = np.searchsorted(clusters, left)
        parts["clusters"] = tuple(model.clusters[c] for c in left)
        kept = np.split(keep, model.start[1:])
        blocks = [block[np.ix_(rows, rows)] for block, rows in zip(model.covariance, kept, strict=False) if rows.any()]
        parts["covariance"] = tuple(blocks)
    return replace(model, **parts)


def expected(model, rows, statistic):
    """elpd, moments without the rows, and the prediction of a weighted mean of the rows, by dense matrices."""
    posterior = exact.solve(model)
    rest = exact.solve(without(model, rows), tolerance=1e-8)
    weight, tau, rho, given = rest.weight, rest.tau, rest.rho, rest.conditional
    mu = given.mean @ model.mean_design
    mu_variance = np.einsum("p,npq,q->n", model.mean_design, given.covariance, model.mean_design)
    others = np.setdiff1d(np.arange(model.k), rows)
    same = np.equal.outer(model.cluster_of_row, model.cluster_of_row) if model.clustered else np.eye(model.k)
    sampling = np.diag(model.variance)
    for first, block in zip(model.start, model.covariance, strict=False):
        sampling[first : first + len(block), first : first + len(block)] = block
    mean, sd = exact.coefficient_prior(model)
    keep = weight > 1e-12
    total = sampling + (model.design * sd**2) @ model.design.T
    total = total + (tau[keep, None, None] ** 2) * (
        (1 - rho[keep, None, None]) * np.eye(model.k) + rho[keep, None, None] * same
    )
    residual = model.effect - model.design @ mean
    cross = total[:, rows][:, :, others]
    gain = np.linalg.solve(total[:, others][:, :, others], np.swapaxes(cross, 1, 2))
    centre = np.einsum("nor,o->nr", gain, residual[others]) @ statistic
    spread = np.einsum("r,nrs,s->n", statistic, total[:, rows][:, :, rows] - cross @ gain, statistic)
    deviation = residual[rows] @ statistic - centre
    w = weight[keep] / weight[keep].sum()
    prediction_variance = w @ (spread + deviation**2) - (w @ deviation) ** 2
    full_mean = posterior.weight @ posterior.conditional.mean
    centred = posterior.conditional.mean - full_mean
    covariance = np.tensordot(posterior.weight, posterior.conditional.covariance, 1)
    covariance = covariance + (centred.T * posterior.weight) @ centred
    change = weight @ given.mean - full_mean
    moments = {name: (weight @ values, weight @ values**2) for name, values in (("tau", tau), ("rho", rho))}
    return {
        "elpd": posterior.log_marginal_likelihood - rest.log_marginal_likelihood,
        "mu": weight @ mu,
        "mu_sd": np.sqrt(weight @ (mu_variance + mu**2) - (weight @ mu) ** 2),
        "tau": moments["tau"][0],
        "tau_sd": np.sqrt(moments["tau"][1] - moments["tau"][0] ** 2),
        "rho": moments["rho"][0],
        "rho_sd": np.sqrt(max(moments["rho"][1] - moments["rho"][0] ** 2, 0)),
        "pit": w @ ndtr(deviation / np.sqrt(spread)),
        "residual": (w @ deviation) / np.sqrt(prediction_variance),
        "cook": change @ np.linalg.solve(covariance, change),
    }


def agrees(result, unit, reference):
    for name, value in reference.items():
        ours = result.cook if name == "cook" else getattr(result.units, name)
        assert ours[unit] == pytest.approx(value, abs=2e-5, rel=2e-5), (unit, name)


def test_estimates_left_out_equal_refits(model):
    """Are elpd and everything that influence.csv and loo.csv say of an estimate those of a refit without its row?

    Dense matrices and a rule of their own stand against the formulas, for moderators, dependent errors and an estimate
    far from all others as well. 2e-5: elpd may change by 1e-4 over all units when nodes are added.

    Seen to fail with half of the log determinant of the cluster effects.
    """
    result = loo.by_estimate(exact.solve(model))
    for row in range(model.k):
        agrees(result, row, expected(model, [row], np.ones(1)))


def test_clusters_left_out_equal_refits(model):
    """The same for whole clusters, with the mean of their estimates by sampling precision?

    Seen to fail with half of the log determinant of the cluster effects.
    """
    if not model.clustered:
        pytest.skip("no clusters")
    result = loo.by_cluster(exact.solve(model))
    for cluster in range(len(model.clusters)):
        rows = np.flatnonzero(model.cluster_of_row == cluster)
        share = 1 / model.variance[rows]
        agrees(result, cluster, expected(model, rows, share / share.sum()))


def test_a_unit_without_which_the_posterior_moves_away_gets_its_own_rule(monkeypatch):
    """Does it matter? Without it, is the elpd of a gross outlier wrong?

    Seen to fail without rules of their own for stray units.
    """
    rows = table()
    rows["effect"] *= 0.3
    rows.loc[3, ["effect", "variance"]] = 9.0, 0.01
    model = build(rows, PRIORS)
    posterior, reference = exact.solve(model), expected(model, [3], np.ones(1))["elpd"]
    assert loo.by_estimate(posterior).units.elpd[3] == pytest.approx(reference, abs=1e-5)
    monkeypatch.setattr(loo, "_STRAY", 2.0)
    assert abs(loo.by_estimate(posterior).units.elpd[3] - reference) > 0.01


@pytest.mark.parametrize("name", ["konstantopoulos2011", "assink2016", "bcg", "bcg_ablat"])
def test_totals_equal_the_reference(model_of, exact_reference, name):
    """Are elpd_loo and elpd_loco those of an independent quadrature?

    1e-3 is asked for; refits say that the reference's elpd_loo of the school calendars is off by 1.5e-4.

    Seen to fail with half of the log determinant of the cluster effects.
    """
    posterior = exact.solve(model_of(name))
    assert loo.by_estimate(posterior).elpd == pytest.approx(exact_reference[name]["elpd_loo"], abs=1e-3)
    if posterior.model.clustered:
        assert loo.by_cluster(posterior).elpd == pytest.approx(exact_reference[name]["elpd_loco"], abs=1e-3)


def test_chunks_do_not_change_the_result(model_of, monkeypatch):
    """Is the running sum over nodes independent of how many are taken at once?

    Seen to fail with the first chunk of nodes alone.
    """
    posterior = exact.solve(model_of("bcg_ablat"))
    whole = loo.by_estimate(posterior)
    monkeypatch.setattr(loo, "_PAIRS", 100)
    parts = loo.by_estimate(posterior)
    assert parts.units.elpd == pytest.approx(whole.units.elpd, abs=1e-12)
    assert parts.units.mu_sd == pytest.approx(whole.units.mu_sd, rel=1e-9)


@pytest.mark.parametrize("name", ["konstantopoulos2011", "bcg_ablat"])
def test_importance_sampling_agrees_with_the_exact_result(model_of, name):
    """Do draws give the exact leave-one-out results, where both apply?

    Where k̂ < 0.4 says that weights have a variance, elpd within four of its Monte Carlo SEs, taken from their spread,
    and moments within 0.1 posterior SD, four times 1/√ESS for 2,000 effective draws of 10,000. Elsewhere elpd within
    0.15: over repetitions heavy-tailed units are off by up to 0.07.

    Seen to fail with weights by the density in the place of its inverse.
    """
    model = model_of(name)
    posterior, draws = exact.solve(model), of_lattice(model, seed=1)
    log_likelihoods = given_draws.log_likelihood(model, given_draws.Draws.from_chains(draws))
    references = (loo.by_estimate(posterior), loo.by_cluster(posterior) if model.clustered else None)
    for smoothed, reference, log_likelihood in zip(
        psis.leave_one_out(model, draws), references, log_likelihoods, strict=True
    ):
        if reference is None:
            assert smoothed is None
            continue
        ratios = np.exp(-log_likelihood.astype(float))
        error = ratios.std(axis=0) / ratios.mean(axis=0) / np.sqrt(len(ratios))
        ours, theirs = smoothed.left_out.units, reference.units
        good = smoothed.pareto_k < 0.4
        assert good.mean() > 0.6
        assert np.all(np.abs(ours.elpd - theirs.elpd) < np.where(good, 4 * error + 1e-3, 0.15))
        for mean, sd in (("mu", "mu_sd"), ("tau", "tau_sd"), ("rho", "rho_sd")):
            difference = np.abs(getattr(ours, mean) - getattr(theirs, mean))
            assert np.all(difference[good] <= 0.1 * getattr(theirs, sd)[good]), mean
        assert ours.pit[good] == pytest.approx(theirs.pit[good], abs=0.03)
        assert ours.residual[good] == pytest.approx(theirs.residual[good], abs=0.1)


def test_tables_have_the_rows_of_the_data(model):
    """Is each estimate's line in the files its own, in the order of data.csv, and each cluster named?

    Seen to fail with the inverse of the rows' order.
    """
    rows = table()
    if model.clustered:
        rows["cluster"] = list("bbacabcaad")
    posterior = exact.solve(model, tolerance=1e-4)
    left_out = [loo.by_estimate(posterior)] + ([loo.by_cluster(posterior)] if model.clustered else [])
    files = influence.tables(model, rows, left_out)
    by_row = np.empty(model.k)
    by_row[model.order] = left_out[0].units.elpd
    estimates = files["loo"].iloc[: model.k]
    assert estimates["row"].tolist() == list(range(1, 11))
    assert estimates["label"].tolist() == list("abcdefghij")
    assert estimates["elpd"].to_numpy() == pytest.approx(by_row)
    assert files["loo"].iloc[model.k :]["cluster"].tolist() == list(model.clusters)
    assert files["influence"]["rho"].isna().all() == (not model.clustered)
