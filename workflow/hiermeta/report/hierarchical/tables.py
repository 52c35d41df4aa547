"""The tables of a hierarchical regression."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hiermeta.figures.prior_predictive import label
from hiermeta.figures.regression import groups, linear, ratio
from hiermeta.io.results import Results, Row
from hiermeta.report.cells import Cell, Column, Missing, Number, Table, Text, with_places
from hiermeta.report.hierarchical.numbers import effect, of_checks, plain
from hiermeta.report.hierarchical.words import STATISTICS, meaning
from hiermeta.report.tables import SUMMARY_COLUMNS, cut, probability_cell, summary_cells
from hiermeta.text.numbers import EXACT, UNKNOWN, count, places, printed

BUILD_UP = {"null": "Null", "individual": "Individual", "contextual": "Contextual", "cross-level": "Cross-level"}
ROWS_SHOWN = 30
"""Longer tables of clusters are cut here; the file beside the page has all rows."""


def shown(caption: str, rows: Sequence[Row], file: str) -> str:
    """The caption, which says so when rows are left out, and where all of them are."""
    return caption if len(rows) <= ROWS_SHOWN else cut(caption, ROWS_SHOWN, rows, file)


def numeric(*labels: str) -> list[Column]:
    """Heads of columns of numbers."""
    return [Column(label, numeric=True) for label in labels]


def outcome(results: Results) -> Table:
    """What the data say about the outcome before any model."""
    rows: list[list[Cell]] = [
        [Text(row["statistic"]), of_checks(row, "observed", f"checks.csv/{position}")]
        for position, row in enumerate(results.rows("checks"))
        if row["statistic"] != "dispersion"
    ]
    columns = [Column("Statistic"), *numeric("Observed")]
    return Table("table-outcome", "The outcome", columns, rows, "checks.csv")


def estimates(results: Results) -> Table:
    """All parameters; coefficients of probabilities and rates also as ratios."""
    names, word = set(results.model["coefficients"]), ratio(results)
    rows: list[list[Cell]] = []
    for position, row in enumerate(results.estimates):
        source = f"estimates.csv/{position}"
        cells: list[Cell] = [Text(row["parameter"], foreign=True), *summary_cells(row, source)]
        coefficient = row["parameter"] in names
        cells.append(probability_cell(row, source) if coefficient else Missing())
        if word:
            slope = coefficient and row["parameter"] != "intercept"
            cells += effect(results, row, source) if slope else [Missing()] * 3
        rows.append(cells)
    columns = [Column("Parameter"), *SUMMARY_COLUMNS, *numeric("P(> 0)")]
    columns += numeric(word[:1].upper() + word[1:], "2.5%", "97.5%") if word else []
    return Table("table-estimates", "Estimates, per unit of the predictor", columns, rows, "estimates.csv")


def clustering(results: Results) -> Table:
    """What the clustering does, each quantity explained; ratios of standard errors stand in the table of models.

    Without predictors the null model is the whole one, and nothing is explained.
    """
    alone = results.model["coefficients"] == ["intercept"]
    rows: list[list[Cell]] = []
    for position, row in enumerate(results.rows("clustering")):
        name, source = row["quantity"], f"clustering.csv/{position}"
        if name.startswith("SE ratio") or (alone and (name.endswith("null]") or name.startswith("R2"))):
            continue
        if math.isfinite(row["sd"]):
            numbers = summary_cells(row, source)
        else:
            numbers = [plain(row, column, source, 2) for column in ("mean", "sd", "median", "q2.5", "q97.5")]
        rows.append([Text(name.replace("R2", "R²")), *numbers, Text(meaning(name))])
    columns = [Column("Quantity"), *SUMMARY_COLUMNS, Column("Meaning")]
    return Table("table-clustering", "What the clustering does", columns, rows, "clustering.csv")


def models(results: Results) -> Table:
    """Each coefficient under complete and partial pooling and in the classical mixed model."""
    method = str(results.classical.get("method") or "ML")
    posterior = {row["parameter"]: row for row in results.estimates}
    ratios = {row["quantity"]: (i, row) for i, row in enumerate(results.rows("clustering"))}
    rows: list[list[Cell]] = []
    for position, row in enumerate(results.rows("models")):
        source, own = f"models.csv/{position}", posterior.get(row["term"])
        cells = [*_with_error(row, "complete", source), plain(row, "complete_robust_se", source, 2)]
        cells += [
            Number(printed(own, column), row[key], f"{source}/{key}") if own else Missing()
            for key, column in (("partial", "mean"), ("partial_sd", "sd"))
        ]
        cells += _with_error(row, method.lower(), source)
        found = ratios.get(f"SE ratio [{row['term']}]")
        cells.append(plain(found[1], "mean", f"clustering.csv/{found[0]}", 3) if found else Missing())
        rows.append([Text(row["term"], foreign=True), *cells])
    columns = [Column("Term")]
    columns += numeric("Complete pooling", "naive SE", "cluster-robust SE", "Partial pooling", "SD", method, "SE")
    columns += numeric("SD / naive SE")
    return Table("table-models", "The same coefficients, pooled completely and partially", columns, rows, "models.csv")


def build_up(results: Results) -> Table | None:
    """Classical fits from the null model on; None where nothing is built up."""
    found = results.rows("models")
    steps = [step for step in BUILD_UP if any(math.isfinite(row.get(step, math.nan)) for row in found)]
    if len(steps) < 2:
        return None
    rows: list[list[Cell]] = []
    for position, row in enumerate(found):
        cells = [cell for step in steps for cell in _with_error(row, step, f"models.csv/{position}")]
        if any(isinstance(cell, Number) for cell in cells):
            rows.append([Text(row["term"], foreign=True), *cells])
    columns = [Column("Term"), *numeric(*(label for step in steps for label in (BUILD_UP[step], "SE")))]
    method = results.classical.get("method", "ML")
    caption = f"Build-up from the null model ({method})"
    return Table("table-build-up", caption, columns, rows, "models.csv")


def _with_error(row: Row, key: str, source: str) -> list[Cell]:
    """A classical estimate and its standard error, to two digits of it; three digits of an estimate without one."""
    error = row.get(f"{key}_se", math.nan)
    if not error > 0:
        return [plain(row, key, source), plain(row, f"{key}_se", source)]
    return [_known(row, name, source, places(error, EXACT)) for name in (key, f"{key}_se")]


def _known(row: Row, key: str, source: str, shown: int) -> Cell:
    return with_places(row, key, source, shown) if math.isfinite(row.get(key, math.nan)) else Missing()


def predictions(results: Results) -> Table:
    """The mean, a typical cluster, a new one, a new individual, and what the config asks for."""
    words = {
        "mean": "mean (credible interval)" if linear(results) else "average over clusters (credible interval)",
        "typical cluster": "typical cluster (credible interval)",
        "new cluster": "a new cluster (prediction interval)",
        "new individual": "an individual in a new cluster (prediction interval)",
    }
    rows: list[list[Cell]] = []
    for position, row in enumerate(results.predictions):
        start = next((name for name in words if row["target"] == name or row["target"].startswith(f"{name} at ")), None)
        if start is not None:
            label = words[start] + row["target"].removeprefix(start)
            numbers = summary_cells(row, f"predictions.csv/{position}")
            rows.append([Text(label, foreign=label not in words.values()), *numbers])
    caption = "Predictions at the mean of the predictors, and at chosen values"
    return Table("table-predictions", caption, [Column("Target"), *SUMMARY_COLUMNS], rows, "predictions.csv")


def marginal_means(results: Results) -> Table:
    """The expected outcome at levels of each predictor."""
    from hiermeta.report.moderators import levels

    table = levels(results, results.marginal_means, "marginal_means.csv", "levels", "Marginal means", effects=False)
    head = [Column("Predictor"), *table.columns[1:]]
    return Table("table-levels", table.caption, head, table.rows, table.file)


def clusters(results: Results) -> Table:
    """The expected outcome of each known cluster at the mean of the predictors."""
    known = {f"{start} {row['cluster']}" for row in results.loo for start in ("cluster", row.get("group", "cluster"))}
    found = [(i, row) for i, row in enumerate(results.predictions) if row["target"] in known]
    rows: list[list[Cell]] = [
        [Text(row["target"].removeprefix("cluster "), foreign=True), *summary_cells(row, f"predictions.csv/{position}")]
        for position, row in found[:ROWS_SHOWN]
    ]
    caption = shown("Clusters at the mean of the predictors", [row for _, row in found], "predictions.csv")
    return Table("table-clusters", caption, [Column("Cluster"), *SUMMARY_COLUMNS], rows, "predictions.csv")


def random_effects(results: Results) -> Table:
    """How each cluster differs from the overall coefficients."""
    found, several = results.rows("random_effects"), len(groups(results)) > 1
    rows: list[list[Cell]] = []
    for position, row in enumerate(found[:ROWS_SHOWN]):
        cells: list[Cell] = [Text(row["cluster"], foreign=True)]
        cells += [Text(row["group"], foreign=True)] if several else []
        cells.append(Text(row["term"], foreign=True))
        rows.append([*cells, *summary_cells(row, f"random_effects.csv/{position}")])
    columns = [Column("Cluster"), *([Column("Factor")] if several else []), Column("Term"), *SUMMARY_COLUMNS]
    caption = shown("Random effects", found, "random_effects.csv")
    return Table("table-random-effects", caption, columns, rows, "random_effects.csv")


def pooling(results: Results) -> Table:
    """The coefficients of each cluster without, with complete and with partial pooling."""
    found, several = results.rows("pooling"), len(groups(results)) > 1
    # The Monte Carlo error of a cluster's own coefficient is about that of its random effect.
    errors = {(row.get("group"), row["cluster"], row["term"]): row for row in results.rows("random_effects")}
    rows: list[list[Cell]] = []
    for position, row in enumerate(found[:ROWS_SHOWN]):
        source = f"pooling.csv/{position}"
        cells: list[Cell] = [Text(row["cluster"], foreign=True)]
        cells += [Text(row["group"], foreign=True)] if several else []
        size = Number(count(row["n"]), row["n"], f"{source}/n")
        effect = errors.get((row.get("group"), row["cluster"], row["term"]), {})
        partial = places(row["partial_line_sd"], effect.get("mcse_mean", UNKNOWN))
        alone = places(row["none_se"] if row["none_se"] > 0 else row["partial_line_sd"], EXACT)
        digits = {"none": alone, "none_se": alone, "partial_line": partial, "partial_line_sd": partial}
        numbers = [_known(row, key, source, kept) for key, kept in (digits | {"complete_line": alone}).items()]
        rows.append([*cells, Text(row["term"], foreign=True), size, *numbers, plain(row, "shrinkage", source, 2)])
    columns = [Column("Cluster"), *([Column("Factor")] if several else []), Column("Term")]
    columns += numeric("Rows", "No pooling", "SE", "Partial pooling", "SD", "Complete pooling", "Shrinkage")
    caption = shown("The three poolings of every cluster", found, "pooling.csv")
    return Table("table-pooling", caption, columns, rows, "pooling.csv")


def checks(results: Results) -> Table:
    """Statistics of the data beside those of simulated data sets."""
    rows: list[list[Cell]] = [
        [Text(row["statistic"]),
         *(of_checks(row, key, f"checks.csv/{position}") for key in ("observed", "mean", "q2.5", "q97.5")),
         plain(row, "p", f"checks.csv/{position}", 2), Text(STATISTICS.get(row["statistic"], ""))]
        for position, row in enumerate(results.rows("checks"))
    ]  # fmt: skip
    columns = [Column("Statistic"), *numeric("Observed", "Simulated mean", "2.5%", "97.5%", "P(larger)")]
    columns.append(Column("Meaning"))
    return Table("table-checks", "Posterior predictive checks", columns, rows, "checks.csv")


def prior_predictive(results: Results) -> Table:
    """Quantiles of the outcome by the priors, and in the data."""
    levels = {"q2.5": "2.5%", "q25": "25%", "median": "Median", "q75": "75%", "q97.5": "97.5%"}
    rows: list[list[Cell]] = [
        [
            Text(label(row["quantity"]), foreign=True),
            Text("data" if of else "priors"),
            *(plain(row, f"{of}{level}", f"prior_predictive.csv/{position}") for level in levels),
        ]
        for position, row in enumerate(results.rows("prior_predictive"))
        for of in ("", "observed_")
    ]
    columns = [Column("Quantity"), Column("By"), *numeric(*levels.values())]
    return Table(
        "table-prior-predictive", "Quantiles by the priors and in the data", columns, rows, "prior_predictive.csv"
    )


def residual_checks(results: Results) -> Table | None:
    """Shape of the residuals of each level; None where there are none."""
    found = results.rows("residual_checks")
    digits = {"mean": 2, "sd": 3, "skewness": 2, "excess_kurtosis": 2, "largest": 3}
    rows: list[list[Cell]] = []
    for position, row in enumerate(found):
        source = f"residual_checks.csv/{position}"
        numbers = [plain(row, key, source, size) for key, size in digits.items()]
        size, beyond = (Number(count(row[key]), row[key], f"{source}/{key}") for key in ("n", "beyond_3"))
        where = Text(row["where"], foreign=True)
        rows.append([Text(row["level"], foreign=True), size, *numbers[:4], beyond, numbers[4], where])
    if not rows:
        return None
    columns = [
        Column("Level"),
        *numeric("Residuals", "Mean", "SD", "Skewness", "Excess kurtosis", "Beyond ±3", "Largest"),
    ]
    columns.append(Column("Where"))
    return Table("table-residuals", "Standardised residuals by level", columns, rows, "residual_checks.csv")


def loo(results: Results) -> Table:
    """How well each cluster is predicted from the others."""
    several = len(groups(results)) > 1
    rows: list[list[Cell]] = []
    for position, row in enumerate(results.loo[:ROWS_SHOWN]):
        source = f"loo.csv/{position}"
        cells: list[Cell] = [Text(row["cluster"], foreign=True)]
        cells += [Text(row["group"], foreign=True)] if several else []
        cells.append(Number(count(row["n"]), row["n"], f"{source}/n"))
        rows.append([*cells, plain(row, "elpd", source, 4), plain(row, "pareto_k", source, 2)])
    columns = [Column("Cluster"), *([Column("Factor")] if several else []), *numeric("Rows", "elpd", "Pareto k̂")]
    return Table("table-loo", shown("Left-out clusters", results.loo, "loo.csv"), columns, rows, "loo.csv")
