"""Are answers that data hardly inform marked as such? The tables of `answers`; what is right stands in its right.md."""

from pathlib import Path

import pytest

from hiermeta.config.expand import complete
from hiermeta.data.read import read_table
from hiermeta.stages.prepare import usable

ANSWERS = Path(__file__).parent / "answers"
META = {"analysis": "meta", "measure": "SMD", "effect": "yi", "variance": "vi", "cluster": "c"}
REGRESSION = {"analysis": "hierarchical", "formula": "y ~ x + (1 | g)"}
CASES = {
    "one-cluster": (META, "The estimates are in 1 cluster: ", True),
    "almost-single": (META, "", False),
    "two-clusters": (REGRESSION | {"family": "student_t"}, "", False),
    "separation": (REGRESSION | {"family": "bernoulli"}, "The outcome is separated by 'x'", True),
}


@pytest.mark.parametrize("name", CASES)
def test_what_rests_on_priors_is_warned_of(name):
    """Does a data set whose answer rests on the prior get a warning, and the status `warn` with it?

    Seen to fail with one cluster warned of without the status, and with measurements called separated.
    """
    settings, says, warns = CASES[name]
    (full,) = complete({"datasets": {"a": {"data": str(ANSWERS / f"{name}.csv")} | settings}})["datasets"].values()
    validated = usable(read_table(full["data"]), full).validated
    told = [text for text in validated.warnings if says and text.startswith(says)]
    assert bool(told) == bool(says)
    assert validated.suspicions == (told if warns else [])
