"""Quantities of clustering: what must not depend on how the same data or the same model are written down."""

import numpy as np
import pandas as pd
import pytest
from tests.conftest import REFERENCE, ROOT

from hiermeta.data.hierarchical import validate
from hiermeta.data.read import read_table
from hiermeta.inference.hierarchical import classical, classical_counts, clustering, complete
from hiermeta.models.hierarchical_files import null_settings, with_priors

HERDS = ROOT / "tests" / "cases" / "design-effect" / "data.csv"


def models(path, **settings):
    """A model and its null model."""
    table = validate(read_table(str(path)), settings).table
    return with_priors(table, settings)[0], with_priors(table, null_settings(settings))[0]


def explained(path, formula):
    """R² by maximum likelihood, by name, and the ICC."""
    model, null = models(path, formula=formula, family="gaussian")
    one, other = (classical.fit(fitted, reml=False).parameters for fitted in (model, null))
    table = clustering.table(model, one[[0, 0]], null, other[[0, 0]], complete.fit(model), (1, 2))
    values = table.set_index("quantity")["mean"]
    return values[values.index.str.startswith(("R2", "ICC"))]


@pytest.mark.parametrize("shift", [4.5, -20.0])
def test_variance_explained_does_not_depend_on_the_zero_of_a_predictor(tmp_path, shift):
    """Is every R² of a model with random slopes the same after a shift of the predictor, which doesn't change it?

    The optimiser stops within 1e-5 of the SDs. Seen to fail with the variance of the intercepts, at Days = 0, as the
    variance between subjects: R2 [between] went from 0.53 at Days = 0 to -0.11 at Days = 4.5.
    """
    source = pd.read_csv(REFERENCE / "hierarchical" / "sleepstudy.csv")
    moved = tmp_path / "moved.csv"
    source.assign(Days=source["Days"] - shift).to_csv(moved, index=False)
    formula = "Reaction ~ Days + (1 + Days | Subject)"
    before, after = (explained(path, formula) for path in (REFERENCE / "hierarchical" / "sleepstudy.csv", moved))
    assert "R2 [between]" in before
    pd.testing.assert_series_equal(before, after, rtol=1e-3, atol=1e-4)


def test_between_variance_explained_is_that_of_the_average_row():
    """Is R2 [between] 1 − mean(z'Σz)/τ₀², computed from the rows one by one?

    Seen to fail with the variance of the intercepts.
    """
    path = REFERENCE / "hierarchical" / "sleepstudy.csv"
    model, null = models(path, formula="Reaction ~ Days + (1 + Days | Subject)", family="gaussian")
    fitted, alone = (classical.fit(each, reml=False).parameters for each in (model, null))
    rows = [z @ fitted.covariance[0] @ z for z in model.Z]
    found = explained(path, "Reaction ~ Days + (1 + Days | Subject)")["R2 [between]"]
    assert found == pytest.approx(1 - np.mean(rows) / alone.sd[0, 0] ** 2, rel=1e-9)


@pytest.mark.parametrize("predictor", ["1", "period"])
def test_trials_and_rows_of_zero_and_one_are_the_same_individuals(tmp_path, predictor):
    """Do 56 binomial rows and the same 842 animals, a row each, have the same ICC, design effect and R²?

    The two likelihoods differ by a constant only; the optimiser stops within 1e-4. Seen to fail with rows counted in
    the place of animals (design effect 1.5 against 10.3), and with rows averaged without their trials.
    """
    herds = pd.read_csv(HERDS)
    repeated = herds.loc[herds.index.repeat(herds["size"])]
    turn = repeated.groupby(level=0).cumcount()
    animals = tmp_path / "animals.csv"
    repeated.assign(sick=(turn < repeated["incidence"]).astype(int)).to_csv(animals, index=False)
    binomial = models(HERDS, formula=f"incidence ~ {predictor} + (1 | herd)", family="binomial", trials="size")
    single = models(animals, formula=f"sick ~ {predictor} + (1 | herd)", family="bernoulli")
    found = []
    for model, null in (binomial, single):
        one, other = (classical_counts.fit(fitted).parameters for fitted in (model, null))
        values = clustering.quantities(model, one, null, other, (1,))
        found.append({name: float(value[0]) for name, value in values.items()})
    assert found[0] == pytest.approx(found[1], rel=2e-3)
    n, clusters = herds["size"].sum(), herds["herd"].nunique()
    expected = 1 + (n / clusters - 1) * found[0]["ICC [null]"]
    assert found[0]["design effect [null]"] == pytest.approx(expected, rel=1e-9)
