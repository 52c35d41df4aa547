"""Mixed models with nested and crossed grouping factors against lme4."""

import json

import pytest
from tests.conftest import REFERENCE

from hiermeta.data.hierarchical import validate
from hiermeta.data.read import read_table
from hiermeta.inference.hierarchical import classical, classical_counts
from hiermeta.models.hierarchical_files import null_settings, with_priors

FOLDER = REFERENCE / "hierarchical" / "factors"
LME4 = {f"{entry['data']}: {entry['formula']}": entry for entry in json.loads((FOLDER / "lme4.json").read_text())}
GAUSSIAN = [name for name, entry in LME4.items() if entry["family"] == "gaussian"]
COUNTS = [name for name, entry in LME4.items() if entry["family"] != "gaussian"]
OURS = {"cask:batch": "batch:cask", "Wafer:Lot": "Lot:Wafer", "recipe:replicate": "replicate:recipe"}
"""Nested groups have their names from the outside in; lme4 has them from the inside out."""
OURS |= {"BROOD": "LOCATION:BROOD", "(Intercept)": "intercept", "modewant": "mode[want]"}


def model_of(entry):
    settings = {"formula": entry["formula"], "family": entry["family"]}
    table = validate(read_table(str(FOLDER / f"{entry['data']}.csv")), settings).table
    return with_priors(table, settings)[0], with_priors(table, null_settings(settings))[0]


def variance_parts(entry, key="varcomp"):
    """lme4's SDs and correlations by the names that they have here."""
    found = {}
    for row in entry[key]:
        group, first = OURS.get(row["grp"], row["grp"]), OURS.get(row.get("var1"), row.get("var1"))
        if group == "Residual":
            found["sigma"] = row["sdcor"]
        elif row.get("var2"):
            found[f"cor({group}:{first},{OURS.get(row['var2'], row['var2'])})"] = row["sdcor"]
        else:
            found[f"sd({group}:{first})"] = row["sdcor"]
    return found


def own_parts(fitted):
    model, draw = fitted.model, fitted.parameters
    found = dict(zip(model.sd_names, draw.sd[0], strict=True))
    found |= {n: draw.correlation[0, i, j] for n, (i, j) in zip(model.correlation_names, model.pairs, strict=True)}
    return found | ({"sigma": draw.sigma[0]} if model.has_sigma else {})


@pytest.mark.parametrize("name", GAUSSIAN)
def test_gaussian_fits_are_those_of_lme4(name):
    """Are deviances, coefficients, SDs, correlations and random effects lme4's, nested, crossed and singular?

    lme4 was run until its parameters moved by less than 1e-9; deviances agree to 1e-5, estimates to 1e-3 of their size
    (SDs of random slopes to 1e-3 of the largest SD of their unit, since the deviance is flat in them).

    Seen to fail with variances of random effects not scaled by σ².
    """
    entry = LME4[name]
    model, null = model_of(entry)
    reml, ml = classical.fit(model), classical.fit(model, reml=False)
    assert reml.deviance == pytest.approx(entry["REML_crit"], abs=1e-5)
    assert -ml.deviance / 2 == pytest.approx(entry["ML_logLik"], abs=1e-5)
    assert reml.coefficients == pytest.approx([row["estimate"] for row in entry["fixed"]], rel=1e-4)
    assert reml.standard_errors == pytest.approx([row["se"] for row in entry["fixed"]], rel=1e-3)
    for fitted, key in ((reml, "varcomp"), (ml, "ML_sdcor")):
        assert own_parts(fitted) == pytest.approx(variance_parts(entry, key), rel=1e-3, abs=1e-4)
    assert reml.singular == entry["singular"]
    document = classical.document(reml, ml, classical.fit(null))
    found = {(row["group"], row["cluster"], row["term"]): row for row in document["random_effects"]}
    for row in entry["ranef"]:
        group = OURS.get(row["group"], row["group"])
        nested = group != row["group"]
        cluster = ":".join(reversed(row["cluster"].split(":"))) if nested else row["cluster"]
        own = found[group, cluster, OURS.get(row["term"], row["term"])]
        assert own["estimate"] == pytest.approx(row["estimate"], abs=1e-3 * reml.sigma)
        assert own["se"] == pytest.approx(row["se"], rel=2e-3, abs=1e-4)


@pytest.mark.parametrize("name", COUNTS)
def test_fits_of_counts_are_those_of_glmer(name):
    """Are Laplace's log likelihood, coefficients and SDs glmer's, with an effect per row too?

    glmer stops within about 1e-3 of the maximum of its approximation; estimates agree to 0.2% of an SE and of an SD.

    Seen to fail with half of the log determinant of Laplace's approximation.
    """
    entry = LME4[name]
    fitted = classical_counts.fit(model_of(entry)[0])
    assert fitted.log_likelihood == pytest.approx(entry["ML_logLik"], abs=1e-3)
    errors = [row["se"] for row in entry["fixed"]]
    away = (fitted.coefficients - [row["estimate"] for row in entry["fixed"]]) / errors
    assert away == pytest.approx(0, abs=5e-3)
    assert own_parts(fitted) == pytest.approx(variance_parts(entry), rel=5e-3, abs=1e-3)
    assert fitted.standard_errors == pytest.approx(errors, rel=2e-2)
