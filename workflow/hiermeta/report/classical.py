"""The classical counterpart beside the Bayesian numbers: REML, its tests, and what it says without clusters."""

from __future__ import annotations

from typing import Any

from hiermeta.figures.palette import symbol
from hiermeta.io.results import Results, Row
from hiermeta.report.cells import (
    Cell,
    Column,
    Number,
    Sentence,
    Table,
    Text,
    entry,
    estimate_cells,
    from_document,
    of_summary,
    to_error,
)
from hiermeta.report.moderators import degrees, p_words
from hiermeta.report.unavailable import unavailable

FILE = "classical.json"
_INTERVAL = ("mean", "q2.5", "q97.5")


def applies(results: Results) -> bool:
    """Whether there is a fit by restricted maximum likelihood."""
    return bool(results.classical.get("applies"))


def _bayes(rows: list[Row], key: str, name: str, file: str) -> list[Cell]:
    position, row = next((i, row) for i, row in enumerate(rows) if row[key] == name)
    return [of_summary(row, column, f"{file}/{position}") for column in _INTERVAL]


def beside(results: Results) -> Table:
    """Posterior mean and credible interval, REML estimate and confidence interval, one line per quantity."""
    document = results.classical
    rows: list[list[Cell]] = []

    def add(
        label: str, bayes: list[Cell], paths: tuple[str | None, str, str], what: str, error: float | None = None
    ) -> None:
        rows.append([Text(label, foreign=True), *bayes, *estimate_cells(document, paths, FILE, error), Text(what)])

    def estimate(name: str) -> list[Cell]:
        return _bayes(results.estimates, "parameter", name, "estimates.csv")

    paths = ("predict/mean", "predict/ci/0", "predict/ci/1")
    add("μ", estimate("mu"), paths, "Wald", entry(document, "predict/se"))
    for i, term in enumerate(results.coefficients):
        paths = (f"coefficients/{i}/estimate", f"coefficients/{i}/ci/0", f"coefficients/{i}/ci/1")
        add(term, estimate(term), paths, "Wald", entry(document, f"coefficients/{i}/se"))
    for name in ("tau", "rho"):
        if document["confint"].get(name) and any(row["parameter"] == name for row in results.estimates):
            path = f"confint/{name}"
            add(symbol(name), estimate(name), (f"{path}/0", f"{path}/1", f"{path}/2"), "profile likelihood")
    new = _bayes(results.predictions, "target", "new effect", "predictions.csv")
    add("new effect", new, (None, "predict/pi/0", "predict/pi/1"), "prediction interval")
    labels = ("Posterior mean", "2.5%", "97.5%", "REML", "2.5%", "97.5%")
    columns = [Column("Quantity"), *(Column(label, numeric=True) for label in labels), Column("REML interval")]
    return Table("table-classical", "Bayes beside restricted maximum likelihood", columns, rows, FILE)


def tests(results: Results) -> Table:
    """Wald tests, and with clusters cluster-robust ones, else those of Knapp and Hartung."""
    document = results.classical
    robust, name = ("robust/CR2", "CR2") if results_clustered(document) else ("knapp_hartung/coefficients", "KH")
    known = results_clustered(document) or document.get("knapp_hartung") is not None
    columns = [Column("Term"), *(Column(label, numeric=True) for label in ("Estimate", "SE", "z", "p"))]
    if known:
        columns += [Column(f"{label} ({name})", numeric=True) for label in ("SE", "t", "df", "p")]
    rows: list[list[Cell]] = []
    for i, term in enumerate(results.coefficients or ["mu"]):
        cells: list[Cell] = [Text(symbol(term), foreign=True)]
        start = f"coefficients/{i}"
        error = entry(document, f"{start}/se")
        cells += [to_error(document, f"{start}/{key}", FILE, error) for key in ("estimate", "se")]
        cells += [
            from_document(document, f"{start}/{key}", FILE, form) for key, form in (("z", "significant"), ("p", "p"))
        ]
        if known:
            cells.append(to_error(document, f"{robust}/{i}/se", FILE, entry(document, f"{robust}/{i}/se")))
            for key, form in {"t": "significant", "df": "tenth", "p": "p"}.items():
                cells.append(from_document(document, f"{robust}/{i}/{key}", FILE, form))
        rows.append(cells)
    return Table("table-tests", "Tests that a coefficient is zero", columns, rows, FILE)


def results_clustered(document: Any) -> bool:
    """Whether the classical fit has clusters; they drop out where every cluster has one row."""
    return "robust" in document


def heterogeneity(results: Results) -> list[Sentence]:
    """Q, I² and the likelihood-ratio tests, in words."""
    document = results.classical

    def number(path: str, form: str = "statistic") -> Number:
        return from_document(document, path, FILE, form)

    sentences: list[Sentence] = []
    if document.get("Q") is not None:
        sentences.append(
            [
                "Cochran's test of heterogeneity: Q = ", number("Q"), " on ", *degrees(document, "df"), ", p ",
                *p_words(document, "p"), ".",
            ]
        )  # fmt: skip
    if document.get("I2") is not None:
        sentences.append(["REML puts I² at ", number("I2/total", "tenth"), "%."])
    ratios = document.get("likelihood_ratio") or {}
    if ratios:
        sentences.append(
            [
                "Likelihood-ratio tests: heterogeneity between clusters χ² = ",
                number("likelihood_ratio/between/statistic"),
                ", p ", *p_words(document, "likelihood_ratio/between/p_mixture"), "; within clusters χ² = ",
                number("likelihood_ratio/within/statistic"), ", p ",
                *p_words(document, "likelihood_ratio/within/p_mixture"),
                ". A variance cannot be below zero, so these p-values are from an equal mixture of zero and χ² with "
                "one degree of freedom: half of the usual ones.",
            ]
        )  # fmt: skip
    return sentences


def ignoring_clusters(results: Results) -> Sentence | None:
    """What the same fit without clusters would have said of the pooled effect."""
    document = results.classical
    start = "ignoring_clusters/predict"
    if not document.get("ignoring_clusters") or None in (document["predict"], entry(document, start)):
        return None

    def number(path: str) -> Number:
        error = entry(document, path.rpartition("predict")[0] + "predict/se")
        return to_error(document, path, FILE, error, of_interval="/ci/" in path)

    width = [entry(document, f"{path}/ci") for path in ("predict", start)]
    ratio = (width[1][1] - width[1][0]) / (width[0][1] - width[0][0])
    verdict = "narrower" if ratio < 0.95 else "wider" if ratio > 1.05 else "about as wide"
    ending = " as with them." if verdict == "about as wide" else " than with them."
    return [
        "Ignoring the clusters, REML would have put the pooled effect at ", number(f"{start}/mean"), " (",
        number(f"{start}/ci/0"), " to ", number(f"{start}/ci/1"), ") in place of ", number("predict/mean"), " (",
        number("predict/ci/0"), " to ", number("predict/ci/1"), f"): an interval {verdict}{ending}",
    ]  # fmt: skip


def content(results: Results) -> dict[str, Any]:
    """What the section shows."""
    document = results.classical
    shown = {
        "sentences": heterogeneity(results),
        "unavailable": unavailable(document, but=("small_study", "QM", "R2")),
    }
    if not applies(results):
        return shown | {"table": None, "reason": document.get("reason")}
    return shown | {
        "table": beside(results),
        "tests": tests(results),
        "robust": "robust" in document,
        "ignoring": ignoring_clusters(results),
        "likelihood": from_document(document, "log_likelihood", FILE, "fine"),
    }
