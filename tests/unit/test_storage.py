"""The posterior file gives back what was written."""

import numpy as np

from hiermeta.data.hierarchical import RESERVED
from hiermeta.sampling.hierarchical import RANDOM_EFFECTS
from hiermeta.sampling.storage import Groups, read_group, write_posterior


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
