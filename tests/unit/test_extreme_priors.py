"""Priors and effects near the limits of arithmetic: refused with a reason, or analysed."""

import math

import numpy as np
import pandas as pd
import pytest

from hiermeta.inference.analysis import Evidence, without_draws
from hiermeta.models import meta
from hiermeta.models.priors import FAMILIES, PriorError, parse, parse_for

REFUSED = [
    *("lognormal(1000, 1)", "lognormal(-1000, 1)", "lognormal(0, 1000)", "lognormal(0, 1e-300)"),
    *("exponential(1e-320)", "exponential(1e300)", "beta(0.01, 0.01)", "beta(1e300, 1e300)", "beta(5, 0.01)"),
    *("gamma(0.01, 0.01)", "gamma(1e300, 1e300)", "inverse_gamma(0.01, 0.01)", "half_normal(1e-320)"),
    *("half_normal(1e308)", "half_cauchy(1e308)", "half_student_t(1e-3, 1)", "uniform(0, 1e308)"),
    *("uniform(0, 1e-320)", "uniform(0.5, 0.5000000000000001)", "point(1e308)", "point(1e-308)"),
]
USED = [
    *("half_normal(1e-6)", "half_normal(1e10)", "half_normal(1e15)", "half_cauchy(1e20)", "uniform(0, 1e99)"),
    *("beta(2, 2)", "beta(0.1, 0.1)", "gamma(0.05, 0.05)", "inverse_gamma(1, 1e12)", "lognormal(24, 1)"),
    *("exponential(1e20)", "half_student_t(1, 1e20)", "point(0)", "point(1e12)"),
]
FAR_OFF = ["normal(0, 1e20)", "normal(1e10, 1)", "normal(1e12, 1)", "point(1e12)", "point(1e99)", "normal(0, 1e-20)"]


def model_of(priors, effect=1.0, variance=1.0):
    table = pd.DataFrame({"row": range(1, 7), "label": list("abcdef"), "cluster": list("aabbcd")})
    table["effect"] = effect * np.array([0.1, 0.3, 0.5, 0.2, 0.4, -0.1])
    table["variance"] = variance * np.array([0.02, 0.03, 0.04, 0.02, 0.05, 0.02])
    chosen = {"mu": "normal(0, 1)", "tau": "half_normal(1)", "rho": "beta(1, 1)"} | priors
    return table, meta.build(table, {name: parse(text) for name, text in chosen.items()}, {}, None)


@pytest.mark.parametrize("text", REFUSED)
def test_priors_beyond_arithmetic_are_refused(text):
    """Are they refused where they are read, quoted, with a reason? Seen to fail where all of them were accepted."""
    with pytest.raises(PriorError) as caught:
        parse_for("tau", text)
    assert str(caught.value).startswith(repr(text))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("argument", [1e-320, 1e-99, 1e-6, 0.1, 1.0, 50.0, 1e6, 1e99, 1e308])
def test_what_is_not_refused_has_quantiles(family, argument):
    """Does every family with equal or scattered arguments either raise PriorError or give ordered, finite quantiles?

    Seen to fail with OverflowError at lognormal and with infinite quantiles elsewhere.
    """
    count = len(FAMILIES[family].arguments)
    for arguments in {(argument,) * count, (*(1.0,) * (count - 1), argument), (argument, *(1.0,) * (count - 1))}:
        for parameter in ("mu", "tau", "rho"):
            try:
                prior = parse_for(parameter, f"{family}({', '.join(map(repr, arguments))})")
            except PriorError:
                continue
            if not prior.is_point:
                low, middle, high = prior.ppf([0.05, 0.5, 0.95])
                assert math.isfinite(low) and math.isfinite(high)
                assert low <= middle <= high and low < high


@pytest.mark.parametrize(
    ("parameter", "text"), [*(("tau", text) for text in USED), *(("mu", text) for text in FAR_OFF)]
)
def test_wide_and_distant_priors_are_analysed(parameter, text):
    """Is there an exact posterior of finite numbers, or the reason why there is none?

    Seen to fail with IndexError in the search for the box, ValueError in quantiles, KeyError in the sensitivity.
    """
    table, model = model_of({parameter: text})
    with np.errstate(all="ignore"):
        found = without_draws(model, table, Evidence.of(model, "SMD", {})).documents["exact"]
    if found["applies"]:
        assert math.isfinite(found["log_marginal_likelihood"])
    else:
        assert "posterior" in found["reason"] or "prior" in found["reason"]


@pytest.mark.parametrize(
    ("effect", "variance"), [(1e50, 1), (1e50, 1e100), (1, 1e20), (1, 1e-20), (1e90, 1e90), (1e-90, 1e-90), (1, 1e90)]
)
def test_effects_of_any_size_leave_documents(effect, variance):
    """Do exact posterior and classical fit apply, or say why not? Seen to fail with LinAlgError at (1e50, 1)."""
    table, model = model_of({}, effect, variance)
    with np.errstate(all="ignore"):
        documents = without_draws(model, table, Evidence.of(model, "SMD", {})).documents
    for name in ("exact", "classical"):
        assert documents[name]["applies"] or documents[name]["reason"]
