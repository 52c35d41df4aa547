"""Does the clustering matter? Rules of thumb, named as such, what the data say, and what clusters change."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from hiermeta.figures.regression import linear, ratio
from hiermeta.io.results import Results, Row, find
from hiermeta.report.cells import Cell, Column, Missing, Number, Sentence, Table, Text, numeric, of_summary, to_error
from hiermeta.report.classical import boundary
from hiermeta.report.comparison import part, weighed
from hiermeta.report.numbers import if_known, plain, quantity, ranged
from hiermeta.report.tables import SUMMARIES, tabulated
from hiermeta.report.words import meaning
from hiermeta.text.numbers import EXACT, places, printed

ICC, DESIGN = 0.05, 2.0
"""Rules of thumb: an intraclass correlation above the first, a design effect above the second (Muthén & Satorra 1995)
call for a multilevel model."""
FEW = 10
"""Below this many clusters what lies between them is known badly."""
BUILD_UP = {"null": "Null", "individual": "Individual", "contextual": "Contextual", "cross-level": "Cross-level"}
"""Steps from the null model, each with the predictors of the one before and its own."""
_BAYES = math.log(3.0)
_ERRORS = 2.0


@dataclass(frozen=True)
class Evidence:
    """What speaks for and against the clustering.

    Parameters
    ----------
    icc, lower, upper : float
        Intraclass correlation without predictors, posterior mean and 95% limits.
    design, design_lower : float
        Design effect without predictors, posterior mean and lower 95% limit.
    log_bayes_factor : float or None
        In favour of the clustering; None where it was not computed.
    elpd, elpd_se : float or None
        How much better left-out rows are predicted with the clustering (log density), and its standard error.
    """

    icc: float
    lower: float
    upper: float
    design: float
    design_lower: float
    log_bayes_factor: float | None = None
    elpd: float | None = None
    elpd_se: float | None = None

    @property
    def data(self) -> list[int]:
        """What Bayes factor and left-out rows say, where known: 1 for the clustering, −1 against, 0 neither."""
        found = []
        if self.log_bayes_factor is not None:
            found.append(_sign(self.log_bayes_factor, _BAYES))
        if self.elpd is not None and self.elpd_se is not None:
            found.append(_sign(self.elpd, _ERRORS * self.elpd_se))
        return found


def _sign(value: float, limit: float) -> int:
    return (value > limit) - (value < -limit)


def judge(evidence: Evidence) -> str:
    """``matters``, ``little`` or ``open``.

    It matters where the whole interval exceeds a rule of thumb, or the data speak for it, and they don't speak against
    it; it matters little where no rule is exceeded and the data don't speak for it; else that is open.

    Examples
    --------
    >>> judge(Evidence(0.18, 0.15, 0.22, 9.0, 7.5, 103.2)), judge(Evidence(0.02, 0.0, 0.06, 1.3, 1.0, -1.5))
    ('matters', 'little')
    """
    exceeded = evidence.icc > ICC or evidence.design > DESIGN
    speak_for, against = 1 in evidence.data, -1 in evidence.data
    clearly = evidence.lower > ICC or evidence.design_lower > DESIGN
    if (clearly or speak_for) and not against:
        return "matters"
    return "little" if not exceeded and not speak_for else "open"


CONCLUSIONS = {
    "matters": "The clustering matters and belongs in the model.",
    "little": "The clustering matters little here.",
    "open": "The data do not settle whether the clustering matters.",
}


def evidence(results: Results) -> Evidence | None:
    """The numbers of the result files; None without an intraclass correlation."""
    rows = {row["quantity"]: row for row in results.rows("clustering")}
    row, design = rows.get("ICC [null]"), rows.get("design effect [null]")
    if row is None or design is None:
        return None
    position = part(results, "clustering")
    factor = None if position is None else float(results.averages["inclusion"][position]["log_bayes_factor"])
    limits = (row["q2.5"], row["q97.5"], design["mean"], design["q2.5"])
    return Evidence(row["mean"], *limits, factor, *(_difference(results) or ()))


def _difference(results: Results) -> tuple[float, float] | None:
    """How much better left-out rows are predicted with the clustering than without; None unless one of them is best."""
    known = [row for row in results.comparison if math.isfinite(row["elpd_loo_difference"])]
    names = [row["model"] for row in known]
    if not {"full model", "without clustering"} <= set(names):
        return None
    without = find(known, "model", "without clustering")
    if without["elpd_loo_difference"] < 0:
        return -without["elpd_loo_difference"], without["elpd_loo_difference_se"]
    full = find(known, "model", "full model")
    return full["elpd_loo_difference"], full["elpd_loo_difference_se"]


def thumb(results: Results, known: Evidence) -> Sentence:
    """The rule of thumb for the intraclass correlation."""
    numbers = quantity(results, "ICC [null]")
    assert numbers is not None
    side = "above" if known.icc > ICC else "below"
    either = f", though the interval reaches {'below' if side == 'above' else 'above'} it"
    unsure = known.lower <= ICC if side == "above" else known.upper > ICC
    return [
        "By the usual rule of thumb an intraclass correlation above 0.05 calls for a multilevel model; here it is ",
        *ranged(numbers, named=True), f", {side} that{either if unsure else ''}.",
    ]  # fmt: skip


def design(results: Results, known: Evidence) -> Sentence:
    """The design effect and what it leaves of the sample."""
    effect, size = quantity(results, "design effect [null]"), quantity(results, "effective sample size [null]")
    assert effect is not None and size is not None
    end = "above" if known.design > DESIGN else "not above"
    start: Sentence = ["The design effect is ", *ranged(effect), f", {end} two, another rule of thumb"]
    if not linear(results):
        return [*start, "; it is that of the linear predictor, not of a mean of the outcome itself."]
    return [*start, ": for a mean over clusters, the data say as much as ", size[0], " independent individuals."]


def data(results: Results) -> list[Sentence]:
    """Bayes factor and leave-one-out prediction for the clustering, where there are any."""
    sentences: list[Sentence] = []
    position = part(results, "clustering")
    if position is not None:
        sentences.append(["The data are ", *weighed(results, position, " the clustering", " it"), "."])
    difference = _difference(results)
    if difference:
        without = [row["model"] for row in results.comparison].index("without clustering")
        at = without if results.comparison[without]["elpd_loo_difference"] < 0 else 0
        worse = "without the clustering" if at == without else "with the clustering"
        size, error = (
            to_error(results.comparison, f"{at}/{key}", "comparison.csv", difference[1])
            for key in ("elpd_loo_difference", "elpd_loo_difference_se")
        )
        end = "a clear difference" if _sign(difference[0], _ERRORS * difference[1]) else "no clear difference"
        sentences.append(
            [f"Left-out rows are predicted worse {worse}: elpd by ", size, " (standard error ", error, f"), {end}."]
        )
    return sentences


def caveats(results: Results) -> list[str]:
    """What makes the judgement uncertain."""
    found = []
    factors = results.model.get("groups") or [results.model]
    if min(factor["n_clusters"] for factor in factors) < FEW:
        found.append("Clusters are few: what is said of the variation between them leans on its prior.")
    if results.classical.get("singular"):
        method = results.classical.get("method", "ML")
        found.append(f"{method} is singular: it puts {boundary(results)[0]}.")
    return found


def sentences(results: Results) -> list[Sentence]:
    """All of it, the conclusion first; nothing without an intraclass correlation."""
    known = evidence(results)
    if known is None:
        return []
    start: Sentence = [CONCLUSIONS[judge(known)]]
    extra: list[Sentence] = [[text] for text in caveats(results)]
    return [start, thumb(results, known), design(results, known), *data(results), *extra]


def median_ratio(results: Results) -> Sentence | None:
    """How far apart two clusters typically are, as a ratio; None where coefficients are not on a log scale."""
    word = ratio(results)
    numbers = quantity(results, f"median {word}") if word else None
    if numbers is None:
        return None
    return [
        f"Of two rows alike in all but their clusters, the one with the higher {word.removesuffix(' ratio')} has ",
        *ranged(numbers), f" times {'those' if word == 'odds ratio' else 'that'} of the other, in the median: "
        f"the median {word}.",
    ]  # fmt: skip


def quantities(results: Results) -> Table:
    """What the clustering does, each quantity explained; ratios of standard errors stand in the table of models.

    Without predictors the null model is the whole one, and nothing is explained.
    """
    alone = results.model["coefficients"] == ["intercept"]

    def said(row: Row) -> bool:
        name = row["quantity"]
        return not (name.startswith("SE ratio") or (alone and (name.endswith("null]") or name.startswith("R2"))))

    def summary(label: str, key: str) -> Column:
        def cell(row: Row, source: str) -> Cell:
            return of_summary(row, key, source) if math.isfinite(row["sd"]) else plain(row, key, source, 2)

        return Column(label, True, cell)

    columns = [
        Column("Quantity", cell=lambda row, source: Text(row["quantity"].replace("R2", "R²"))),
        *(summary(label, key) for label, key in SUMMARIES.items()),
        Column("Meaning", cell=lambda row, source: Text(meaning(row["quantity"]))),
    ]
    rows = results.rows("clustering")
    return tabulated("clustering", "What the clustering does", "clustering.csv", rows, columns, keep=said)


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
    caption = f"Build-up from the null model ({results.classical.get('method', 'ML')})"
    return Table("table-build-up", caption, columns, rows, "models.csv")


def _with_error(row: Row, key: str, source: str) -> list[Cell]:
    """A classical estimate and its standard error, to two digits of it; three digits of an estimate without one."""
    error = row.get(f"{key}_se", math.nan)
    if not error > 0:
        return [plain(row, key, source), plain(row, f"{key}_se", source)]
    return [if_known(row, name, source, places(error, EXACT)) for name in (key, f"{key}_se")]


def content(results: Results) -> dict[str, Any]:
    """What the section shows."""
    return {
        "sentences": sentences(results),
        "median": median_ratio(results),
        "table": quantities(results),
        "models": models(results),
        "steps": build_up(results),
        "linear": linear(results),
    }
