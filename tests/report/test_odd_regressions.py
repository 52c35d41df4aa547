"""Sentences about regressions that are out of the ordinary: no intercept, strong priors, fits at a boundary."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hierarchical_folders import build, simulate
from test_hierarchical_pages import change, copy, text

from hiermeta.figures import curves, prior_predictive
from hiermeta.figures.catalogue import write_figures
from hiermeta.io.results import Results
from hiermeta.report import clustering, model
from hiermeta.report import regression_answer as answer
from hiermeta.report.context import write_report


@pytest.fixture(scope="module")
def levels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A factor in place of an intercept, and a predictor whose name has a slash in it."""
    folder = tmp_path_factory.mktemp("odd") / "results" / "levels"
    rows = simulate(10, 12).rename(columns={"dose": "dose mg/kg"})
    build(folder, rows, {"formula": "score ~ 0 + arm + `dose mg/kg` + (1 | ward)"})
    return folder


def test_level_means_are_no_effects(levels: Path) -> None:
    """Are coefficients that stand in place of an intercept told as the outcome at their levels?

    Seen to fail: score was said to depend on them, and they to be changes against the reference level.
    """
    found = Results(levels)
    sentence = text(answer.depends(found))
    assert sentence.startswith("The expected value of score is ")
    assert sentence.count(" at arm[") == 2
    assert "score changes with dose mg/kg by " in sentence
    assert "arm" not in sentence.partition("changes with")[2]
    expected = "expected outcome at this level, where the other predictors are zero"
    assert [model.meaning(found, f"arm[{level}]") for level in ("<i>old</i>", "new & better")] == [expected] * 2
    assert model.meaning(found, "dose mg/kg") == "change of the outcome per unit"
    assert model.content(found)["intercept"] is False


def test_names_with_slashes_have_figures_and_a_page(levels: Path) -> None:
    """Are all figures drawn, and does the methods paragraph name the method of the check?

    Seen to fail with KeyError('dose mg/kg') in the figure of ranks, and with "by quadrature".
    """
    write_figures(levels, levels / "figures")
    write_report(levels, {}, levels / "report.html", levels / "report.json")
    page = (levels / "report.html").read_text(encoding="utf-8")
    assert "checked the draws against the exact posterior by importance sampling" in page
    assert "the intercept among them" not in page
    assert (levels / "figures" / "ranks.svg").exists()
    assert not (levels / "figures" / "error.txt").exists()


def test_what_the_prior_narrows_is_not_laid_to_the_clusters(results: Path, tmp_path: Path) -> None:
    """Is a coefficient passed over whose posterior is far narrower than its classical standard error?

    Seen to fail: with separated outcomes the naive standard error of 2,647,608 was called too large.
    """
    folder = copy(results, "slopes", tmp_path)
    for term in Results(folder).model["coefficients"]:
        change(folder, "models.csv", "term", term, complete_se=1.0, partial_sd=1.2, reml_se=1.2)
        change(folder, "clustering.csv", "quantity", f"SE ratio [{term}]", mean=1.2)
    change(folder, "models.csv", "term", "staff", complete_se=2e6, partial_sd=2.0, reml_se="", ml_se="")
    assert "staff" not in text(answer.ignoring(Results(folder)))
    change(folder, "models.csv", "term", "staff", complete_se=4.0, partial_sd=2.0, reml_se=2.1, ml_se=2.0)
    assert "standard error of staff" in text(answer.ignoring(Results(folder)))


@pytest.mark.parametrize(
    ("boundary", "said"),
    [
        ("sd", "a standard deviation between clusters at zero"),
        ("correlation", "correlations of random effects at the limit of what is possible"),
    ],
)
def test_where_a_singular_fit_lies(results: Path, tmp_path: Path, boundary: str, said: str) -> None:
    """Is a fit with a correlation of 1 not said to have a standard deviation of zero? Seen to fail: it was."""
    folder = copy(results, "slopes", tmp_path)
    document = json.loads((folder / "classical.json").read_text()) | {"singular": True, "boundary": boundary}
    (folder / "classical.json").write_text(json.dumps(document))
    assert f"REML is singular: it puts {said}." in clustering.caveats(Results(folder))


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ((-50.0, 50.0), "the medians of what was seen lie within what the priors expect."),
        ((-3.0, -2.0), "they put between −3.0 and −2.0: they expect other outcomes than those seen"),
    ],
)
def test_priors_that_exclude_the_average_are_said_to(
    results: Path, tmp_path: Path, limits: tuple[float, float], said: str
) -> None:
    """Does the sentence look at the average outcome, too? Seen to fail: it looked at cluster means alone."""
    folder = copy(results, "slopes", tmp_path)
    change(folder, "prior_predictive.csv", "quantity", "average", **dict(zip(("q2.5", "q97.5"), limits, strict=True)))
    assert said in prior_predictive._regression_description(Results(folder).rows("prior_predictive"))


def test_an_outcome_has_no_article(levels: Path) -> None:
    """Does the text of a figure say "score goes from", not "the score"? Seen to fail: "the y goes from"."""
    found = Results(levels)
    sentence = curves.draw(found).description
    assert ", score goes from " in sentence
