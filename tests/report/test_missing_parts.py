"""Does a part that can't be had leave every other part and the page as they were, and say why it isn't there?"""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import hierarchical_folders
import pandas as pd
import pytest
import regression_folders
import result_folders
from html_tree import parse

from hiermeta.figures.catalogue import write_figures
from hiermeta.inference import analysis, bridge, comparison, exact, loo, psis
from hiermeta.inference.classical import (
    coefficients,
    heterogeneity,
    prediction,
    profile,
    sandwich,
    small_study,
    summary,
)
from hiermeta.inference.hierarchical import analysis as of_regressions
from hiermeta.inference.hierarchical import (
    buildup,
    checks,
    classical,
    clustering,
    complete,
    pooling,
    prior_predictive,
    residuals,
    unpooled,
)
from hiermeta.inference.hierarchical import comparison as candidates
from hiermeta.inference.hierarchical import prediction as predictions
from hiermeta.inference.roots import NotAvailable
from hiermeta.io.files import read_json, write_csv, write_json
from hiermeta.io.registry import header
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
    tree = parse((folder / "report.html").read_text(encoding="utf-8"))
    for section in tree.all("section"):  # one line for all parts that a section lacks for one reason
        lines = [note.text for note in section.all("p") if note.text.startswith("Not available")]
        assert len([line for line in lines if WHY in line]) < 2, lines
    return tree.text


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
    (sandwich, "cr2", {"robust/CR2", "robust/predict"}),
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


def plain(document):
    """A document as its file has it."""
    return json.loads(json.dumps(document, default=float))


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


@pytest.mark.parametrize("name", ["clustered", "moderated"])
def test_without_a_fit_there_is_what_needs_none(name, finished, monkeypatch):
    """Do Cochran's test, the equal-effects model and the regression on standard errors stay where REML fails?

    Seen to fail when the failing fit took the whole counterpart along.
    """
    folder, model = finished[name]
    whole = analysis.classical_counterpart(model)
    monkeypatch.setattr(summary, "fit", fails)
    document = analysis.classical_counterpart(model)
    assert (document["applies"], document["reason"]) == (False, WHY)
    assert document["unavailable"] == ({"ignoring_clusters": WHY} if name == "clustered" else {})
    kept = {"k", "clusters", "Q", "df", "p", "typical_variance", "equal_effects", "small_study"}
    kept |= {"q_profile"} if name == "moderated" else set()
    assert {key: document[key] for key in kept} == {key: whole[key] for key in kept}
    assert document["Q"] > 0
    write_json(folder / "classical.json", document)
    text = page(folder)
    write_json(folder / "classical.json", whole)
    assert f"No fit by restricted maximum likelihood: {WHY}" in text
    assert "Cochran's test of heterogeneity: Q" in text
    assert "Regression of the effects on their standard errors" in text


ANALYSED = (regression_folders.table(8, 0), {"measure": "SMD"})
OTHERS = {"common effect", "random effects (mu=0)", "common effect (mu=0)"}
WITHOUT_CLASSICAL = [
    ([(exact, "solve")], None, OTHERS),
    ([(exact, "summarise")], None, set()),
    ([(exact, "normal_mixture")], {"mu", "new effect"}, {"averaged/mu", "averaged/new effect"}),
    ([(exact, "quantile")], {"tau", "tau2", "I2", "H2", "densities"}, {"averaged/tau"}),
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


@pytest.fixture(scope="module")
def regression(tmp_path_factory):
    """The folder of a finished regression, and what its results were computed from."""
    recorded = []

    def results(*arguments):
        recorded.append((arguments, of_regressions.results(*arguments)))
        return recorded[0][1]

    folder = tmp_path_factory.mktemp("regression") / "results" / "x"
    settings = {"formula": "score ~ dose + (1 + dose | ward)"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hierarchical_folders, "analysis", SimpleNamespace(**vars(of_regressions) | {"results": results}))
        hierarchical_folders.build(folder, hierarchical_folders.simulate(9, 8), settings)
    return folder, *recorded[0]


def without_predictors(compute):
    """A stand-in that fails for models without predictors."""
    return lambda model, *rest, **more: compute(model, *rest, **more) if len(model.names) > 1 else fails()


def of_one_candidate(effects):
    """A stand-in for the evidence of a candidate, which fails for the one with this many random effects."""
    compute = candidates._scores
    return lambda model, start: fails() if len(model.effects) == effects else compute(model, start)


REGRESSION = [
    (classical, "fit", fails, {"fit"}, set()),
    (classical, "fit", without_predictors(classical.fit), {"null"}, set()),
    (classical, "_blups", fails, {"random_effects"}, set()),
    (buildup, "steps", fails, {"build_up"}, set()),
    (of_regressions.profile, "intervals", fails, {"confint"}, set()),
    (candidates, "_scores", fails, set(), {"full model", "without varying dose", "without clustering"}),
    (candidates, "_scores", of_one_candidate(2), set(), {"full model"}),
    (candidates, "_scores", of_one_candidate(1), set(), {"without varying dose"}),
    (candidates, "_scores", of_one_candidate(0), set(), {"without clustering"}),
]


@pytest.mark.parametrize(("where", "attribute", "instead", "of_classical", "of_comparison"), REGRESSION)
def test_failing_parts_of_a_regression_leave_the_rest(
    where, attribute, instead, of_classical, of_comparison, regression, tmp_path, monkeypatch
):
    """Are all other tables the same, and do figures and page stand, which names what is missing?

    Seen to fail when any of them ended the analysis: every case but the intervals, which were caught before.
    """
    finished, arguments, whole = regression
    if where is not candidates:
        compared = whole.tables["comparison"], whole.documents["comparison"], None
        monkeypatch.setattr(candidates, "compare", lambda *_: compared)
    monkeypatch.setattr(where, attribute, instead)
    found = of_regressions.results(*arguments)
    for name, table in whole.tables.items():
        if name not in ("models", "comparison"):
            pd.testing.assert_frame_equal(found.tables[name], table)
    assert list(found.tables["models"]) == list(whole.tables["models"])
    assert set(whole.tables["comparison"]) >= set(found.tables["comparison"]) >= set(header("comparison.csv"))
    document, compared = found.documents["classical"], found.documents["comparison"]
    if of_classical == {"fit"}:
        assert document == {"applies": False, "reason": WHY}
    else:
        assert document["unavailable"] == dict.fromkeys(of_classical, WHY)
        own = {"null": ("/ICC", "/design effect"), "confint": ("/confint",)}
        at = tuple(place for part in of_classical for place in (f"/{part}", *own.get(part, ())))
        assert all(path.startswith(at) for path in lost(plain(whole.documents["classical"]), plain(document)))
    assert compared["unavailable"] == dict.fromkeys(of_comparison, WHY)
    assert WHY in drawn(finished, found, tmp_path)


def drawn(finished, found, tmp_path):
    """The text of the page of other results of a finished regression, drawn with its figures."""
    folder = tmp_path / "results" / "x"
    shutil.copytree(finished, folder)
    for name, table in found.tables.items():
        write_csv(folder / f"{name}.csv", table)
    for name, content in found.documents.items():
        write_json(folder / f"{name}.json", content | ({"attempts": []} if name == "diagnostics" else {}))
    write_figures(folder, folder / "figures")
    assert not (folder / "figures" / "error.txt").exists(), (folder / "figures" / "error.txt").read_text()
    return page(folder)


OF_DRAWS = [
    (complete, "fit", {"complete"}, {"clustering", "models", "pooling"}),
    (unpooled, "fit", {"unpooled"}, {"pooling"}),
    (
        pooling,
        "by_group",
        {"random_effects.csv", "pooling.csv", "predictions.csv", "convergence"},
        {"random_effects", "pooling", "predictions"},
    ),
    (pooling, "random_effects", {"random_effects.csv"}, {"random_effects"}),
    (pooling, "pooling", {"pooling.csv"}, {"pooling"}),
    (clustering, "table", {"clustering.csv"}, {"clustering"}),
    (predictions, "predictions", {"predictions.csv"}, {"predictions"}),
    (predictions, "marginal_means", {"marginal_means.csv"}, {"marginal_means"}),
    (checks, "tables", {"checks.csv"}, {"checks", "quantiles"}),
    (prior_predictive, "table", {"prior_predictive.csv"}, {"prior_predictive"}),
    (residuals, "tables", {"residuals.csv"}, {"residuals", "cluster_residuals", "residual_checks"}),
    (of_regressions, "log_predictive", {"loo.csv"}, {"loo"}),
    (of_regressions, "confronted", {"prior against data"}, set()),
]


@pytest.mark.parametrize(("where", "attribute", "parts", "tables"), OF_DRAWS)
def test_failing_parts_of_what_draws_say_leave_the_rest(
    where, attribute, parts, tables, regression, tmp_path, monkeypatch
):
    """Are all other tables and documents the same, and do figures and page stand, which names what is missing?

    Seen to fail when any of them ended the analysis: every case.
    """
    finished, arguments, whole = regression
    compared = whole.tables["comparison"], whole.documents["comparison"], None
    monkeypatch.setattr(candidates, "compare", lambda *_: compared)
    monkeypatch.setattr(where, attribute, fails)
    found = of_regressions.results(*arguments)
    assert found.documents["diagnostics"]["unavailable"] == dict.fromkeys(parts, WHY)
    assert found.documents["classical"] == whole.documents["classical"]
    for name, table in whole.tables.items():
        assert list(found.tables[name]) == list(table)
        assert found.tables[name].equals(table) == (name not in tables), name
    assert WHY in drawn(finished, found, tmp_path)


def test_each_interval_of_a_regression_is_had_on_its_own(regression, monkeypatch):
    """Do the other intervals and the rest of the counterpart stay where one parameter can't be followed?

    Seen to fail when one took all along.
    """
    _, arguments, whole = regression
    fitted, before = arguments[0], whole.documents["classical"]
    for name in before["confint"]:
        searches = {other: lambda found=interval: found for other, interval in before["confint"].items()}
        monkeypatch.setattr(of_regressions.profile, "_searches", lambda _, s=searches, n=name: s | {n: fails})
        document = of_regressions.without_draws(fitted.model, fitted.null)
        assert document["unavailable"] == {f"confint/{name}": WHY}
        assert set(before["confint"]) - set(document["confint"]) == {name}
        assert all(path.startswith(f"/confint/{name}/") for path in lost(plain(before), plain(document)))
