"""The classical counterpart beside the Bayesian numbers: (restricted) maximum likelihood and its tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from hiermeta.figures.palette import symbol
from hiermeta.io.results import Results, Row
from hiermeta.report.cells import (
    Cell,
    Column,
    Missing,
    Number,
    Sentence,
    Table,
    Text,
    entry,
    estimate_cells,
    from_document,
    numeric,
    of_summary,
    to_error,
)
from hiermeta.report.numbers import INTERVAL, interval, ranged
from hiermeta.report.unavailable import unavailable
from hiermeta.text.numbers import noun

FILE = "classical.json"
FEW = 10
"""Estimates, or clusters where there are some, below which intervals are not Wald's."""


def number(results: Results, path: str, form: str = "statistic") -> Number:
    """A number of classical.json."""
    return from_document(results.classical, path, FILE, form)


def degrees(results: Results, path: str) -> Sentence:
    """Such as ``12 degrees of freedom``."""
    found = number(results, path, "count")
    return [found, f" {noun(found.value or 0, 'degree of freedom', 'degrees of freedom')}"]


def p_words(results: Results, path: str) -> Sentence:
    """A p-value after the letter p: ``= 0.03`` or ``< 0.001``."""
    found = number(results, path, "p")
    return [found] if found.text.startswith("<") else ["= ", found]


def cochran(results: Results) -> Sentence:
    """Cochran's Q with its degrees of freedom and p-value."""
    return ["Q = ", number(results, "Q"), " on ", *degrees(results, "df"), ", p ", *p_words(results, "p")]


class Intervals(NamedTuple):
    """Where classical.json has the intervals that are shown: of coefficients, of the mean and new effects; their name.

    ``why`` says why they are not Wald's.
    """

    coefficients: str
    predict: str
    name: str
    why: Sentence


def intervals(results: Results) -> Intervals:
    """Wald's where estimates or clusters are many, with few of them those of Knapp and Hartung or CR2 with t quantiles.

    Wald's intervals take τ for known. With few units they are too narrow: with five alike estimates, for instance,
    normal intervals hold the mean about 88% of the time where τ is large, those of Knapp and Hartung 95%.
    """
    document = results.classical
    clustered = "robust" in document
    unit, among, coefficients = ("cluster", "clusters", "robust/CR2") if clustered else (
        "estimate", "k", "knapp_hartung/coefficients")  # fmt: skip
    predict = f"{coefficients.partition('/')[0]}/predict"
    if document[among] >= FEW or None in (entry(document, coefficients), entry(document, predict)):
        return Intervals("coefficients", "predict", "Wald", [])
    name = "CR2" if clustered else "Knapp–Hartung"
    whose = "cluster-robust (CR2)" if clustered else "those of Knapp and Hartung"
    why: Sentence = [
        "With ", number(results, among, "count"), f" {noun(document[among], unit)}, fewer than {FEW}, intervals of the "
        f"mean and of coefficients are {whose}, with quantiles of t, as is the prediction interval: Wald's, which take "
        "τ for known, are too narrow with so few.",
    ]  # fmt: skip
    return Intervals(coefficients, predict, name, why)


def beside(results: Results) -> Table:
    """Posterior mean and credible interval, REML estimate and confidence interval, one line per quantity."""
    document, shown = results.classical, intervals(results)
    mean = shown.predict
    rows: list[list[Cell]] = []

    def add(label: str, table: str, name: str, paths: tuple[str | None, str, str], what: str, error: str = "") -> None:
        reml = estimate_cells(document, paths, FILE, entry(document, error) if error else None)
        rows.append([Text(label, foreign=True), *interval(results, table, name), *reml, Text(what)])

    add("μ", "estimates", "mu", (f"{mean}/mean", f"{mean}/ci/0", f"{mean}/ci/1"), shown.name, f"{mean}/se")
    for i, term in enumerate(results.coefficients):
        at = f"{shown.coefficients}/{i}"
        add(term, "estimates", term, (f"{at}/estimate", f"{at}/ci/0", f"{at}/ci/1"), shown.name, f"{at}/se")
    for name in ("tau", "rho"):
        if document["confint"].get(name) and any(row["parameter"] == name for row in results.estimates):
            at = f"confint/{name}"
            add(symbol(name), "estimates", name, (f"{at}/0", f"{at}/1", f"{at}/2"), "profile likelihood")
    add("new effect", "predictions", "new effect", (None, f"{mean}/pi/0", f"{mean}/pi/1"), "prediction interval")
    labels = ("Posterior mean", "2.5%", "97.5%", "REML", "2.5%", "97.5%")
    columns = [Column("Quantity"), *numeric(*labels), Column("REML interval")]
    return Table("table-classical", "Bayes beside restricted maximum likelihood", columns, rows, FILE)


def tests(results: Results) -> Table:
    """Wald tests, and with clusters cluster-robust ones, else those of Knapp and Hartung."""
    document = results.classical
    clustered = "robust" in document  # clusters drop out where each has one row
    robust, name = ("robust/CR2", "CR2") if clustered else ("knapp_hartung/coefficients", "KH")
    known = clustered or document.get("knapp_hartung") is not None
    columns = [Column("Term"), *numeric("Estimate", "SE", "z", "p")]
    if known:
        columns += numeric(*(f"{label} ({name})" for label in ("SE", "t", "df", "p")))
    rows: list[list[Cell]] = []
    for i, term in enumerate(results.coefficients or ["mu"]):
        cells: list[Cell] = [Text(symbol(term), foreign=True)]
        start = f"coefficients/{i}"
        error = entry(document, f"{start}/se")
        cells += [to_error(document, f"{start}/{key}", FILE, error) for key in ("estimate", "se")]
        cells += [number(results, f"{start}/{key}", form) for key, form in (("z", "significant"), ("p", "p"))]
        if known:
            cells.append(to_error(document, f"{robust}/{i}/se", FILE, entry(document, f"{robust}/{i}/se")))
            for key, form in {"t": "significant", "df": "tenth", "p": "p"}.items():
                cells.append(number(results, f"{robust}/{i}/{key}", form))
        rows.append(cells)
    return Table("table-tests", "Tests that a coefficient is zero", columns, rows, FILE)


def heterogeneity(results: Results) -> list[Sentence]:
    """Q, I² and the likelihood-ratio tests, in words."""
    document = results.classical
    sentences: list[Sentence] = []
    if document.get("Q") is not None:
        sentences.append(["Cochran's test of heterogeneity: ", *cochran(results), "."])
    if document.get("I2") is not None:
        sentences.append(["REML puts I² at ", number(results, "I2/total", "tenth"), "%."])
    if document.get("likelihood_ratio"):
        ratio = {
            part: [number(results, f"likelihood_ratio/{part}/statistic"), ", p ",
                   *p_words(results, f"likelihood_ratio/{part}/p_mixture")]
            for part in ("between", "within")
        }  # fmt: skip
        sentences.append(
            [
                "Likelihood-ratio tests: heterogeneity between clusters χ² = ", *ratio["between"],
                "; within clusters χ² = ", *ratio["within"],
                ". A variance cannot be below zero, so these p-values are from an equal mixture of zero and χ² with "
                "one degree of freedom: half of the usual ones, unless χ² is zero.",
            ]
        )  # fmt: skip
    return sentences


def ignoring_clusters(results: Results) -> Sentence | None:
    """What the same fit without clusters would have said of the pooled effect."""
    document = results.classical
    start = "ignoring_clusters/predict"
    if not document.get("ignoring_clusters") or None in (document["predict"], entry(document, start)):
        return None

    def effect(path: str) -> Sentence:
        error = entry(document, f"{path}/se")
        mean, low, high = (
            to_error(document, f"{path}/{key}", FILE, error, of_interval=key != "mean")
            for key in ("mean", "ci/0", "ci/1")
        )
        return ranged((mean, low, high))

    width = [entry(document, f"{path}/ci") for path in ("predict", start)]
    ratio = (width[1][1] - width[1][0]) / (width[0][1] - width[0][0])
    wide = "narrower than" if ratio < 0.95 else "wider than" if ratio > 1.05 else "about as wide as"
    return [
        "Ignoring the clusters, REML would have put the pooled effect at ", *effect(start), " in place of ",
        *effect("predict"), f": an interval{' (both are Wald intervals)' if intervals(results).why else ''} {wide} "
        "with them.",
    ]  # fmt: skip


class Beside(NamedTuple):
    """A parameter of a regression in both fits: its place and row in estimates.csv, and where classical.json has it."""

    source: str
    row: Row
    estimate: str
    limits: tuple[str, str] | None

    def cells(self, results: Results) -> list[Number | Missing]:
        """The classical estimate and its limits; SDs and correlations have no standard error."""
        start, _, column = self.estimate.rpartition("/")
        error = float(entry(results.classical, start)["se"]) if column == "estimate" else None
        return estimate_cells(results.classical, (self.estimate, *(self.limits or (None, None))), FILE, error)


def shared(results: Results) -> Iterator[Beside]:
    """The parameters that both fits of a regression have."""
    document = results.classical
    places = {
        row["term"]: (f"coefficients/{i}/estimate", (f"coefficients/{i}/ci/0", f"coefficients/{i}/ci/1"))
        for i, row in enumerate(document.get("coefficients") or [])
    }
    for position, row in enumerate(results.estimates):
        name, source = row["parameter"], f"estimates.csv/{position}"
        profile = (f"confint/{name}/1", f"confint/{name}/2") if name in (document.get("confint") or {}) else None
        if name in places:
            yield Beside(source, row, *places[name])
        elif name == "sigma" and document.get("sigma") is not None:
            yield Beside(source, row, "sigma", profile)
        else:
            for part in ("sd", "correlation"):
                if (document.get(part) or {}).get(name) is not None and "/" not in name:
                    yield Beside(source, row, f"{part}/{name}", profile)


def mixed(results: Results) -> Table:
    """Posterior mean and credible interval of a regression, classical estimate and confidence interval."""
    method = str(results.classical["method"])
    rows: list[list[Cell]] = []
    for both in shared(results):
        numbers = [of_summary(both.row, column, both.source) for column in INTERVAL]
        rows.append([Text(both.row["parameter"], foreign=True), *numbers, *both.cells(results)])
    columns = [Column("Parameter"), *numeric("Posterior mean", "2.5%", "97.5%", method, "2.5%", "97.5%")]
    return Table("table-classical", f"Bayes beside {method}", columns, rows, FILE)


def boundary(results: Results) -> tuple[str, str]:
    """Where a singular classical fit lies: after "it puts", and after "but for"."""
    if results.classical.get("boundary", "sd") == "correlation":
        where = "correlations of random effects", "at the limit of what is possible"
    else:
        where = "a standard deviation between clusters", "at zero"
    return " ".join(where), f"{where[0]} that it puts {where[1]}"


def content(results: Results) -> dict[str, Any]:
    """What the section shows."""
    document, meta = results.classical, results.is_meta
    shown: dict[str, Any] = {
        "table": None,
        "reason": document.get("reason"),
        "sentences": [],
        "unavailable": [],
        "measures": [],
    }
    if meta:
        shown["sentences"] = heterogeneity(results)
        shown["unavailable"] = unavailable(document, but=("small_study", "QM", "R2"))
    if not document.get("applies"):
        return shown
    shown["likelihood"] = number(results, "log_likelihood", "fine")
    if meta:
        return shown | {
            "table": beside(results),
            "tests": tests(results),
            "robust": "robust" in document,
            "ignoring": ignoring_clusters(results),
            "few": intervals(results).why,
        }
    measures = ("ICC", "ICC [null]", "design effect")
    return shown | {
        "table": mixed(results),
        "method": document["method"],
        "restricted": document["method"] == "REML",
        "singular": bool(document.get("singular")),
        "boundary": boundary(results)[0],
        "nodes": document.get("quadrature_nodes"),
        "profiled": bool(document.get("confint")),
        "unavailable": unavailable(document),
        "measures": [(name, number(results, name, "significant")) for name in measures if name in document],
    }
