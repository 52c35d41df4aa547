"""The answer of a regression, in about five plain sentences."""

from __future__ import annotations

import math

from hiermeta.figures.regression import groups, linear, ratio
from hiermeta.io.results import Results, Row
from hiermeta.report import average_effects, clustering, uninformed
from hiermeta.report.cells import Number, Sentence, from_document
from hiermeta.report.comparison import UNDECIDED, factor, part, strength
from hiermeta.report.health import verdict
from hiermeta.report.model import level_means
from hiermeta.report.numbers import effect, place, plain, quantity, ranged, summarised, unsigned
from hiermeta.report.pooled_answer import left_out
from hiermeta.text.numbers import significant

NAMED = 6
"""Coefficients that the answer names at most, unless there are more products."""
NARROW = 1.5
"""Times that a classical standard error is larger than a posterior SD, from which it is the prior that narrows it."""


def answer(results: Results) -> list[Sentence]:
    """What the outcome depends on, what clusters add, what ignoring them does, and what remains of them."""
    parts = [depends(results), slopes(results), between(results), ignoring(results), matters(results)]
    parts += [remains(results), uninformed.sentence(results)]
    return [*(part for part in parts if part), verdict(results), *left_out(results)]


def coefficients(results: Results) -> list[tuple[int, Row]]:
    """Positions and rows of the coefficients in estimates.csv, but for the intercept or the means in its place."""
    names = set(results.model["coefficients"]) - {"intercept", *level_means(results.model["coefficients"])}
    return [(i, row) for i, row in enumerate(results.estimates) if row["parameter"] in names]


def depends(results: Results) -> Sentence:
    """The coefficients whose intervals leave zero out, in units of the outcome or as ratios."""
    outcome, found = results.model["outcome"], coefficients(results)
    levels = _levels(results)
    if levels:
        return [*levels, " ", *_effects(results, outcome, found)] if found else levels
    if not found:
        return [f"The model has no predictors: it describes {outcome} by its mean and its variation between clusters."]
    return _effects(results, outcome, found)


def _levels(results: Results) -> Sentence:
    """Expected outcomes by level, of a factor that stands in place of an intercept."""
    names, outcome = level_means(results.model["coefficients"]), results.model["outcome"]
    found = [(i, row) for i, row in enumerate(results.estimates) if row["parameter"] in names]
    what = "The expected value" if linear(results) else f"The {ratio(results).removesuffix(' ratio')}"
    sentence: Sentence = [f"{what} of {outcome} {'are' if what == 'The odds' else 'is'} "]
    for position, (at, row) in enumerate(found[:NAMED]):
        size = ranged(effect(results, row, f"estimates.csv/{at}"), named=position == 0)
        sentence += ["; " if position else "", *size, f" at {row['parameter']}"]
    more = "; and more levels" if len(found) > NAMED else ""
    return [*sentence, f"{more}."] if found else []


def _effects(results: Results, outcome: str, found: list[tuple[int, Row]]) -> Sentence:
    every = average_effects.named(results, found)
    clear = [entry for entry in every if entry.clear]
    if not clear:
        none = "zero" if linear(results) else f"a {ratio(results)} of one"
        return [f"No predictor of {outcome} has a coefficient whose 95% credible interval excludes {none}."]
    sentence: Sentence = []
    kept = max(NAMED, sum(entry.is_product for entry in every))
    noun = ratio(results).removesuffix(" ratio")
    it, verb = ("they", "are") if noun == "odds" else ("it", "is")
    for position, entry in enumerate(clear[:kept]):
        size = ranged(effect(results, entry.row, entry.source), named=position == 0)
        if linear(results) and entry.difference:
            size = ranged(unsigned(summarised(entry.row, entry.source)), named=position == 0)
            lead: Sentence = ["it is " if position else f"{outcome} is ", *size, entry.higher]
        elif linear(results):
            lead = [f"{'with' if position else f'{outcome} changes with'} {entry.name} by ", *size, entry.unit]
        elif entry.difference:
            lead = [f"{it if position else f'The {noun} of {outcome}'} {verb} ", *size, entry.times]
        else:
            who = f"{'each' if position else 'Each'} unit of {entry.name}" if entry.unit else entry.name
            lead = [f"{who}{'' if position else f' goes with {noun} of {outcome}'} ", *size, " times as high"]
        sentence += ["; " if position else "", *lead]
    sentence.append("; and others" if len(clear) > kept else "")
    sentence.append(", the other predictors held fixed" if len(found) > 1 else "")
    unclear = [entry.name for entry in every if not entry.clear]
    if unclear:
        more = f" and {'others' if len(unclear) > kept else unclear[-1]}" if len(unclear) > 1 else ""
        first = ", ".join(unclear[: min(kept, len(unclear) - 1) or 1])
        sentence.append(f"; no clear association with {first}{more}")
    if results.average_effects:
        sentence.append(". Averages are over the rows of the data")
    return [*sentence, ". These are associations, not causes, unless the design says so."]


def slopes(results: Results) -> Sentence:
    """Whether each slope that the model lets vary between clusters does, by its Bayes factor."""
    sentence: Sentence = []
    for position, entry in enumerate(results.averages.get("inclusion", [])):
        _, varying, what = str(entry["part"]).partition("varying ")
        if not varying:
            continue
        several = len(results.model.get("groups") or ()) > 1
        term, _, group = what.rpartition(" by ") if several else (what, "", results.model["cluster_column"])
        value, number = factor(results, position)
        kind = "difference" if term.endswith("]") else "slope"
        if abs(value) < UNDECIDED:
            words = f"the data do not settle whether the {kind} of {term} varies between clusters of {group}"
        elif value > 0:
            words = f"the {kind} of {term} varies between clusters of {group}"
        else:
            words = f"the data speak against a {kind} of {term} that varies between clusters of {group}"
        way = "for" if value >= 0 else "against"
        sentence += ["; " if sentence else "", words if sentence else words[:1].upper() + words[1:]]
        sentence += [f" (Bayes factor {way} it ", number, f", {strength(value)} evidence)"]
    return [*sentence, "."] if sentence else []


def between(results: Results) -> Sentence:
    """How much of the variation lies between clusters, without predictors and given them."""
    null, given = quantity(results, "ICC [null]"), quantity(results, "ICC")
    if null is None:
        return []
    count: Sentence = [from_document(results.model, "n_clusters", "model.json", "count"), " "]
    scale = "" if linear(results) else " on the scale of the linear predictor"
    sentence: Sentence = [
        "Without predictors, a share of ", *ranged(null), f" of the variation{scale} lies "
        "between the ", *(count if len(groups(results)) == 1 else []), "clusters (the intraclass correlation)",
    ]  # fmt: skip
    factors = groups(results)
    for position, group in enumerate(factors if len(factors) > 1 else []):
        share = quantity(results, f"ICC [{group}, null]")
        if share is not None:
            sentence += [", " if position else ": ", share[0], f" between clusters of {group}"]
    if given is not None and coefficients(results):
        sentence += ["; after adjusting for the predictors, ", *ranged(given)]
    return [*sentence, "."]


def most_affected(results: Results) -> tuple[int, Row] | None:
    """The row of models.csv whose standard error clusters change most, as a ratio."""
    rows = [
        (i, row)
        for i, row in enumerate(results.rows("models"))
        if row["term"] in results.model["coefficients"]
        and row["complete_se"] > 0
        and row["partial_sd"] > 0
        and not _narrowed(row)
    ]
    others = [entry for entry in rows if entry[1]["term"] != "intercept"] or rows
    return max(others, key=lambda entry: abs(math.log(entry[1]["partial_sd"] / entry[1]["complete_se"])), default=None)


def _narrowed(row: Row) -> bool:
    """Whether a posterior is much narrower than its classical counterpart: by the prior, whatever the clusters do."""
    known = [row[name] for name in ("reml_se", "ml_se", "complete_se") if math.isfinite(row.get(name, math.nan))]
    return bool(row["partial_sd"] < known[0] / NARROW)


def ignoring(results: Results) -> Sentence:
    """What ignoring the clusters would have done to the standard error that they change most."""
    found = most_affected(results)
    if found is None or not results.rows("clustering"):
        return []
    at, row = found
    naive, partial = (plain(row, column, f"models.csv/{at}", 2) for column in ("complete_se", "partial_sd"))
    source, ratio_row = place(results, "clustering", f"SE ratio [{row['term']}]")
    value = ratio_row["mean"]
    times = Number(significant(value, 2), value, f"{source}/mean")
    assert isinstance(naive, Number) and isinstance(partial, Number)
    what = "about the same" if 0.95 < value < 1.05 else f"too {'small' if value > 1 else 'large'}"
    return [
        f"Ignoring the clusters, the standard error of {row['term']} would have been ", naive, " in place of ", partial,
        f", {what}: the ratio of the two is ", times, ".",
    ]  # fmt: skip


def matters(results: Results) -> Sentence:
    """The verdict, with the rule of thumb and the design effect."""
    known = clustering.evidence(results)
    if known is None:
        return []
    design, position = quantity(results, "design effect [null]"), part(results, "clustering")
    assert design is not None
    icc_is = "above" if known.icc > clustering.ICC else "below"
    design_is = "above" if known.design > clustering.DESIGN else "below"
    sentence: Sentence = [
        f"{clustering.CONCLUSIONS[clustering.judge(known)].removesuffix('.')}: the intraclass correlation is {icc_is} "
        f"0.05 {'and' if icc_is == design_is else 'but'} the design effect, ", design[0],
        f", {'' if icc_is == design_is else 'is '}{design_is} two (both are rules of thumb)",
    ]  # fmt: skip
    if position is not None:
        value, number = factor(results, position)
        sentence += [f", and the Bayes factor {'for' if value >= 0 else 'against'} the clustering is ", number]
    return [*sentence, "."]


def remains(results: Results) -> Sentence:
    """What the SD between clusters was without predictors, and what it is after each step of the build-up."""
    rows = {row["term"]: (i, row) for i, row in enumerate(results.rows("models"))}
    intercepts = [term for term in rows if term.startswith("sd(") and term.endswith(":intercept)")]
    found = {term[3:].rpartition(":")[0]: rows[term] for term in intercepts}
    averages = {group: rows[f"sd({group})"] for group in groups(results) if f"sd({group})" in rows}
    averaged = ", averaged over the rows" if averages else ""  # where slopes vary
    words = {
        "null": "without predictors",
        "individual": "with individual-level predictors",
        "contextual": "with cluster-level predictors",
        "cross-level": "with their interactions",
    }
    method = results.classical.get("method", "ML")
    sentence: Sentence = []
    for name, (at, row) in (found | averages).items():
        steps = [step for step in words if math.isfinite(row.get(step, math.nan))]
        if len(steps) < 2:
            continue
        group = f" of {name}" if len(found | averages) > 1 else ""
        sentence.append(
            f"; between clusters{group} it is " if sentence else
            f"The standard deviation between clusters{group}{averaged} ({method}){',' if averaged else ''} is "
        )  # fmt: skip
        for position, step in enumerate(steps):
            number = plain(row, step, f"models.csv/{at}")
            assert isinstance(number, Number)
            sentence += [", " if position else "", number, f" {words[step]}"]
    return [*sentence, "."] if sentence else []
