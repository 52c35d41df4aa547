"""The whole chain on the shipped data: what it writes, whether it is right, and whether it runs only once."""

import json
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.workflow.conftest import ROOT, Project

FACTORS = ROOT / "tests" / "reference" / "hierarchical" / "factors"
STATISTICS = {"median": "mcse_median", "q2.5": "mcse_q2.5", "q97.5": "mcse_q97.5"}


@pytest.fixture(scope="module")
def datasets(shipped_data):
    """The shipped data sets but for the slowest, and one with crossed factors."""
    kept = {name: entry for name, entry in shipped_data.items() if name != "hospital-mortality"}
    crossed = {"data": str(FACTORS / "penicillin.csv"), "analysis": "hierarchical"}
    return kept | {"penicillin": crossed | {"formula": "diameter ~ 1 + (1 | plate) + (1 | sample)"}}


@pytest.fixture(scope="module")
def project(tmp_path_factory, datasets):
    folder = tmp_path_factory.mktemp("shipped")
    project = Project(folder)
    project.configure(datasets)
    done = project.run()
    assert done.returncode == 0, done.stdout
    return project


@pytest.mark.parametrize(
    "name, reference",
    [("school-calendar", "konstantopoulos2011"), ("bcg", "bcg")],
)
def test_draws_agree_with_the_exact_posterior(project, exact_reference, name, reference):
    """Do means lie within 0.06 SD of the reference, and limits within 4 of their Monte Carlo SEs of exact.json?

    The reference holds moments to 1e-7; its quantiles of heterogeneity are coarser than the draws, so those stand
    against exact.json, which tests/exact checks. 4 SEs: one comparison in 16,000 would fail by chance.

    Seen to fail with draws of effects a tenth too large.
    """
    known = exact_reference[reference]
    exact = json.loads(project.file(name, "exact.json").read_text())
    assert exact["log_marginal_likelihood"] == pytest.approx(known["logml"], abs=1e-6)
    estimates = pd.read_csv(project.file(name, "estimates.csv")).set_index("parameter")
    heterogeneity = pd.read_csv(project.file(name, "heterogeneity.csv")).set_index("quantity")
    predictions = pd.read_csv(project.file(name, "predictions.csv")).set_index("target")
    rows = {"mu": estimates.loc["mu"], "new effect": predictions.loc["new effect"]}
    rows |= {quantity: heterogeneity.loc[quantity] for quantity in heterogeneity.index}
    for quantity, row in rows.items():
        reference_row = known.get(quantity.replace(" ", "_") if quantity == "new effect" else quantity)
        if reference_row:
            assert abs(row["mean"] - reference_row["mean"]) < 0.06 * reference_row["sd"], quantity
        assert abs(row["mean"] - exact[quantity]["mean"]) < 0.06 * exact[quantity]["sd"], quantity
        for statistic, error in STATISTICS.items():
            assert abs(row[statistic] - exact[quantity][statistic]) < 4 * row[error], (quantity, statistic)


def test_evidence_from_draws_agrees_with_quadrature(project):
    """Is bridge sampling of Stan's draws within four of its SEs of the exact log marginal likelihood?

    Seen to fail with draws of effects a tenth too large.
    """
    for name in ("school-calendar", "bcg"):
        bridge = json.loads(project.file(name, "comparison.json").read_text())["bridge"]
        assert abs(bridge["difference_in_se"]) < 4, name
        assert bridge["se"] < 0.02, name


def test_every_file_of_the_interface_is_there(project):
    """Does the results folder hold what other programs are promised, with the promised columns?

    Seen to fail without the priors in sensitivity.csv.
    """
    columns = {
        "data.csv": ["row", "label", "cluster", "effect", "variance"],
        "estimates.csv": ["parameter", "mean", "sd", "median", "q2.5", "q97.5", "P(>0)", "mcse_mean", "mcse_q2.5"],
        "heterogeneity.csv": ["quantity", "mean", "sd", "median", "q2.5", "q97.5"],
        "predictions.csv": ["target", "mean", "sd", "median", "q2.5", "q97.5"],
        "true_effects.csv": ["row", "label", "cluster", "observed", "weight", "mean", "sd", "median", "q2.5", "q97.5"],
        "cluster_effects.csv": ["cluster", "k", "mean", "sd", "median", "q2.5", "q97.5"],
        "loo.csv": ["unit", "row", "label", "cluster", "elpd", "pit", "pareto_k"],
        "influence.csv": ["unit", "row", "label", "cluster", "mu", "mu_sd", "tau", "rho", "cook", "residual"],
        "sensitivity.csv": ["parameter", "factor", "prior", "mean", "sd", "median", "q2.5", "q97.5"],
        "comparison.csv": ["model", "log_marginal_likelihood", "method", "error", "prior_probability"],
    }
    for file, names in columns.items():
        table = pd.read_csv(project.file("school-calendar", file))
        assert set(names) <= set(table.columns), file
        assert len(table), file
    rows = pd.read_csv(project.file("school-calendar", "heterogeneity.csv"))["quantity"].tolist()
    parts = ["", " [within]", " [between]"]
    of_all = [quantity + part for quantity in ("tau", "tau2", "I2") for part in parts]
    assert rows == ["tau", "rho", *of_all[1:], "H2"]
    assert pd.read_csv(project.file("bcg", "heterogeneity.csv"))["quantity"].tolist() == ["tau", "tau2", "I2", "H2"]
    diagnostics = json.loads(project.file("school-calendar", "diagnostics.json").read_text())
    assert diagnostics["status"] == "pass"
    assert diagnostics["divergences"] == 0
    assert diagnostics["min_ess_bulk"] >= 4000
    for file in ("report.html", "validation.json", "model.json", "fit.json", "figures/forest.svg"):
        assert project.file("school-calendar", file).stat().st_size > 0
    for file in ("overview.html", "overview.tsv", "overview.json"):
        assert project.file(file).stat().st_size > 0


def test_the_hierarchical_regression_has_its_files_and_agrees_with_restricted_maximum_likelihood(project):
    """Are the promised tables there with their columns, and coefficients within 0.15 SE of REML's?

    Seen to fail without R² within.
    """
    columns = {
        "data.csv": ["row", "mAch", "cses", "meanses", "catholic", "school"],
        "pooling.csv": ["cluster", "n", "term", "complete", "none", "none_se", "partial", "partial_sd", "shrinkage"],
        "models.csv": ["term", "complete", "complete_robust_se", "partial", "reml", "ml", "null", "cross-level"],
        "random_effects.csv": ["cluster", "term", "mean", "sd", "median", "q2.5", "q97.5"],
        "comparison.csv": ["model", "log_marginal_likelihood", "posterior_probability", "elpd_loo", "elpd_loco"],
    }
    tables = {file: pd.read_csv(project.file("school-achievement", file)) for file in columns}
    for file, names in columns.items():
        assert set(names) <= set(tables[file].columns), file
    quantities = pd.read_csv(project.file("school-achievement", "clustering.csv"))["quantity"].tolist()
    wanted = ["ICC", "ICC [null]", "design effect", "effective sample size", "SE ratio [cses]", "R2 [within]"]
    assert set(wanted) < set(quantities)
    models = tables["models.csv"].set_index("term")
    coefficients = models.loc[models["reml_se"].notna()]
    assert ((coefficients["partial"] - coefficients["reml"]).abs() < 0.15 * coefficients["reml_se"]).all()
    diagnostics = json.loads(project.file("school-achievement", "diagnostics.json").read_text())
    assert diagnostics["status"] == "pass"
    assert project.file("school-achievement", "report.html").stat().st_size > 0


def test_the_simulated_hospitals_have_their_known_truth_inside_every_interval(shipped_results):
    """Do the 95% intervals of the logistic regression hold the values that the data were simulated with?

    Seen to fail with the typical cluster in the place of the mean over clusters.
    """
    estimates = pd.read_csv(shipped_results / "hospital-mortality" / "estimates.csv").set_index("parameter")
    truth = {"intercept": -1.7, "severity": 0.8, "nurse_ratio": -2.0, "sd(hospital:intercept)": 0.45}
    for name, value in truth.items():
        assert estimates.loc[name, "q2.5"] < value < estimates.loc[name, "q97.5"], name
    predictions = pd.read_csv(shipped_results / "hospital-mortality" / "predictions.csv").set_index("target")
    # Averaged over hospitals, a rare event is likelier than in the typical one.
    assert predictions.loc["mean", "median"] > predictions.loc["typical cluster", "median"]


def test_crossed_factors_go_through_the_chain(project):
    """Do draws agree with the posterior without Stan, and deviations of both factors with lme4's to 0.15 of their SEs?

    SDs of factors with six samples are wider than their maximum of likelihood: that one need only be inside. Seen to
    fail without the Jacobian of log SDs in the importance sampling.
    """
    known = next(e for e in json.loads((FACTORS / "lme4.json").read_text()) if e["data"] == "penicillin")
    diagnostics = json.loads(project.file("penicillin", "diagnostics.json").read_text())
    assert diagnostics["status"] == "pass"
    assert {entry["status"] for entry in diagnostics["agreement"]} == {"pass"}
    assert max(abs(entry["difference_sd"]) for entry in diagnostics["agreement"]) < 0.3
    estimates = pd.read_csv(project.file("penicillin", "estimates.csv")).set_index("parameter")
    for entry in known["varcomp"]:
        row = estimates.loc["sigma" if entry["grp"] == "Residual" else f"sd({entry['grp']}:intercept)"]
        assert row["q2.5"] < entry["sdcor"] < row["q97.5"]
    effects = pd.read_csv(project.file("penicillin", "random_effects.csv")).set_index(["group", "cluster"])
    differences = pd.Series({(e["group"], e["cluster"]): e["estimate"] for e in known["ranef"]})
    of_plates = differences.loc[["plate"]]
    assert effects.loc[of_plates.index, "mean"].sub(of_plates).abs().max() < 0.15 * known["ranef"][0]["se"]
    models = pd.read_csv(project.file("penicillin", "comparison.csv"))["model"].tolist()
    assert models == ["full model", "without plate", "without sample", "without clustering"]
    assert "sample" in project.file("penicillin", "report.html").read_text()


def test_arviz_reads_the_posterior_file(project):
    """Can a colleague open posterior.nc in ArviZ, with log likelihoods that give a LOO?

    Seen to fail without the seed in the posterior file.
    """
    import arviz

    data = arviz.from_netcdf(str(project.file("school-calendar", "posterior.nc")))
    assert data.posterior["mu"].shape == (4, 2500)
    assert data.log_likelihood["estimate"].shape == (4, 2500, 56)
    assert data.log_likelihood["cluster"].shape == (4, 2500, 11)
    assert data.observed_data["effect"].shape == (56,)
    assert data.posterior.attrs["seed"] == 20260101
    # The exact value is -7.8028; the PSIS approximation and the draws are good to a few tenths.
    assert arviz.loo(data, var_name="estimate").elpd_loo == pytest.approx(-7.8, abs=0.5)
    assert list(data.prior.data_vars) == [name for name in data.posterior.data_vars if not name.endswith("effect")]
    assert data.prior["mu"].shape == (1, 4000) and data.prior.attrs["seed"] == 20260101
    for variable, file, key in (
        ("true_effect", "true_effects", "row"),
        ("cluster_effect", "cluster_effects", "cluster"),
    ):
        table = pd.read_csv(project.file("school-calendar", f"{file}.csv"), dtype={"cluster": str})
        drawn = data.posterior[variable]
        assert drawn.coords[drawn.dims[-1]].to_numpy().tolist() == table[key].tolist()
        away = (drawn.mean(("chain", "draw")) - table["mean"].to_numpy()) / table["sd"].to_numpy()
        assert float(abs(away).max()) < 5 / np.sqrt(1000)  # at least 1,000 effective draws


def test_regressions_have_their_random_effects_in_the_posterior_file(project):
    """Are random effects there by cluster and effect, sampled or not, as in random_effects.csv, and the null model?"""
    import arviz

    for name in ("school-achievement", "penicillin"):
        data = arviz.from_netcdf(str(project.file(name, "posterior.nc")))
        table = pd.read_csv(project.file(name, "random_effects.csv"), dtype={"cluster": str})
        groups = list(dict.fromkeys(table["group"]))
        for group, rows in table.groupby("group"):
            ending = f"[{group}]" if group != groups[0] else ""
            drawn = data.posterior[f"random effects{ending}"]
            own = rows.set_index(["cluster", "term"])
            for cluster, term in own.index:
                one = drawn.sel({f"cluster_id{ending}": cluster, f"effect{ending}": term})
                row = own.loc[(cluster, term)]
                assert abs(float(one.mean()) - row["mean"]) < 5 * row["sd"] / np.sqrt(1000)
        assert {"intercept", f"sd({groups[0]}:intercept)"} <= set(data.null_posterior.data_vars)
        assert data.null_posterior.sizes["draw"] == data.posterior.sizes["draw"]
        assert data.prior.sizes["draw"] == 4000


def test_snakemakes_own_report_holds_pages_and_figures_with_captions(project, datasets):
    """Does `snakemake --report` gather the overview, every report and every figure, each with its caption?

    Seen to fail without the overview's caption.
    """
    archive = project.folder / "report.zip"
    done = project.run("--report", archive)
    assert done.returncode == 0, done.stdout
    with zipfile.ZipFile(archive) as opened:
        files = Counter(Path(name).name for name in opened.namelist() if "/data/" in name)
        page = opened.read("report/report.html").decode()
    figures = Counter(path.name for path in project.file().glob("*/figures/*.svg"))
    assert figures["forest.svg"] >= 2
    assert files == figures + Counter({"overview.html": 1, "report.html": len(datasets)})
    assert page.count('"caption": "<p>') == files.total()
    assert "bcg: Observed estimates, true effects" in page


def test_nothing_is_done_twice(project):
    """Is a second run without changes empty? Seen to fail with the time of day among a rule's params."""
    assert project.planned() == set()
    assert "Nothing to be done" in project.run().stdout


@pytest.mark.parametrize(
    "change, expected",
    [
        ({"title": "Another title"}, {"report"}),
        ({"sampling": {"seed": 5}}, {"fit", "analyse", "figures", "report"}),
        ({"priors": {"tau": "half_normal(1)"}}, {"prepare", "fit", "analyse", "figures", "report"}),
    ],
)
def test_a_changed_setting_reruns_what_depends_on_it(project, datasets, change, expected):
    """Title, seed, prior of one data set: do exactly its dependent stages run again, and the overview?

    Seen to fail with titles among the settings of the first stage.
    """
    project.configure(datasets | {"bcg": datasets["bcg"] | change})
    planned = project.planned()
    project.configure(datasets)
    assert planned == {(rule, "bcg") for rule in expected} | {("overview", None), ("verdict", None)}


def test_removing_a_data_set_redoes_the_overview_only(project, datasets):
    """Does a data set that left the config leave the overview too, without other work?

    Seen to fail with the names of all data sets among a rule's params.
    """
    project.configure({"bcg": datasets["bcg"]})
    planned = project.planned()
    project.configure(datasets)
    assert planned == {("overview", None), ("verdict", None)}


def test_the_same_seed_gives_the_same_bytes(project, tmp_path, datasets):
    """Are all result files of a second, independent run identical, but for measured times?

    Seen to fail with a seed that differs from run to run.
    """
    again = Project(tmp_path)
    again.configure({"bcg": datasets["bcg"]})
    assert again.run().returncode == 0
    names = ["data.csv", "estimates.csv", "heterogeneity.csv", "predictions.csv", "true_effects.csv", "exact.json"]
    for name in [*names, "diagnostics.json", "posterior.nc", "figures/forest.svg"]:
        assert again.file("bcg", name).read_bytes() == project.file("bcg", name).read_bytes(), name
