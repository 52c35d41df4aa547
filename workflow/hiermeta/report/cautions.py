"""What to know before relying on the answer: each caution by a rule, and the lights that sum them up.

A light is ``pass`` where its rules found nothing, ``warn`` where they did, and ``none`` where nothing can be said.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np

from hiermeta.data.measures import MEASURES
from hiermeta.figures.checks import far_out, judged
from hiermeta.figures.influence import name, unit
from hiermeta.figures.palette import symbol
from hiermeta.io.results import Results, Row
from hiermeta.report import checks, health, small_study
from hiermeta.report.cells import Number, Sentence, from_document
from hiermeta.report.comparison import FILE, TABLE, UNDECIDED, bayes_factor, factor, part
from hiermeta.report.numbers import MAGNITUDE
from hiermeta.report.pooled_answer import at_averages
from hiermeta.text.numbers import EXACT, noun, percent

FEW_ESTIMATES, FEW_GROUPS = 10, 5
"""Estimates and groups below which an answer leans on its priors."""
_TWICE = 2.001
"""Factor of a prior's scale up to which another answer is told."""
DOMINANT = 0.5
"""Share of the weights from which one cluster is said to dominate."""
OUTLYING = 0.05
"""Probability, times their number, of residuals from which the largest is said to lie far out (Bonferroni)."""
_LIMIT = 1.959964
_BAD_FIT = "not in every respect"
_NAMED = 3

COMPUTED, FIT, BIAS, DATA = "computed correctly", "model fits the data", "small-study effects", "enough data"
_CONCERNS = {FIT: "model fit", BIAS: "small-study effects", DATA: "few or uneven data"}
"""What a light that asks for care is about, where its own name would deny it."""


@dataclass(frozen=True)
class Light:
    """One of the lights above the answer.

    Parameters
    ----------
    name, status : str
    words : str
        What the status means.
    section : str
        Id of the section with the details.
    """

    name: str
    status: str
    words: str
    section: str


def cautions(results: Results) -> dict[str, list[Sentence]]:
    """Sentences by the light that they belong to; those on the answer itself are under an empty name."""
    rules: dict[str, list[Callable[[Results], Iterable[Sentence]]]]
    if results.is_meta:
        rules = {DATA: [_few, _dominant], BIAS: [small_study.warning], FIT: [_outlying]}
        rules[""] = [_undecided, _unstable, _other_priors, _one_unit, _dependent, _not_the_best]
    else:
        rules = {DATA: [_few_groups], FIT: [_misfit, _far_out, _dispersion], "": [_not_the_best]}
    return {light: [sentence for rule in found for sentence in rule(results)] for light, found in rules.items()}


def lights(results: Results, found: dict[str, list[Sentence]]) -> list[Light]:
    """Whether the numbers were computed correctly, the model fits, small studies differ, and the data are enough.

    Parameters
    ----------
    results : Results
        With numbers that may be used.
    found : dict of str to list of Sentence
        Its `cautions`.
    """
    computed = {"pass": "all checks passed", "warn": "read the failed checks"}
    outside = results.status == "pass" and health.failed(health.beside_classical(results))
    status = "warn" if outside else results.status
    section = "influence" if results.is_meta else "checks"
    made = [Light(COMPUTED, status, computed[status], "health")]
    few = results.is_meta and results.model["k"] < FEW_ESTIMATES
    if not found[FIT] and (few or not (results.loo if results.is_meta else results.rows("checks"))):
        made.append(Light(FIT, "none", "too few estimates to tell" if few else "not checked", section))
    else:
        made.append(_light(found, FIT, "no clear sign against it", _BAD_FIT, section))
    if results.is_meta and (results.classical.get("small_study") and results.model["k"] >= FEW_ESTIMATES):
        made.append(_light(found, BIAS, "no clear sign of any", "less precise estimates differ", "small-study"))
    elif results.is_meta:
        made.append(Light(BIAS, "warn" if found[BIAS] else "none", "can't be tested well", "small-study"))
    enough = "ten estimates or more" if results.is_meta else "five clusters or more"
    good = "no cluster dominates" if results.is_meta and results.clustered else enough
    bad = "see below" if results.is_meta else "few clusters"
    return [*made, _light(found, DATA, good, bad, "data")]


def named(shown: Sequence[Light]) -> list[str]:
    """What the lights that ask for care are about, beside that of the computation itself; for the overview."""
    return [_CONCERNS[light.name] for light in shown if light.status == "warn" and light.name != COMPUTED]


def _light(found: dict[str, list[Sentence]], name: str, good: str, bad: str, section: str) -> Light:
    return Light(name, "warn", bad, section) if found[name] else Light(name, "pass", good, section)


def _few(results: Results) -> Iterator[Sentence]:
    k, groups = results.model["k"], results.model["n_clusters"]
    if k < FEW_ESTIMATES:
        count = from_document(results.model, "k", "model.json", "count")
        yield [
            "There are only ",
            count,
            f" {noun(k, 'estimate')}: the pooled effect, τ and the prediction interval lean on the priors.",
        ]
    if results.clustered and groups < FEW_GROUPS:
        count = from_document(results.model, "n_clusters", "model.json", "count")
        yield [
            f"There {'is' if groups == 1 else 'are'} only ", count, f" {noun(groups, 'cluster')}: what is said of "
            "differences between clusters, and of a new one, leans on the priors.",
        ]  # fmt: skip


def _dominant(results: Results) -> Iterator[Sentence]:
    weights: Counter[str] = Counter()
    for row in results.rows("true_effects") if results.clustered else []:
        weights[str(row["cluster"])] += row["weight"]
    if len(weights) > 1:
        (largest, weight), *_ = weights.most_common(1)
        if weight / sum(weights.values()) >= DOMINANT:
            yield [f"One cluster, {largest}, has at least half of the weight in the pooled effect."]


def _outlying(results: Results) -> Iterator[Sentence]:
    """Left-out units that lie far out, or are predicted badly as a whole."""
    bad, _, _ = judged(results.loo)
    for kind in ("estimate", "cluster"):
        rows = [row for row in results.loo if row["unit"] == kind and math.isfinite(row["pit"])]
        out = list(compress(rows, far_out(np.array([row["pit"] for row in rows])))) if rows else []
        if out:
            named = ", ".join(name(results, row) for row in out[:_NAMED])
            more = f" and {len(out) - _NAMED} more" if len(out) > _NAMED else ""
            which = f"the {noun(len(out), kind)} {named}" if kind == "estimate" else named
            yield [f"Far from what the other {kind}s predict {'lies' if len(out) == 1 else 'lie'} {which}{more}."]
        elif f"{kind}s" in bad:
            yield [f"Left-out {kind}s are not distributed as the model predicts (see influence and model checks)."]


def _misfit(results: Results) -> Iterator[Sentence]:
    found = checks.misfit(results)
    if found:
        yield found


def _far_out(results: Results) -> Iterator[Sentence]:
    """The largest residual of each level, where one so large among so many is improbable."""
    for i, row in enumerate(results.rows("residual_checks")):
        size = abs(row["largest"])
        if math.isfinite(size) and row["n"] * math.erfc(size / math.sqrt(2)) < OUTLYING:
            number = Number(f"{size:.1f}", row["largest"], f"residual_checks.csv/{i}/largest", MAGNITUDE)
            yield [
                f"The largest residual ({row['level']}, {row['where']}) is ",
                number,
                " standard deviations from zero.",
            ]


def _dispersion(results: Results) -> Iterator[Sentence]:
    if checks.dispersed(results):
        yield checks.dispersion(results) or []


def _few_groups(results: Results) -> Iterator[Sentence]:
    factors = results.model.get("groups") or [{"name": "", "n_clusters": results.model["n_clusters"]}]
    for position, group in enumerate(factors):
        if group["n_clusters"] < FEW_GROUPS:
            count = from_document(results.model, f"groups/{position}/n_clusters", "model.json", "count")
            yield [
                "With only ", count, f" clusters of {group['name']}, their standard deviation and the intraclass "
                "correlation lean on the prior; a fixed factor in place of the random term is an alternative.",
            ]  # fmt: skip


def _not_the_best(results: Results) -> Iterator[Sentence]:
    """Another model with a higher evidence; models without an effect are compared elsewhere."""
    rows = [(i, row) for i, row in enumerate(results.comparison) if "(mu=0)" not in row["model"]]
    if len(rows) < 2:
        return
    reported, (i, best) = rows[0][1], max(rows, key=lambda entry: entry[1]["log_marginal_likelihood"])
    advantage = best["log_marginal_likelihood"] - reported["log_marginal_likelihood"]
    if advantage >= UNDECIDED:
        number = bayes_factor(advantage, f"{TABLE}/{i}/log_marginal_likelihood", best["error"] + reported["error"])
        yield [
            "Another model than the reported one predicts the data better: the marginal likelihood of "
            f"“{best['model']}” is {number.text} times as high, which depends on the priors of what it lacks "
            "(see model comparison)."
        ]


def _undecided(results: Results) -> Iterator[Sentence]:
    """That a sign takes an effect for granted, where the Bayes factor decides nothing."""
    position = part(results, "effect")
    if position is None or results.is_fixed("mu"):
        return
    value, _ = factor(results, position)
    if abs(value) < UNDECIDED:
        remains = 1 / (1 + math.exp(-value))
        at = f"{FILE}/inclusion/{position}/log_bayes_factor"
        yield [
            f"The data hardly tell an effect from none{at_averages(results)}. The probability of its sign supposes "
            "that it is not exactly zero; giving zero a chance of one half beforehand, ",
            Number(percent(remains, EXACT), remains, at, "inverse logit"), " remains for an effect.",
        ]  # fmt: skip


def _unstable(results: Results) -> Iterator[Sentence]:
    position = part(results, "effect")
    factors = [row["log_bayes_factor_mu"] for row in results.sensitivity if math.isfinite(row["log_bayes_factor_mu"])]
    if position is None or not factors:
        return
    value, _ = factor(results, position)
    other = min(factors) if value > 0 else max(factors)
    if abs(value) >= UNDECIDED and value * other < 0:
        word = "against" if value > 0 else "for"
        yield [f"The Bayes factor speaks {word} an effect under other scales of the priors (see model comparison)."]


def _other_priors(results: Results) -> Iterator[Sentence]:
    """The scale of a prior nearest to that used at which the interval of μ holds zero, or no longer does."""
    if MEASURES[results.model["measure"]].single_group or results.is_fixed("mu"):
        return
    rows = [(i, row) for i, row in enumerate(results.sensitivity) if 1 / _TWICE <= row["factor"] <= _TWICE]
    clear = {row["parameter"]: _leaves_out_zero(row) for _, row in rows if abs(row["factor"] - 1) < 1e-9}
    changed = [
        (i, row) for i, row in rows if row["parameter"] in clear and _leaves_out_zero(row) != clear[row["parameter"]]
    ]
    if changed:
        i, row = min(changed, key=lambda entry: abs(math.log(entry[1]["factor"])))
        times = Number(f"{row['factor']:.2g}", row["factor"], f"sensitivity.csv/{i}/factor")
        would = "leave out" if _leaves_out_zero(row) else "hold"
        yield [
            f"With a prior of {symbol(row['parameter'])} that is ", times, " times as wide, the 95% interval "
            f"of the pooled effect would {would} zero.",
        ]  # fmt: skip


def _leaves_out_zero(row: Row) -> bool:
    return bool(row["q2.5"] > 0 or row["q97.5"] < 0)


def _one_unit(results: Results) -> Iterator[Sentence]:
    """Units without which the interval of μ holds zero, or no longer does; the most influential ones are named."""
    if MEASURES[results.model["measure"]].single_group or results.is_fixed("mu"):
        return
    full = results.estimate("mu")

    def excludes(mean: float, sd: float) -> bool:
        return abs(mean) > _LIMIT * sd

    clear = _leaves_out_zero(full)
    if excludes(full["mean"], full["sd"]) != clear:
        return  # too close to call by a normal approximation
    rows = [row for row in results.influence if row["unit"] == unit(results)]
    changed = [row for row in rows if excludes(row["mu"], row["mu_sd"]) != clear]
    if changed:
        yield [_without(results, changed, clear)]


def _without(results: Results, rows: list[Row], clear: bool) -> str:
    rows = sorted(rows, key=lambda row: -row["cook"])
    named = ", ".join(name(results, row) for row in rows[:_NAMED])
    one = f"the estimate {named}" if unit(results) == "estimate" else named
    which = one if len(rows) == 1 else f"any single one of {len(rows)} {unit(results)}s ({named}"
    which += "" if len(rows) == 1 else ", …)" if len(rows) > _NAMED else ")"
    would = f"would {'hold' if clear else 'leave out'} zero (normal approximation)"
    return f"{'Without' if len(rows) == 1 else 'Leaving out'} {which}, the 95% interval of the pooled effect {would}."


def _dependent(results: Results) -> Iterator[Sentence]:
    """A correlation of sampling errors at which the interval of μ holds zero, or no longer does."""
    if MEASURES[results.model["measure"]].single_group:
        return
    rows = [(i, row) for i, row in enumerate(results.rows("sampling_correlation")) if row["parameter"] == "mu"]
    for i, row in rows[1:]:
        clear, was = _leaves_out_zero(row), _leaves_out_zero(rows[0][1])
        if clear != was:
            at = Number(f"{row['correlation']:g}", row["correlation"], f"sampling_correlation.csv/{i}/correlation")
            yield [
                "If sampling errors within clusters had a correlation of ", at, ", the 95% interval of the pooled "
                f"effect would {'leave out' if clear else 'hold'} zero.",
            ]  # fmt: skip
            return
