"""Are roots found where they are, at boundaries too, and is it said why where there are none?"""

import math

import numpy as np
import pandas as pd
import pytest

from hiermeta.inference.classical import profile, reml
from hiermeta.inference.classical.rows import build
from hiermeta.inference.hierarchical import analysis, classical
from hiermeta.inference.hierarchical import profile as of_regressions
from hiermeta.inference.roots import SINGULAR, Higher, NotAvailable, attempt, followed, root
from hiermeta.models.hierarchical_files import with_priors


@pytest.mark.parametrize(
    ("f", "a", "b", "expected"),
    [
        (lambda x: x, 0.0, 1.0, 0.0),
        (lambda x: x - 1, 0.0, 1.0, 1.0),
        (lambda x: x - 0.25, 1.0, 0.0, 0.25),
        (lambda x: math.log(x) if x else -math.inf, 0.0, 3.0, 1.0),
        (lambda x: -1.0 if x < 0.5 else 1.0, 0.0, 1.0, 0.5),
        (lambda x: -1.0 if x < 1e-200 else 1.0, 0.0, 1e300, 1e-200),
    ],
    ids=["lower end", "upper end", "reversed", "infinite at an end", "jump", "far below the upper end"],
)
def test_roots_are_found_up_to_the_ends(f, a, b, expected):
    """Is each root found to the relative accuracy that is asked for?

    Seen to fail: the last with `brentq` itself, which stops after a hundred steps; the ends when their values had to
    have opposite signs.
    """
    assert root(f, a, b, xtol=1e-300) == pytest.approx(expected, rel=1e-11, abs=1e-300)


@pytest.mark.parametrize(
    ("f", "a", "b", "why"),
    [
        (lambda x: x + 1, 0.0, 1.0, "change of sign"),
        (lambda x: math.nan, 0.0, 1.0, "change of sign"),
        (lambda x: x, 1.0, 1.0, "change of sign"),
        (lambda x: x - 0.3 if x in (0, 1) else math.nan, 0.0, 1.0, "not a number"),
        (lambda x: x, -1.0, math.inf, "no search"),
        (lambda x: x, math.nan, 1.0, "no search"),
    ],
    ids=["one sign", "nan", "no interval", "nan inside", "infinite end", "end that is no number"],
)
def test_what_has_no_root_is_said(f, a, b, why):
    """Is there a reason in words in place of an error of the search, or of a number that is none?

    Seen to fail with `brentq` itself: ValueError, and RuntimeError at an infinite end.
    """
    with pytest.raises(NotAvailable, match=why):
        root(f, a, b, xtol=1e-12)


def test_numerical_failures_are_noted_and_others_surface():
    """Does a part that can't be had leave its reason, and a fault of the program its traceback?

    Seen to fail when overflows passed, and when every exception was caught.
    """
    unavailable = {}
    assert attempt("a", lambda: np.linalg.inv(np.zeros((2, 2))), unavailable) is None
    assert attempt("b", lambda: root(lambda x: 1.0, 0.0, 1.0, xtol=1e-9), unavailable) is None
    assert attempt("c", lambda: 1e300**2, unavailable) is None
    assert attempt("d", lambda: 4, unavailable) == 4
    assert unavailable.keys() == {"a", "b", "c"}
    assert unavailable["a"] == SINGULAR
    with pytest.raises(KeyError):
        attempt("e", lambda: {}["x"], unavailable)


def test_searches_go_on_from_higher_maxima_and_end():
    """Is the search repeated from what it finds, and given up after some rounds? Seen to fail without the limit."""

    def search(height):
        if height < 3:
            raise Higher(height + 1)
        return "found"

    assert followed(0, search, lambda _, point: point) == (3, "found")
    with pytest.raises(NotAvailable, match="higher maximum"):
        followed(-100, search, lambda _, point: point)


@pytest.mark.parametrize("clusters", [0, 6])
def test_profiles_lead_to_the_maximum(clusters):
    """Do profiles of a fit that stopped too early, at τ = 0 or far above, lead to the maximum, and then to its limits?

    Seen to fail: `brentq` asked for the limits of such a fit got ends of one sign, or they were those of the wrong
    maximum.
    """
    rng = np.random.default_rng(4)
    cluster = np.arange(24) % clusters if clusters else None
    effect = rng.normal(0, 0.4, 24) + (rng.normal(0, 0.5, 6)[cluster] if clusters else 0)
    rows = build(effect, rng.uniform(0.02, 0.1, 24), np.ones((24, 1)), ["mu"], cluster)
    best = reml.fit(rows)
    for within, between in ((0.0, 0.0), (5.0, 5.0 if clusters else 0.0), (0.3, 0.0)):
        start = np.array([within, between])
        early = reml.Reml(
            best.likelihood, reml.Gls(rows, within, between), float(best.likelihood(start[:1], start[1:])[0])
        )
        found, interval = followed(early, profile.tau2_interval, lambda fit, point: reml.climb(fit.likelihood, point))
        assert found.log_likelihood == pytest.approx(best.log_likelihood, abs=1e-8)
        assert interval == pytest.approx(profile.tau2_interval(best), rel=1e-5)


@pytest.mark.parametrize("formula", ["y ~ 1 + (1 | g)", "y ~ x + (x | g)"])
def test_profiles_of_regressions_lead_to_the_maximum(formula, monkeypatch):
    """Does a regression whose first fits stopped too early get the estimates and limits of the maximum all the same?

    Seen to fail when profiles took the fit for the maximum: limits on one side of where the likelihood is highest.
    """
    rng = np.random.default_rng(7)
    g, x = np.repeat(np.arange(12), 8), np.tile(np.linspace(-1, 1, 8), 12)
    y = rng.normal(0, 1, 12)[g] + x * rng.normal(0.5, 0.5, 12)[g] + rng.normal(0, 1, 96)
    rows = pd.DataFrame({"row": np.arange(1, 97), "g": g.astype(str), "x": x, "y": y})
    model = with_priors(rows, {"formula": formula, "family": "gaussian"})[0]
    null = with_priors(rows, {"formula": "y ~ 1 + (1 | g)", "family": "gaussian"})[0]
    whole = analysis.without_draws(model, null)
    climb = classical.fit

    def early(model, reml=True, further=None):
        found = climb(model, reml, further)
        return found if further is not None else classical.MixedFit(model, reml, 0.3 * found.theta)

    with pytest.raises(Higher):
        of_regressions.intervals(early(model, reml=False), {})
    monkeypatch.setattr(classical, "fit", early)
    found = analysis.without_draws(model, null)
    assert found["unavailable"] == {}
    assert found["log_likelihood"] == pytest.approx(whole["log_likelihood"], abs=1e-6)
    for name, interval in whole["confint"].items():
        assert found["confint"][name] == pytest.approx(interval, rel=2e-3, abs=2e-3), name
