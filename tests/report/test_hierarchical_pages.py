"""The report of a hierarchical regression: what it concludes, and whether its sections are there."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from html_tree import Node, parse
from test_report_numbers import sourced

from hiermeta.figures.catalogue import write_figures
from hiermeta.io.results import Results
from hiermeta.report import checks, clustering, health, r_code
from hiermeta.report import regression_answer as answer
from hiermeta.report.clustering import Evidence, judge
from hiermeta.report.context import write_report
from hiermeta.report.tables import WITH_REASON
from hiermeta.report.words import meaning

SECTIONS = [
    *("answer", "estimates", "predictions", "clustering", "pooling", "comparison", "health", "checks", "data", "model"),
    *("prior-posterior", "classical", "exact", "diagnostics", "provenance", "glossary"),
]


def page(results: Path, name: str) -> Node:
    return parse((results / name / "report.html").read_text(encoding="utf-8"))


def text(sentence: list) -> str:
    """A sentence as it is read."""
    return "".join(part if isinstance(part, str) else part.text for part in sentence)


def copy(results: Path, name: str, target: Path) -> Path:
    """A data set whose files may be changed."""
    shutil.copytree(results / name, target / name)
    return target / name


def change(folder: Path, file: str, key: str, value: str, **cells: object) -> None:
    """Overwrite cells of the row of a table whose `key` is `value`; underscores stand for dots in column names."""
    with (folder / file).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    row = next(row for row in rows if row[key] == value)
    row.update({name: str(cell) for name, cell in cells.items()})
    with (folder / file).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        # The rules of thumb alone: exceeded by the whole interval, by the estimate only, or not at all.
        (Evidence(0.09, 0.051, 0.14, 1.2, 1.1), "matters"),
        (Evidence(0.09, 0.049, 0.14, 1.2, 1.1), "open"),
        (Evidence(0.051, 0.02, 0.09, 1.2, 1.1), "open"),
        (Evidence(0.049, 0.02, 0.09, 1.2, 1.1), "little"),
        (Evidence(0.049, 0.02, 0.09, 4.4, 2.1), "matters"),
        (Evidence(0.049, 0.02, 0.09, 4.4, 1.9), "open"),
        (Evidence(0.049, 0.02, 0.09, 2.0, 1.2), "little"),
        # Data against a rule of thumb that is exceeded.
        (Evidence(0.09, 0.06, 0.44, 1.35, 1.0, log_bayes_factor=-1.2), "open"),
        (Evidence(0.09, 0.06, 0.44, 1.35, 1.0, log_bayes_factor=-1.0), "matters"),
        (Evidence(0.09, 0.06, 0.44, 1.35, 1.0, -1.0, elpd=-2.1, elpd_se=1.0), "open"),
        (Evidence(0.09, 0.06, 0.44, 1.35, 1.0, -1.0, elpd=-1.9, elpd_se=1.0), "matters"),
        # Data for the clustering where no rule of thumb is exceeded.
        (Evidence(0.02, 0.01, 0.03, 1.3, 1.0, log_bayes_factor=1.2), "matters"),
        (Evidence(0.02, 0.01, 0.03, 1.3, 1.0, log_bayes_factor=1.0), "little"),
        (Evidence(0.02, 0.01, 0.03, 1.3, 1.0, elpd=2.1, elpd_se=1.0), "matters"),
        # Bayes factor and left-out rows contradict each other, or agree that it is not needed.
        (Evidence(0.02, 0.01, 0.03, 1.3, 1.0, log_bayes_factor=1.2, elpd=-2.1, elpd_se=1.0), "open"),
        (Evidence(0.02, 0.01, 0.03, 1.3, 1.0, log_bayes_factor=-5.0, elpd=-3.0, elpd_se=1.0), "little"),
        # Everything speaks for it.
        (Evidence(0.18, 0.15, 0.22, 9.0, 7.5, 103.2, 156.0, 17.0), "matters"),
    ],
)
def test_the_verdict_follows_from_its_criteria(evidence: Evidence, expected: str) -> None:
    """Does the conclusion change where a number crosses its threshold, and nowhere else?

    Seen to fail with the Bayes factor's limit of 3 at 4 and with a verdict from the ICC alone.
    """
    assert judge(evidence) == expected


@pytest.mark.parametrize(
    ("mean", "low", "high", "said"),
    [
        (0.0501, 0.04, 0.06, "above that, though the interval reaches below it."),
        (0.0499, 0.04, 0.06, "below that, though the interval reaches above it."),
        (0.2, 0.1, 0.3, "above that."),
        (0.01, 0.0, 0.02, "below that."),
    ],
)
def test_the_rule_of_thumb_is_told_as_such(
    results: Path, tmp_path: Path, mean: float, low: float, high: float, said: str
) -> None:
    """Does the sentence name the rule of thumb, the side the ICC is on, and whether its interval crosses it?

    Seen to fail with the lower limit held against the rule of thumb.
    """
    folder = copy(results, "slopes", tmp_path)
    change(folder, "clustering.csv", "quantity", "ICC [null]", **{"mean": mean, "q2.5": low, "q97.5": high})
    found = Results(folder)
    known = clustering.evidence(found)
    assert known is not None
    sentence = text(clustering.thumb(found, known))
    assert "rule of thumb" in sentence and "0.05" in sentence and sentence.endswith(said)
    assert ("above 0.05" if mean > 0.05 else "below 0.05") in text(answer.matters(found))


@pytest.mark.parametrize(("effect", "said"), [(1.9, "(1.0 to 3.0), not above two"), (2.1, "(1.0 to 3.0), above two")])
def test_the_design_effect_is_held_against_two(results: Path, tmp_path: Path, effect: float, said: str) -> None:
    """Does the sentence change where the design effect crosses its rule of thumb?

    Seen to fail with a design effect held against three.
    """
    folder = copy(results, "slopes", tmp_path)
    cells = {"mean": effect, "sd": 0.5, "q2.5": 1.0, "q97.5": 3.0}
    change(folder, "clustering.csv", "quantity", "design effect [null]", **cells)
    found = Results(folder)
    known = clustering.evidence(found)
    assert known is not None
    assert said in text(clustering.design(found, known))


def test_without_differences_between_clusters_the_page_does_not_claim_any(results: Path) -> None:
    """Six clusters without differences: few clusters are named, and no conclusion that they matter is drawn.

    Seen to fail with five clusters no longer few.
    """
    found = Results(results / "few")
    said = [text(sentence) for sentence in clustering.sentences(found)]
    assert said[0] != clustering.CONCLUSIONS["matters"]
    assert "Clusters are few: what is said of the variation between them leans on its prior." in said
    document = json.loads((results / "few" / "classical.json").read_text())
    assert any("singular" in sentence for sentence in said) == bool(document["singular"])


def test_a_singular_fit_is_named_and_its_zero_is_no_alarm(results: Path, tmp_path: Path) -> None:
    """Does a classical SD of zero bring a sentence, and leave the comparison with Bayes to the coefficients?

    Seen to fail with SDs compared in singular fits, too.
    """
    folder = copy(results, "slopes", tmp_path)
    document = json.loads((folder / "classical.json").read_text())
    document["singular"] = True
    document["sd"] = dict.fromkeys(document["sd"], 0.0)
    (folder / "classical.json").write_text(json.dumps(document))
    found = Results(folder)
    assert "REML is singular: it puts a standard deviation between clusters at zero." in clustering.caveats(found)
    assert [check.status for check in health.beside_classical(found)] == ["pass"]


def test_a_classical_estimate_outside_the_interval_is_a_warning(results: Path, tmp_path: Path) -> None:
    """Does the check take the furthest parameter, and warn once it leaves the credible interval?

    Seen to fail with three SDs in the place of the limits.
    """
    folder = copy(results, "slopes", tmp_path)
    document = json.loads((folder / "classical.json").read_text())
    limit = Results(folder).estimate("dose")["q97.5"]
    for shift, status in ((-1e-6, "pass"), (1e-6, "warn")):
        document["coefficients"][1]["estimate"] = limit + shift
        (folder / "classical.json").write_text(json.dumps(document))
        (check,) = health.beside_classical(Results(folder))
        assert check.status == status and "dose" in text(check.threshold)


@pytest.mark.parametrize(
    ("ratio", "said"),
    [(1.5, ", too small: "), (0.7, ", too large: "), (1.01, ", about the same: the ratio of the two is ")],
)
def test_what_ignoring_the_clusters_does_to_a_standard_error(
    results: Path, tmp_path: Path, ratio: float, said: str
) -> None:
    """Is a naive standard error called too small, too large or about right, whichever it is?

    Seen to fail with too small and too large exchanged.
    """
    folder = copy(results, "slopes", tmp_path)
    for term in Results(folder).model["coefficients"]:
        change(folder, "models.csv", "term", term, complete_se=1.0, partial_sd=ratio if term == "staff" else 1.0)
        change(folder, "clustering.csv", "quantity", f"SE ratio [{term}]", mean=ratio if term == "staff" else 1.0)
    sentence = text(answer.ignoring(Results(folder)))
    assert said in sentence and "standard error of staff" in sentence


@pytest.mark.parametrize(("low", "named"), [(0.01, True), (-0.01, False)])
def test_predictors_are_named_where_their_intervals_leave_zero_out(
    results: Path, tmp_path: Path, low: float, named: bool
) -> None:
    """Does a coefficient, or the average in its place, move from what the outcome depends on to what is not clear?

    Seen to fail with coefficients named whatever their interval.
    """
    folder = copy(results, "slopes", tmp_path)
    numbers = {"mean": 0.5, "sd": 0.25, "q2.5": low, "q97.5": 1.0}
    change(folder, "average_effects.csv", "moderator", "dose", **numbers)
    sentence = text(answer.depends(Results(folder)))
    assert ("dose on average by 0.5" in sentence) == named
    assert (
        "no clear association with" in sentence and "dose" in sentence.partition("no clear association")[2]
    ) != named or named


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        (0.02, "vary more than their family says (overdispersion), so"),
        (0.03, "may vary more than their family says (overdispersion):"),
        (0.11, "as their family says, without overdispersion"),
        (0.89, "as their family says, without overdispersion"),
        (0.97, "may vary less than their family says (underdispersion):"),
        (0.98, "vary less than their family says (underdispersion), so"),
    ],
)
def test_overdispersion_is_called_by_its_name(results: Path, tmp_path: Path, probability: float, said: str) -> None:
    """Does the sentence change where the posterior predictive probability leaves the central 80%, and 95%?

    Seen to fail with over- and underdispersion exchanged.
    """
    folder = copy(results, "rates", tmp_path)
    change(folder, "checks.csv", "statistic", "dispersion", p=probability)
    sentence = checks.dispersion(Results(folder))
    assert sentence is not None and said in text(sentence)
    assert checks.dispersion(Results(results / "logit")) is None, "one trial per row can't be overdispersed"


def test_clusters_of_counts_are_compared_by_a_median_ratio(results: Path) -> None:
    """Is the median odds ratio or rate ratio told in words, and nothing of the kind for gaussian outcomes?

    Seen to fail without the sentence on the median ratio.
    """
    for name, said in (("logit", "the median odds ratio."), ("rates", "the median rate ratio.")):
        assert said in page(results, name).by_id("clustering").text
    assert clustering.median_ratio(Results(results / "slopes")) is None


@pytest.mark.parametrize("name", ["slopes", "few", "hundreds", "logit", "rates"])
def test_sections_are_there_in_order(results: Path, name: str) -> None:
    """Has every hierarchical report the same sections in the same order, each with something in it?

    Seen to fail with sections in the reverse order.
    """
    root = page(results, name)
    sections = root.all("section")
    assert [node.attributes["id"] for node in sections] == SECTIONS
    assert all(len(node.text.strip()) > 100 for node in sections)


def rendered(folder: Path) -> Node:
    """The page of a folder, made anew."""
    write_figures(folder, folder / "figures")
    write_report(folder, {"title": "Title"}, folder / "report.html", folder / "report.json")
    return parse((folder / "report.html").read_text(encoding="utf-8"))


def test_a_refused_regression_says_what_to_correct(results: Path, tmp_path: Path) -> None:
    """Does a regression that could not be read get a page with the problems, and no results?

    Seen to fail without the remedies of problems.
    """
    folder = copy(results, "refused", tmp_path)
    document = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(document | {"analysis": "hierarchical"}))
    root = rendered(folder)
    sections = [node.attributes["id"] for node in root.all("section")]
    assert sections == ["problems", "data", "provenance"]
    assert "Write numbers with a point" in root.by_id("problems").text


def test_a_regression_that_was_not_sampled_has_a_page(results: Path, tmp_path: Path) -> None:
    """Without draws, are the sampler's message, the data and the provenance shown, and no estimates?

    Seen to fail without the section on failure.
    """
    folder = copy(results, "slopes", tmp_path)
    shutil.rmtree(folder / "figures")
    for table in folder.glob("*.csv"):
        if table.name != "data.csv":
            table.write_text(table.read_text(encoding="utf-8").partition("\n")[0] + "\n", encoding="utf-8")
    fit = json.loads((folder / "fit.json").read_text())
    (folder / "fit.json").write_text(json.dumps(fit | {"status": "failed", "message": "Chain 1 <stopped>"}))
    nothing = {"status": "fail", "message": "Chain 1 <stopped>", "checks": [], "agreement": [], "attempts": []}
    (folder / "diagnostics.json").write_text(json.dumps(nothing))
    root = rendered(folder)
    sections = [node.attributes["id"] for node in root.all("section")]
    assert sections[0] == "failure" and not {"answer", "estimates", "clustering", "pooling"} & set(sections)
    assert "Chain 1 <stopped>" in root.by_id("failure").text


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("slopes", {"shrinkage", "random_effects", "lines", "curves", "interactions", "levels", "probabilities"}),
        ("few", {"shrinkage", "random_effects", "probabilities", "partition"}),
        ("hundreds", {"shrinkage", "random_effects", "lines", "residuals", "loo"}),
        ("logit", {"shrinkage", "lines", "curves", "checks"}),
        ("rates", {"lines", "curves", "levels", "checks"}),
    ],
)
def test_figures_are_there_where_they_apply(results: Path, name: str, figures: set[str]) -> None:
    """Are the figures of a family drawn, none of them in error, and each also a file?

    Seen to fail without the figure of variance parts.
    """
    drawn = {path.stem for path in (results / name / "figures").glob("*.svg")}
    assert figures | {"data", "prior_posterior", "coefficients", "partition", "checks", "ranks"} <= drawn
    assert not (results / name / "figures" / "error.txt").exists()
    titles = {node.attributes["id"] for node in page(results, name).all("title") if "id" in node.attributes}
    assert {f"{figure}-title" for figure in drawn} <= titles


def test_rows_left_out_are_counted_by_reason(results: Path) -> None:
    """Do the counts of missing rows add up to the file's list, reason by reason?

    Seen to fail with one row too many per reason.
    """
    dropped = json.loads((results / "slopes" / "validation.json").read_text())["dropped"]
    table = page(results, "slopes").by_id("table-dropped")
    counted = {row.all("th")[0].text: int(row.all("td")[0].text) for row in table.all("tbody")[0].all("tr")}
    assert counted == {"no value in column 'dose'": 3, "no value in column 'ward'": 1}
    assert sum(counted.values()) == len(dropped)
    assert [n.via for n in sourced(table)] == [WITH_REASON, WITH_REASON]


def test_two_kinds_of_prediction_are_told_apart(results: Path) -> None:
    """Are population-averaged and cluster-specific predictions named for probabilities and rates, and only there?

    Seen to fail without the words on kinds of prediction and with them on gaussian outcomes, too.
    """
    for name, told in (("logit", True), ("rates", True), ("slopes", False)):
        words = page(results, name).by_id("predictions").text
        assert ("population-averaged" in words and "cluster-specific" in words) == told


def test_r_code_writes_the_same_model(results: Path) -> None:
    """Do formula, family, trials or exposure, split predictors and priors reach lme4 and brms?

    Seen to fail without the offset in R and without the prior of correlations in R.
    """
    rates = Results(results / "rates")
    assert "score ~ dose_within + dose_between + arm + (1 | ward)" in r_code.lme4(rates)
    assert "family = poisson, offset = log(days), nAGQ = 25" in r_code.lme4(rates)
    assert "score | rate(days) ~ " in (r_code.brms(rates) or "")
    slopes = r_code.brms(Results(results / "slopes")) or ""
    assert 'set_prior("lkj(2)", class = "cor")' in slopes
    assert 'class = "sd", group = "ward", coef = "dose")' in slopes
    assert "family = gaussian()" in slopes
    assert "glmer(score ~ dose + staff + (1 | ward), data = dat, family = binomial, nAGQ = 25)" in r_code.lme4(
        Results(results / "logit")
    )


@pytest.mark.parametrize(
    ("quantity", "said"),
    [
        ("ICC", "Intraclass correlation given"),
        ("ICC [ward, null]", "clusters of ward, without predictors."),
        ("R2 [between, ward]", "clusters of ward."),
        ("R2 [within]", "variance within clusters"),
    ],
)
def test_quantities_are_explained_with_one_factor_and_with_several(quantity: str, said: str) -> None:
    """Has every quantity of clustering.csv its meaning in words?

    Seen to fail without the meanings that one of several factors has.
    """
    assert said in meaning(quantity)
