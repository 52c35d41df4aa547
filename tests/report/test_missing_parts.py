"""Does a part that can't be had leave every other part and the page as they were, and say why it isn't there?"""

from pathlib import Path

import pandas as pd
import pytest
import regression_folders
import result_folders
from html_tree import parse

from hiermeta.data.files import read_json, write_json
from hiermeta.figures.catalogue import write_figures
from hiermeta.inference import analysis, bridge, comparison, exact, loo, psis
from hiermeta.inference.classical import coefficients, heterogeneity, prediction, profile, sandwich, small_study
from hiermeta.inference.roots import NotAvailable
from hiermeta.models import meta
from hiermeta.models.priors import parse as prior
from hiermeta.report.context import write_report

WHY = "this part was made to fail"
PRIORS = {"mu": prior("normal(0, 1)"), "tau": prior("half_normal(0.5)"), "rho": prior("beta(1, 1)")}


def fails(*_, **__):
    raise NotAvailable(WHY)


def page(folder: Path) -> str:
    """The text of a page that was made, of results that may be used."""
    write_report(folder, {}, folder / "report.html", folder / "report.json")
    record = read_json(folder / "report.json")
    assert record["status"] in ("pass", "warn") and record["crashed"] == "", record
    return parse((folder / "report.html").read_text(encoding="utf-8")).text


def both(*names: str) -> set[str]:
    """Parts of the fit, and of the one that ignores clusters."""
    return {f"{start}{name}" for name in names for start in ("", "ignoring_clusters/")}


CLUSTERED = [
    (coefficients, "wald", both("coefficients") | {"equal_effects"}),
    (profile, "tau2_interval", both("confint/tau")),
    (profile, "rho_interval", {"confint/rho"}),
    (heterogeneity, "cochran", both("Q")),
    (heterogeneity, "i2", both("I2")),
    (heterogeneity, "typical_variance", both("I2", "typical_variance")),
    (prediction, "predict", both("predict")),
    (prediction, "row_effects", {"blups"}),
    (prediction, "cluster_effects", {"blups"}),
    (small_study, "regression", {"small_study"}),
    (coefficients, "containment", {"t"}),
    (sandwich, "cr2", {"robust/CR2"}),
    (sandwich, "cr1", {"robust/CR1"}),
    (heterogeneity, "likelihood_ratio_tests", {"likelihood_ratio"}),
]
MODERATED = [
    (coefficients, "omnibus", {"QM", "knapp_hartung"}),
    (heterogeneity, "r2", {"R2"}),
    (coefficients, "wald", {"coefficients", "equal_effects"}),
    (coefficients, "knapp_hartung_scale", {"knapp_hartung"}),
    (heterogeneity, "q_profile", {"q_profile"}),
    (prediction, "predict", {"predict", "knapp_hartung"}),
    (profile, "tau2_interval", {"confint/tau"}),
    (small_study, "regression", {"small_study"}),
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Folders of finished meta-analyses and their models: with clusters, and with a moderator."""
    results = tmp_path_factory.mktemp("missing") / "results"
    rows = result_folders.simulate(36, 12)
    table = pd.DataFrame(rows)
    with_clusters = meta.build(table, PRIORS, {})
    folder = result_folders.build(results / "clustered", rows)
    model = read_json(folder / "model.json") | {"factors": []}
    write_json(folder / "model.json", model)
    table = regression_folders.table(12, 0)
    settings = {"measure": "SMD", "moderators": "~ dose"}
    moderated = regression_folders.build(results / "moderated", table, settings)
    priors = PRIORS | {"moderators": prior("normal(0, 1)")}
    found = {
        "clustered": (folder, with_clusters),
        "moderated": (moderated, meta.build(table, priors, {"moderators": "~ dose"})),
    }
    for path, _ in found.values():
        write_figures(path, path / "figures")
    return found


def leaves(value, path=""):
    """What stands at each path of a document."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if entries is None:
        return {path: value}
    return {at: leaf for key, entry in entries for at, leaf in leaves(entry, f"{path}/{key}").items()}


def places(part):
    """Where a document has the numbers of a part."""
    name = part.removeprefix("ignoring_clusters/")
    own = {"Q": ["Q", "df", "p"], "R2": ["R2", "tau2_without_moderators"]}
    return [f"/{'ignoring_clusters/' * (name != part)}{at}" for at in own.get(name, [name])]


def lost(whole, document):
    """Paths of the numbers that only the whole document has; any other difference is an error."""
    before, after = leaves(whole), leaves(document)
    missing = {path for path, value in before.items() if value is not None and after.get(path) is None}
    kept = set(before) - missing
    assert {path: after.get(path) for path in kept} == {path: before[path] for path in kept}
    return missing


@pytest.mark.parametrize(
    ("name", "where", "attribute", "parts"),
    [("clustered", *case) for case in CLUSTERED] + [("moderated", *case) for case in MODERATED],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_failing_part_of_the_classical_counterpart_is_alone(name, where, attribute, parts, finished, monkeypatch):
    """Does the document keep every other number, and the page say what there is none of, and why?

    Seen to fail when one part ended the analysis or took the whole counterpart along: every case.
    """
    folder, model = finished[name]
    whole = analysis.classical_counterpart(model)
    assert whole["applies"] and whole["unavailable"] == {}
    monkeypatch.setattr(where, attribute, fails)
    document = analysis.classical_counterpart(model)
    assert document["unavailable"] == dict.fromkeys(parts, WHY)
    gone = lost(whole, document)
    assert gone
    assert all(path.startswith(tuple(at for part in parts for at in places(part))) for path in gone), gone
    write_json(folder / "classical.json", document)
    assert WHY in page(folder)
    write_json(folder / "classical.json", whole)
    assert WHY not in page(folder)


ANALYSED = (regression_folders.table(8, 0), {"measure": "SMD"})
OTHERS = {"common effect", "random effects (mu=0)", "common effect (mu=0)"}
WITHOUT_CLASSICAL = [
    ([(exact, "solve")], None, OTHERS),
    ([(exact, "summarise")], None, set()),
    ([(exact, "normal_mixture")], {"mu", "new effect"}, {"averaged/mu", "averaged/new effect"}),
    ([(exact, "quantile")], {"tau", "tau2", "I2", "H2"}, {"averaged/tau"}),
    ([(loo, "by_estimate")], {"elpd_loo"}, {f"{name}/elpd_loo" for name in OTHERS}),
    ([(loo, "by_estimate"), (psis, "leave_one_out")], {"elpd_loo"}, {"elpd", *(f"{name}/elpd_loo" for name in OTHERS)}),
    ([(analysis, "sensitivity")], {"sensitivity"}, set()),
    ([(bridge, "bridge")], set(), {"bridge"}),
    ([(comparison, "_averaged_tau")], set(), {"averaged/tau"}),
    ([(exact, "solve"), (bridge, "bridge")], None, OTHERS | {"bridge"}),
]
BAYESIAN = ("estimates", "heterogeneity", "predictions", "true_effects", "small_study")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A finished meta-analysis with everything."""
    return regression_folders.build(tmp_path_factory.mktemp("whole") / "results" / "x", *ANALYSED)


@pytest.mark.parametrize(("broken", "of_exact", "of_comparison"), WITHOUT_CLASSICAL)
def test_failing_parts_of_the_exact_posterior_leave_the_rest(
    broken, of_exact, of_comparison, whole, tmp_path, monkeypatch
):
    """Are the Bayesian tables and the other parts the same, and does the page, with its figures, name what is missing?

    Seen to fail when any of them ended the analysis: every case.
    """
    for where, attribute in broken:
        monkeypatch.setattr(where, attribute, fails)
    folder = regression_folders.build(tmp_path / "results" / "x", *ANALYSED)
    for name in BAYESIAN:
        assert (folder / f"{name}.csv").read_bytes() == (whole / f"{name}.csv").read_bytes()
    assert read_json(folder / "classical.json") == read_json(whole / "classical.json")
    document, compared = read_json(folder / "exact.json"), read_json(folder / "comparison.json")
    assert compared["unavailable"] == dict.fromkeys(of_comparison, WHY)
    if of_exact is None:
        assert document == {"applies": False, "reason": WHY}
    else:
        assert document["unavailable"] == dict.fromkeys(of_exact, WHY)
        for name, found, parts in (("exact", document, of_exact), ("comparison", compared, of_comparison)):
            at = tuple(f"/{part}" for part in parts)
            assert all(path.startswith(at) for path in lost(read_json(whole / f"{name}.json"), found))
    write_figures(folder, folder / "figures")
    assert not (folder / "figures" / "error.txt").exists()
    assert WHY in page(folder)
