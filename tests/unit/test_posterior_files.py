"""The posterior file gives back what was written."""

import numpy as np
import pandas as pd
import pytest
import xarray

from hiermeta.data.hierarchical import RESERVED
from hiermeta.io.posterior import Groups, read_group, write_posterior
from hiermeta.models import prior_draws
from hiermeta.sampling import meta, nuts
from hiermeta.sampling.hierarchical import RANDOM_EFFECTS


def test_names_with_slashes_come_back(tmp_path):
    """Are variables called as the user's columns are, slashes and division signs included, with their values?

    Seen to fail when readers were given the stored names: rates per hour broke the page of a finished analysis.
    """
    shape = (2, 3)
    names = ["km/h", "sd(a/b:km/h)", "x÷y", "plain", 'the "x" </b>']
    written = {name: np.full(shape, float(i)) for i, name in enumerate(names)}
    written["u[a/b]"] = np.arange(24.0).reshape(*shape, 4)
    path = tmp_path / "posterior.nc"
    variables = {"posterior": written, "constant_data": {"cluster_of_row[a/b]": np.arange(4)}}
    dims, labels = {"u[a/b]": ("cluster_id[a/b]",)}, {"cluster_id[a/b]": ["p/q", "r", "s", "t"]}
    write_posterior(path, Groups(variables, dims, labels), {})
    found = read_group(path, "posterior")
    assert list(found) == list(written)
    assert all(np.array_equal(found[name], values) for name, values in written.items())
    assert list(read_group(path, "constant_data")) == ["cluster_of_row[a/b]"]


def test_no_column_has_the_name_of_the_random_effects():
    """Is the variable of random effects one that no predictor may be called?

    Seen to fail when it was ``u``: a logistic regression on a column u ended with an error after sampling.
    """
    assert RANDOM_EFFECTS in RESERVED


@pytest.mark.parametrize(
    "name, labels",
    [
        ("bcg", {}),
        ("bcg_ablat", {"beta": ["intercept", "ablat"]}),
        ("bcg_scale", {"delta": ["ablat"]}),
    ],
)
def test_coefficients_are_stored_under_their_names(model_of, tmp_path, name, labels):
    """Has every coefficient of the mean and of log τ its own name in the posterior file of a meta-analysis?

    Seen to fail with the intercept of a scale formula, for which τ stands, among the names of its coefficients.
    """
    model = model_of(name)
    prior = prior_draws.meta_analysis(model, 4, np.random.default_rng(1))
    vectors = {part: np.moveaxis(prior.pop(part), -1, 0) for part in ("beta", "delta")}
    columns = prior | {f"{part}[{i}]": v for part, values in vectors.items() for i, v in enumerate(values, 1)}
    stats = ("divergent__", "energy__", "treedepth__", "n_leapfrog__", "accept_stat__", "stepsize__", "lp__")
    fitted = nuts.Sample(columns, dict.fromkeys(stats, np.ones((1, 4))), [])
    table = pd.DataFrame({"row": range(1, model.k + 1), "label": "study"})
    write_posterior(tmp_path / "posterior.nc", meta.groups(model, fitted, table, 1), {})
    with xarray.open_dataset(tmp_path / "posterior.nc", group="posterior", engine="h5netcdf") as data:
        found = {part: data[part].coords[data[part].dims[-1]].to_numpy().tolist() for part in labels}
    assert found == labels
