"""Is every method that a page uses cited, and none that it doesn't?"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from hiermeta.report import references

META = {"is_meta": True, "clustered": False, "has_numbers": True, "coefficients": [], "scale_coefficients": []}
META |= {"classical": {}, "averages": {}, "comparison": [], "loo": [], "diagnostics": {"checks": []}}
MODEL = {"priors": {"mu": {"default": False}}, "formulas": {}, "differences": {}}


def cited(**over: Any) -> list[str]:
    tables = over.pop("tables", {})
    made = SimpleNamespace(**(META | {"model": MODEL | over.pop("model", {})} | over))
    made.rows = lambda name: tables.get(name, [])
    return [f"{reference.purpose}: {reference.text}" for reference in references.used(made)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("over", "name"),
    [
        ({"clustered": True}, "Konstantopoulos"),
        ({"model": {"priors": {"tau": {"default": True}}}}, "Röver"),
        ({"model": {"differences": {"g[b]": ["g", "b", "a"]}}}, "Rouder"),
        ({"scale_coefficients": ["scale:x"]}, "Location-scale"),
        ({"classical": {"coefficients": [1]}}, "metafor"),
        ({"classical": {"knapp_hartung": {"se": 1}}}, "Knapp, G."),
        ({"classical": {"q_profile": {"tau2": 1}}}, "Confidence intervals for the amount"),
        ({"classical": {"robust": {"CR2": 1}}}, "Pustejovsky"),
        ({"classical": {"small_study": {"slope": 1}}}, "Egger"),
        ({"classical": {"small_study": {"slope": 1}}}, "PET"),
        ({"comparison": [{"method": "quadrature"}]}, "Gronau"),
        ({"comparison": [{"method": "quadrature"}]}, "Lee, M. D."),
        ({"comparison": [{"method": "bridge"}]}, "Meng, X.-L."),
        ({"averages": {"bridge": {"value": 1}}}, "Meng, X.-L."),
        ({"loo": [{"pareto_k": float("nan")}]}, "Practical Bayesian"),
        ({"loo": [{"pareto_k": 0.2}]}, "Pareto smoothed"),
        ({"diagnostics": {"checks": [{"name": "prior against data"}]}}, "Evans"),
        ({"is_meta": False}, "Kish"),
        ({"is_meta": False}, "Nakagawa"),
        ({"is_meta": False, "tables": {"clustering": [{"quantity": "median odds ratio"}]}}, "Merlo"),
        ({"is_meta": False, "model": {"priors": {"correlation": {"default": True}}}}, "vines"),
        ({"is_meta": False, "classical": {"coefficients": [1]}}, "lme4"),
        ({"is_meta": False, "tables": {"checks": [{"statistic": "mean"}]}}, "discrepancies"),
        ({"is_meta": False, "tables": {"residual_checks": [{"level": "rows"}]}}, "quantile residuals"),
    ],
)
def test_a_method_is_cited_where_it_is_used(over: dict[str, Any], name: str) -> None:
    """Does each condition alone add its reference, which a plain meta-analysis lacks?

    Seen to fail with the conditions of two references exchanged.
    """
    assert any(name in text for text in cited(**over))
    assert not any(name in text for text in cited())


def test_no_condition_is_forgotten() -> None:
    """Is each reference either always there, or in the table above? Seen to fail with a row of the table taken out."""
    always = {"sampling", "R̂ and effective sample sizes", "I²", "prediction intervals"}
    assert {text.partition(": ")[0] for text in cited()} == always
    (mark,) = test_a_method_is_cited_where_it_is_used.pytestmark  # type: ignore[attr-defined]
    names = [name for _, name in mark.args[1]]
    for reference in references.REFERENCES:
        known = reference.purpose in always or any(name in f"{reference.purpose}: {reference.text}" for name in names)
        assert known, reference.purpose


def test_the_workflow_is_cited_as_its_citation_file_says() -> None:
    """Do page and CITATION.cff name the same authors, year and title? Seen to fail with another year."""
    document = yaml.safe_load(Path("CITATION.cff").read_text(encoding="utf-8"))
    said = references.HIERMETA
    assert (said["title"], said["authors"]) == (document["title"], document["authors"][0]["name"])
    assert said["year"] == str(document["date-released"].year)
