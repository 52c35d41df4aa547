"""Does the R code that reports print run in R as it stands, and give the report's numbers?

R's optimisers stop short of the maximum. Where the log-likelihood is quadratic, a fit that is lower by d has each
parameter within sqrt(2d) standard errors of its estimate. So d is held to what the optimisers' settings allow, and
estimates to that distance and 1e-4 standard errors. metafor and lmer stop when the deviance changes by some 1e-8, in
steps that shrink slowly: 1e-6 for d. glmer's Laplace approximation stops when its inner iterations change a sum of some
hundreds by a relative 1e-7: the code as printed may miss the maximum by 1e-3, of which 1e-5 remain when run_code.R goes
on with a relative 1e-12.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from r_code_cases import settings
from r_code_runs import analysed, has_r, of_regression, run
from scipy.optimize import minimize
from scipy.stats import binom, poisson

from hiermeta.io.files import write_text
from hiermeta.io.results import Results
from hiermeta.marginal import hermite
from hiermeta.models import hierarchical_files
from hiermeta.models.meta import of_results
from hiermeta.report import r_code

pytestmark = pytest.mark.skipif(not has_r(), reason="needs R with metafor, lme4, jsonlite and clubSandwich")
NO_CODE = {"location-scale", "meta-scale-clusters", "meta-scale-covariance"}
"""Analyses that metafor has no model for."""
SCALE = {"meta-scale", "meta-scale-without-intercept"}
"""Analyses without a classical counterpart in the report."""
Found = dict[str, tuple[Results, dict[str, Any]]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Results and what R found with their code, by analysis."""
    folder = tmp_path_factory.mktemp("printed")
    every = {name: analysed(folder / name, own) for name, own in settings(tmp_path_factory.mktemp("data")).items()}
    for results in every.values():
        for _, name, text in r_code.codes(results):
            package = name.rpartition(" ")[2]
            file = {"RoBMA": "robma.R", "brms": "brms.R"}.get(package, "code.R")
            write_text(results.folder / file, text)
    in_r = run(folder)
    return {name: (results, in_r[name]) for name, results in every.items()}


def test_code_runs_as_it_stands(found: Found) -> None:
    """Does the code of every analysis run to its end, and is that for RoBMA and brms at least R?

    Seen to fail with levels not as data.csv has them, and where lme4 refuses as many effects as rows.
    """
    assert {name: r["error"] for name, (_, r) in found.items() if r["error"]} == {}
    assert {name for name, (_, r) in found.items() if "estimate" not in r} == NO_CODE
    for name in NO_CODE:
        assert (found[name][0].folder / "code.R").read_text(encoding="utf-8").startswith("# metafor has no model")


def test_the_case_has_the_right_values(found: Found) -> None:
    """Does R find what `right.md` of the reported case says: a pooled effect of 0.238, SE 0.057, no ρ?

    Seen to fail with `random = ~ factor(row) | factor(cluster)`, and with variances for V.
    """
    r = found["dependent"][1]
    assert (r["estimate"][0], r["se"][0], r["log_likelihood"][0]) == pytest.approx((0.238, 0.057, -1.350), abs=5e-4)
    assert r["between"][0] < 1e-6 * r["tau2"][0]


def test_metafor_gives_the_reports_numbers(found: Found) -> None:
    """Are coefficients, their three kinds of standard errors, τ², ρ and the prediction interval the report's?

    Seen to fail with negative ρ allowed, variances for V, names such as 01 read as numbers, reference levels left to R,
    a moderator called effect taken for the effect itself, rma() without an intercept, and the default threshold.
    """
    checked = [name for name, (results, _) in found.items() if results.is_meta and name not in NO_CODE | SCALE]
    assert len(checked) > 25
    for name in checked:
        results, r = found[name]
        document = results.classical
        slack = _slack(name, document["log_likelihood"] - r["log_likelihood"][0], 1e-6)
        order = _compare_coefficients(name, document["coefficients"], r, slack)
        total = document["typical_variance"] + document["tau2"]
        assert abs(r["tau2"][0] - document["tau2"]) < slack * total, name
        if document["clusters"] is not None:
            assert abs(r["between"][0] - document["tau2_between"]) < slack * total, name
        other = document["robust"]["CR2"] if "robust" in document else document["knapp_hartung"]["coefficients"]
        if "other_se" in r:
            expected = [row["se"] for row in other]
            assert np.array(r["other_se"], float)[order] == pytest.approx(expected, rel=slack), name
        if "pi" in r:
            assert r["pi"] == pytest.approx(document["predict"]["pi"], abs=slack * math.sqrt(total)), name


def test_lme4_gives_the_reports_numbers(found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    """Are coefficients, standard errors, SDs and correlations the report's?

    Where the report has quadrature and glmer only Laplace's approximation, they are those of quadrature with one node.
    Where lme4 says that it didn't converge, only the log-likelihood is compared.

    Seen to fail without the exposure, with Laplace's approximation where the report has quadrature, with names such as
    01 read as numbers, with reference levels left to R, and with clusters merged whose names hold colons.
    """
    checked = [name for name, (results, _) in found.items() if not results.is_meta]
    assert len(checked) > 20
    for name in checked:
        results, r = found[name]
        document = results.classical
        nodes, several = document.get("quadrature_nodes", 1), len(results.model["effects"]) > 1
        if nodes > 1 and several:
            monkeypatch.setitem(hermite.NODES, len(results.model["effects"]), 1)
            document = of_regression(hierarchical_files.models(results.table, results.model)[0])
        height = r["log_likelihood"][0] + (_saturated(results) if nodes > 1 and not several else 0.0)
        laplace = results.model["family"] != "gaussian" and (several or nodes == 1)
        slack = _slack(name, document["log_likelihood"] - height, 1e-5 if laplace else 1e-6)
        assert r["printed"][0] == pytest.approx(r["log_likelihood"][0], abs=1e-3), name
        if r["complaints"]:
            continue
        _compare_coefficients(name, document["coefficients"], r, slack, 0.01 if laplace else 0.0)
        unit = max([*document["sd"].values(), document.get("sigma", 1.0)])
        assert sorted(r["sd"]) == pytest.approx(sorted(document["sd"].values()), abs=slack * unit), name
        if document.get("sigma") is not None:
            assert r["sigma"][0] == pytest.approx(document["sigma"], rel=slack), name
        if not document["singular"]:
            expected = sorted(document["correlation"].values())
            assert sorted(r["correlation"]) == pytest.approx(expected, abs=2 * slack), name


def test_location_scale_models_are_the_reports(found: Found) -> None:
    """Does metafor maximise the restricted likelihood of the model that was sampled, row by row with the same τ?

    The report has no classical counterpart of it, so the likelihood is maximised here from the report's designs.

    Seen to fail with a term of the scale formula left out, and with reference levels left to R.
    """
    for name in sorted(SCALE):
        results, r = found[name]
        model = of_results(results)
        X, Z = model.user_design, model.scale_design

        def height(theta: np.ndarray, v: Any = model.variance, y: Any = model.effect, X: Any = X, Z: Any = Z) -> float:
            weight = 1 / (v + np.exp(2 * (theta[0] + Z @ theta[1:])))
            information = X.T @ (weight[:, None] * X)
            rest = y - X @ np.linalg.solve(information, X.T @ (weight * y))
            logs = np.log(weight).sum() - np.linalg.slogdet(information)[1] + np.linalg.slogdet(X.T @ X)[1]
            return 0.5 * float(logs - rest @ (weight * rest) - (len(y) - X.shape[1]) * np.log(2 * np.pi))

        best = minimize(lambda theta: -height(theta), np.zeros(1 + Z.shape[1]), options={"gtol": 1e-7})
        slack = _slack(name, -best.fun - r["log_likelihood"][0], 1e-6)
        log_tau = best.x[0] + Z @ best.x[1:]
        assert 0.5 * np.log(r["tau2"]) == pytest.approx(log_tau, abs=5 * slack), name  # an SE of log τ is below 5
        names = [*model.scale.names] if model.scale else []
        assert [_parts(term) for term in r["scale_names"]] == [_parts(term) for term in names]


def _slack(name: str, deficit: float, most: float) -> float:
    """How far R's estimates may be from the maximum, in standard errors, given how much lower R's log-likelihood is."""
    assert -most < deficit < most, f"{name}: R's log-likelihood is lower by {deficit}"
    return 1e-4 + math.sqrt(2 * max(deficit, 0.0))


def _compare_coefficients(
    name: str, rows: list[dict[str, Any]], r: dict[str, Any], slack: float, finite_differences: float = 0.0
) -> list[int]:
    """Compare estimates and standard errors by name; where R has each of the report's coefficients."""
    places = {_parts(term): i for i, term in enumerate(r["names"])}
    order = [0] if rows[0]["term"] == "mu" else [places[_parts(row["term"])] for row in rows]
    assert len(order) == len(places), name
    for place, row in zip(order, rows, strict=True):
        assert abs(r["estimate"][place] - row["estimate"]) < slack * row["se"], f"{name}: {row['term']}"
        assert r["se"][place] == pytest.approx(row["se"], rel=slack + finite_differences), f"{name}: {row['term']}"
    return order


def _parts(term: str) -> tuple[str, ...]:
    """The factors of a product as both programs name them, in one order."""
    plain = term.replace("(Intercept)", "intercept").replace("intrcpt", "intercept").replace(" (moderator)", "")
    for mark, other in {"**": "^", "`": "", "[": "", "]": "", " ": "", "'=": "="}.items():
        plain = plain.replace(mark, other)
    return tuple(sorted(plain.split(":")))


def _saturated(results: Results) -> float:
    """Log-likelihood of a model with a parameter per row, which glmer subtracts when it integrates by quadrature."""
    y = results.table[results.model["outcome"]].to_numpy()
    if results.model["family"] == "poisson":
        return float(poisson.logpmf(y, y).sum())
    size = results.table[results.model["settings"]["trials"]].to_numpy() if "trials" in results.model["settings"] else 1
    return float(binom.logpmf(y, size, y / size).sum())
