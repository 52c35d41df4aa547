"""Analyses from Python."""

import re

import pandas as pd
import pytest
import yaml
from benchmarks.compare_results import TOLERANCE, difference, leaves

import hiermeta
from tests.conftest import ROOT

CONFIG = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
PRESENTATION = ("title", "description", "citation", "data", "analysis")


def settings_of(name):
    """A shipped data set's settings and its table."""
    own = CONFIG["datasets"][name]
    table = pd.read_csv(ROOT / own["data"], dtype={"district": str})
    return {key: value for key, value in own.items() if key not in PRESENTATION}, table


def test_a_table_in_memory_gives_the_numbers_of_the_workflow(shipped_results, tmp_path):
    """Does the same code run: are a data frame's estimates, classical fit and exact posterior those of its file?

    Draws are the same because the seed is; the last digits depend on the number of threads that BLAS uses. Seen to
    fail with another seed.
    """
    own, table = settings_of("school-calendar")
    found = hiermeta.meta_analysis(table, **own)
    of_file = hiermeta.read_results(shipped_results / "school-calendar")
    for name in ("estimates", "heterogeneity", "true_effects"):
        pd.testing.assert_frame_equal(getattr(found, name), getattr(of_file, name), rtol=1e-9)
    for name in ("classical", "exact"):
        one, other = (dict(leaves(getattr(results, name))) for results in (found, of_file))
        assert one.keys() == other.keys()
        assert max(difference(one[place], other[place]) for place in one) < TOLERANCE
    assert found.figures == of_file.figures and "forest" in found.figures
    assert found.figure("forest").svg.startswith("<svg") and found.figure("forest")._repr_svg_()
    assert "school-calendar" not in repr(found) and "status pass" in repr(found) and "<table" in found._repr_html_()
    assert found.posterior.posterior.sizes["chain"] == 4
    page = found.report(tmp_path / "page.html")
    assert "<h1" in page.read_text(encoding="utf-8")
    kept = found.save(tmp_path / "kept")
    assert kept.estimates.equals(found.estimates)


def test_a_regression_has_its_own_tables(shipped_results):
    """Does an attribute give each table of a regression, and say that there is none of a meta-analysis?"""
    found = hiermeta.read_results(shipped_results / "school-achievement")
    assert {"pooling", "clustering", "random_effects"} <= set(dir(found)) and "heterogeneity" not in dir(found)
    assert list(found.pooling)[:2] == ["group", "cluster"]
    with pytest.raises(AttributeError, match="this kind of analysis"):
        _ = found.heterogeneity
    with pytest.raises(ValueError, match="there are agreement"):
        found.figure("forest")


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        ({"variance": "v"}, hiermeta.Refused, "the table: no column 'v', which `variance:` names. Did you mean 'vi'"),
        ({"effct": "yi"}, ValueError, "'effct'"),
        ({"measure": "XX"}, ValueError, "measure"),
    ],
)
def test_what_cannot_be_used_is_refused_as_by_the_workflow(settings, error, says):
    """Are a missing column, an unknown key and an unknown value told in the words of the workflow?"""
    own, table = settings_of("school-calendar")
    with pytest.raises(error, match=re.escape(says)):
        hiermeta.meta_analysis(table, **(own | settings))


def test_results_are_read_from_a_data_set_only(tmp_path):
    """Is a folder without results named as such?"""
    with pytest.raises(FileNotFoundError, match=r"no diagnostics\.json"):
        hiermeta.read_results(tmp_path)
