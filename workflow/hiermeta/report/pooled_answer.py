"""The answer of a meta-analysis, in about five plain sentences."""

from __future__ import annotations

from hiermeta.data.measures import MEASURES
from hiermeta.io.results import Results, Row
from hiermeta.report import average_effects, uninformed
from hiermeta.report.cells import Number, Sentence, from_document, source_of
from hiermeta.report.comparison import factor, part, strength
from hiermeta.report.model import level_means
from hiermeta.report.numbers import (
    differs,
    interval,
    multiplied,
    natural,
    natural_label,
    place,
    ranged,
    summarised,
    unsigned,
)
from hiermeta.report.tables import probability_cell
from hiermeta.text.numbers import UNKNOWN, noun, percent

LEFT_OUT = 0.1
"""Share of the rows without a value in some column from which the answer says so."""
CERTAINTY = ((0.99, "almost certainly"), (0.95, "very probably"), (0.9, "probably"))
"""Probabilities of a sign, and the words for it."""
UNCERTAIN = "sign uncertain"
STUDIES = ("study", "trial", "paper", "article", "publication", "experiment", "report")
"""Columns of clusters that are studies."""
NAMED = 3
"""Coefficients that the answer names at most, unless there are more products."""
NEARLY_ALL = 0.95
"""Probability of a sign from which new effects are said to have nearly all of them that sign."""
LITTLE = 10.0
"""Lower limit of I², in per cent, below which the data are not said to show that true effects differ."""


def answer(results: Results) -> list[Sentence]:
    """Pooled effect, its sign, heterogeneity and where it lies, and what to expect of a new study."""
    sentences = [_pooled(results)]
    if not (results.is_fixed("mu") or MEASURES[results.model["measure"]].single_group):
        sentences.append([*_sign(results), *_against_none(results)])
    if results.coefficients:
        sentences.append(_moderators(results))
    sentences.append([*_heterogeneity(results), *_scale(results)])
    if results.clustered:
        sentences.append(_allocation(results))
    sentences += [part for part in (uninformed.sentence(results), _prediction(results)) if part]
    return [*sentences, *left_out(results)]


def left_out(results: Results) -> list[Sentence]:
    """How many rows a missing value has cost, where it is a tenth of them or more."""
    document = results.validation
    missing = [entry["reason"] for entry in document["dropped"] if entry["reason"].startswith("no value in column")]
    if len(missing) < LEFT_OUT * document["rows_read"]:
        return []
    used, read = (from_document(document, name, "validation.json", "count") for name in ("rows_used", "rows_read"))
    columns = list(dict.fromkeys(reason.removeprefix("no value in ") for reason in missing))
    where = ", ".join(columns[:3]) + (" and others" if len(columns) > 3 else "")
    every = document["rows_used"] + len(missing) == document["rows_read"]
    whose = "the others" if every else "some of the others"
    return [["Only ", used, " of ", read, f" rows were used: {whose} have no value in {where}."]]


def _pooled(results: Results) -> Sentence:
    pooled = interval(results, "estimates", "mu")
    count = from_document(results.model, "k", "model.json", "count")
    start: Sentence = ["Across ", count, f" {noun(results.model['k'], 'estimate')}"]
    if results.clustered:
        clusters = from_document(results.model, "n_clusters", "model.json", "count")
        word = noun(results.model["n_clusters"], "cluster")
        start += [" in ", clusters, f" {word} ({results.model['cluster_column']})"]
    label = results.model["measure_label"]
    if results.is_fixed("mu"):
        return [*start, f", the pooled {label} is not estimated: its prior fixes it at ", pooled[0], "."]
    where = ", at the average moderator values of these estimates," if results.coefficients else ""
    return [*start, f", the pooled {label}{where} is ", *ranged(pooled, named=True), *_natural(results), "."]


def _natural(results: Results) -> Sentence:
    """The same on the natural scale, where that is another one."""
    if not differs(results):
        return []
    source, row = place(results, "estimates", "mu")
    return [f": {_with_article(natural_label(results))} of ", *ranged(natural(results, row, source))]


def certainty(probability: float) -> str:
    """How certain the sign of an effect is that is positive with this probability.

    Examples
    --------
    >>> certainty(0.98), certainty(0.005), certainty(0.4)
    ('very probably positive', 'almost certainly negative', 'sign uncertain')
    """
    likelier = "positive" if probability >= 0.5 else "negative"
    return next(
        (f"{how} {likelier}" for least, how in CERTAINTY if max(probability, 1 - probability) >= least), UNCERTAIN
    )


def _sign(results: Results) -> Sentence:
    source, row = place(results, "estimates", "mu")
    number, probability = probability_cell(row, source), row["P(>0)"]
    known = certainty(probability)
    meaning = ", so its sign remains uncertain." if known == UNCERTAIN else f": it is {known}."
    direction = results.model.get("direction")
    named: Sentence = [f" ({direction[1]})"] if direction else []
    return [
        "Given these data and priors, the pooled effect is above zero", *named, " with a probability of ", number,
        *_beyond(results, row, source), meaning,
    ]  # fmt: skip


def _against_none(results: Results) -> Sentence:
    """What the sign takes for granted, and how an effect compares with exactly none."""
    position = part(results, "effect")
    if position is None:
        return []
    value, number = factor(results, position)
    where = at_averages(results)
    return [
        f" That takes an effect for granted; weighed against exactly none{where}, the Bayes factor for "
        f"{'an effect' if value >= 0 else 'no effect'} is ", number, f" ({strength(value)} evidence).",
    ]  # fmt: skip


def at_averages(results: Results) -> str:
    """Where the effect is that models without one set to zero; nothing without moderators."""
    at = results.model["intercept_at"] or ("at the average moderator values" if results.coefficients else "")
    return f" {at}" if at else ""


def _beyond(results: Results, row: Row, source: str) -> Sentence:
    """The probability beyond the threshold that the config sets."""
    for column in row:
        if column.startswith("P(>") and column != "P(>0)":
            threshold = from_document(results.model, "threshold", "model.json", "plain")
            return [", above ", threshold, " with one of ", probability_cell(row, source, column)]
    return []


def _moderators(results: Results) -> Sentence:
    """Coefficients, or averages in their place, whose intervals leave zero out: products, and others up to `NAMED`."""
    means = level_means(results.coefficients)
    others = set(results.coefficients) - {"intercept", *means}
    every = average_effects.named(
        results, [(i, r) for i, r in enumerate(results.estimates) if r["parameter"] in others]
    )
    found = [entry for entry in every if entry.clear]
    if means and not others:
        return ["The coefficients are the mean effects at the levels of ", means[0].rpartition("[")[0], "."]
    if not found:
        return ["No moderator has a coefficient whose 95% credible interval excludes zero."]
    sentence: Sentence = ["The mean effect varies with the moderators: "]
    kept = max(NAMED, sum(entry.is_product for entry in found))
    for position, entry in enumerate(found[:kept]):
        size = summarised(entry.row, entry.source)
        if entry.difference:
            said: Sentence = [*ranged(unsigned(size)), entry.higher]
        else:
            said = [f"{entry.name} ", *ranged(size), entry.unit]
        sentence += ["; " if position else "", *said]
    return [*sentence, "; and others." if len(found) > kept else "."]


def _with_article(noun: str) -> str:
    """A noun with its indefinite article.

    Examples
    --------
    >>> _with_article("odds ratio"), _with_article("risk ratio")
    ('an odds ratio', 'a risk ratio')
    """
    return f"{'an' if noun[0] in 'aeio' else 'a'} {noun}"


def _heterogeneity(results: Results) -> Sentence:
    tau = interval(results, "heterogeneity", "tau")
    share = interval(results, "heterogeneity", "I2")
    if results.is_fixed("tau"):
        return ["The standard deviation τ of the true effects is not estimated: its prior fixes it at ", tau[0], "."]
    remaining = " beyond what the moderators say" if results.coefficients else ""
    averaged = ", averaged over the rows," if results.scale_coefficients else ""
    lowest = next(row["q2.5"] for row in results.heterogeneity if row["quantity"] == "I2")
    start = "True effects differ" if lowest >= LITTLE else "The data do not settle whether true effects differ"
    return [
        f"{start}{remaining} (SD τ{averaged} = ", tau[0], ", ", tau[1], " to ", tau[2], "); I², their share of the "
        "variance of an estimate of typical precision, is about ", share[0], "%.",
    ]  # fmt: skip


def _scale(results: Results) -> Sentence:
    """Which scale moderators heterogeneity goes along with, and by how much."""
    rows = [(i, row) for i, row in enumerate(results.estimates) if row["parameter"] in results.scale_coefficients]
    found = [entry for entry in rows if not entry[1]["q2.5"] <= 0 <= entry[1]["q97.5"]]
    if not found:
        return [" The data do not settle whether τ varies with the scale moderators."] if rows else []
    sentence: Sentence = [" The SD τ varies with the scale moderators: "]
    for position, (i, row) in enumerate(found[:NAMED]):
        name = row["parameter"].removeprefix("scale:")
        size = ranged(multiplied(row, f"estimates.csv/{i}"))
        column, level, low = results.model["differences"].get(name, ("", "", ""))
        what = f"for {level} as for {low} ({column})" if column else f"per unit of {name}"
        sentence += ["; " if position else "", *size, f" times as large {what}"]
    return [*sentence, "; and others." if len(found) > NAMED else "."]


def _allocation(results: Results) -> Sentence:
    share = interval(results, "heterogeneity", "rho")
    if results.is_fixed("rho"):
        return ["The share ρ of their variance between clusters is fixed by its prior at ", share[0], "."]
    return [
        "Of the variance of the true effects, a share ρ of ", *ranged(share),
        " lies between clusters, the rest within them.",
    ]  # fmt: skip


def _prediction(results: Results) -> Sentence:
    _, low, high = interval(results, "predictions", "new effect")
    source, row = place(results, "predictions", "new effect")
    new = "estimate from a new " + cluster_word(results.model["cluster_column"]) if results.clustered else "study"
    where = ", at average moderator values," if results.coefficients else ""
    start: Sentence = [f"The true effect of a new {new}{where} is expected between ", low, " and ", high]
    if differs(results):
        _, low, high = natural(results, row, source)
        scale = f" on the scale of the {results.model['measure_label']}, "
        start += [f"{scale}{_with_article(natural_label(results))} between ", low, " and ", high]
    return [*start, " (95% prediction interval)", *_signs(results, row, source)]


def cluster_word(column: str) -> str:
    """What one cluster is called: as the column, where that is a word for studies, else a cluster.

    Examples
    --------
    >>> cluster_word("Study_ID"), cluster_word("paper"), cluster_word("district")
    ('study', 'paper', 'cluster (district)')
    """
    word = column.lower().removesuffix("id").rstrip("_. -").removesuffix("s")
    return word if word in STUDIES else f"cluster ({column})"


def _signs(results: Results, row: Row, source: str) -> Sentence:
    """Which signs new effects have, by their probability; nothing where zero means nothing in particular."""
    if MEASURES[results.model["measure"]].single_group:
        return ["."]
    probability = row["P(>0)"]
    above = Number(percent(probability, UNKNOWN), probability, source_of(row, "P(>0)", source))
    if probability >= NEARLY_ALL:
        return [": nearly all such effects are positive (", above, ")."]
    if probability <= 1 - NEARLY_ALL:
        return [": nearly all such effects are negative (", above, " are positive)."]
    return [": effects of either sign are to be expected (", above, " are positive)."]
