"""Small-study effects: do less precise estimates differ?"""

from __future__ import annotations

from typing import Any

from hiermeta.figures.palette import symbol
from hiermeta.io.results import Results
from hiermeta.report.cells import Column, Number, Sentence, Table, Text, to_error
from hiermeta.report.classical import FILE, number, p_words
from hiermeta.report.tables import number as column
from hiermeta.report.tables import tabulated

FEWEST = 10
"""Estimates below which a regression on their standard errors says little."""
CLEAR, NOTABLE = 0.05, 0.1
"""p-values below which less precise estimates are said to differ, and to differ perhaps: the test has little power."""


def regression(results: Results) -> Sentence:
    """The regression of effects on their standard errors, or why there is none."""
    if "small_study" not in results.classical:
        return [f"No regression test: {results.classical.get('reason') or 'no classical fit'}."]
    found = results.classical["small_study"]
    if why := (results.classical.get("unavailable") or {}).get("small_study"):
        return [f"The regression test is not available: {why}."]
    if not found:
        few = results.clustered and int(results.model["n_clusters"]) < FEWEST
        reason = "it needs at least ten clusters" if few else "standard errors leave it nothing to estimate"
        return [f"No regression test: {reason}."]

    def near(path: str) -> Number:
        error = found["slope"]["se"]
        return to_error(results.classical, f"small_study/{path}", FILE, error, of_interval="/ci/" in path)

    robust = found["test"] != "z"
    sentence: Sentence = [
        "Regression of the effects on their standard errors", " (cluster-robust CR2 test)" if robust else "",
        ": slope ", near("slope/estimate"), ", 95% CI ", near("slope/ci/0"), " to ", near("slope/ci/1"), ", ",
        "t = " if robust else "z = ", number(results, f"small_study/slope/{'t' if robust else 'z'}"),
    ]  # fmt: skip
    if robust:
        sentence += [" on ", number(results, "small_study/slope/df", "tenth"), " degrees of freedom"]
    p = float(found["slope"]["p"]) if found["slope"]["p"] is not None else 1.0
    if p < CLEAR:
        verdict = ": less precise estimates differ from precise ones."
    elif p < NOTABLE:
        verdict = ": a hint that less precise estimates differ."
    else:
        verdict = ": no clear sign that less precise estimates differ, which is not proof that they don't."
    return [*sentence, ", p ", *p_words(results, "small_study/slope/p"), verdict, *_caveat(results)]


def _caveat(results: Results) -> Sentence:
    return [" With fewer than ten estimates this test says little."] if results.model["k"] < FEWEST else []


def warning(results: Results) -> list[Sentence]:
    """That the pooled effect may owe something to small studies, where the regression says so."""
    found = results.classical.get("small_study")
    if not found or found["slope"]["p"] is None or found["slope"]["p"] >= NOTABLE:
        return []
    precise = at_zero(results)
    there: Sentence = ["; at a standard error of zero it would be ", *precise[1:-1], ")"] if precise else []
    differ = "Less precise estimates differ" if found["slope"]["p"] < CLEAR else "Less precise estimates may differ"
    return [
        [
            f"{differ} from precise ones (p ", *p_words(results, "small_study/slope/p"),
            "); publication bias is one possible cause. The pooled effect takes no account of that", *there, ".",
            *_caveat(results),
        ]
    ]  # fmt: skip


def at_zero(results: Results) -> Sentence | None:
    """The effect expected of a perfectly precise estimate; only without moderators."""
    found = results.classical.get("small_study")
    if not found or results.coefficients:
        return None

    def near(path: str) -> Number:
        error, of_interval = found["intercept"]["se"], path.startswith("ci/")
        return to_error(results.classical, f"small_study/intercept/{path}", FILE, error, of_interval=of_interval)

    return [
        "The effect expected at a standard error of zero is ", near("estimate"), " (", near("ci/0"), " to ",
        near("ci/1"), ").",
    ]  # fmt: skip


def coefficients(results: Results) -> Table | None:
    """Both coefficients of the regression; none where there is no regression."""
    rows = results.small_study
    if not rows:
        return None

    def near(label: str, key: str) -> Column:
        limit = key.startswith("ci_")
        return Column(label, True, lambda row, source: to_error(row, key, source, row["se"], of_interval=limit))

    name = rows[0]["test"].split()[-1]
    columns = [
        Column("Term", cell=lambda row, source: Text(symbol(row["term"]), foreign=True)),
        *(near("Estimate", "estimate"), near("SE", "se"), near("2.5%", "ci_low"), near("97.5%", "ci_high")),
        column(name, "test_value", "statistic"),
        *([column("df", "df", "tenth")] if name == "t" else []),
        column("p", "p", "p"),
    ]
    return tabulated("small-study", "Regression on the standard errors", "small_study.csv", rows, columns)


def content(results: Results) -> dict[str, Any]:
    """What the section shows."""
    return {"regression": regression(results), "at_zero": at_zero(results), "table": coefficients(results)}
