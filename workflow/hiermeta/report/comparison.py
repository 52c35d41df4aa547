"""Models side by side: how probable each is, what the data say about each part, and the average over them."""

from __future__ import annotations

import math
from typing import Any

from hiermeta.figures import probabilities
from hiermeta.io.results import Document, Results, Row
from hiermeta.report.cells import (
    Cell,
    Column,
    Missing,
    Number,
    Sentence,
    Table,
    Text,
    from_document,
    numeric,
    to_error,
    with_places,
)
from hiermeta.report.numbers import INTERVAL, Interval, ranged
from hiermeta.report.unavailable import unavailable
from hiermeta.text.numbers import EXACT, UNKNOWN, fixed, percent, places

FILE, TABLE = "comparison.json", "comparison.csv"
MODELS_SHOWN = 60
PARTS = {
    "effect": "a pooled effect other than zero",
    "heterogeneity": "differences between true effects (τ above zero)",
    "clusters": "differences between clusters (ρ above zero)",
    "scale": "heterogeneity that varies with the scale moderators",
}
STRENGTH = ((3.0, "anecdotal"), (10.0, "moderate"), (30.0, "strong"), (100.0, "very strong"), (math.inf, "extreme"))
"""Upper ends of the Bayes factors that the words stand for (Jeffreys 1961, in Lee & Wagenmakers' 2013 wording)."""
UNDECIDED = math.log(STRENGTH[0][0])
"""Size of the logarithm of a Bayes factor below which it decides nothing."""
_LARGEST = math.log(1e6)
_NAT = 0.5
"""Differences between log marginal likelihoods that matter: half a unit."""
_FAR = 2.0
"""Standard errors between bridge sampling and quadrature from which the page comments on them."""
RECIPROCAL = "exp of the negative"


def part_words(results: Results, part: str) -> str:
    """What a part of a model of a meta-analysis is; with moderators the effect is the standardised intercept."""
    if part == "effect" and results.model["intercept_at"]:
        return f"an effect other than zero {results.model['intercept_at']}"
    return PARTS.get(part, f"the {part}" if part.startswith("moderator ") else part)


def strength(log_bayes_factor: float) -> str:
    """How much evidence there is, whichever way it points.

    Examples
    --------
    >>> strength(0.2), strength(-2.5)
    ('anecdotal', 'strong')
    """
    factor = math.exp(min(abs(log_bayes_factor), 700.0))
    return next(word for limit, word in STRENGTH if factor < limit)


def bayes_factor(log_bayes_factor: float, source: str, error: float = EXACT) -> Number:
    """The Bayes factor in the direction in which it is above one, from its logarithm, to two digits at most.

    Parameters
    ----------
    log_bayes_factor : float
    source : str
        Where it is read from.
    error : float
        Of the logarithm.
    """
    size = abs(log_bayes_factor)
    via = "exp" if log_bayes_factor >= 0 else RECIPROCAL
    value = math.exp(min(size, 700.0))
    text = "more than a million" if size > _LARGEST else fixed(value, places(value, value * error))
    return Number(text, value, source, via)


def part(results: Results, name: str) -> int | None:
    """The position of a part of the models in comparison.json; None where it is in none or in all of them."""
    parts = [entry["part"] for entry in results.averages.get("inclusion", [])]
    return parts.index(name) if name in parts else None


def factor(results: Results, position: int) -> tuple[float, Number]:
    """The logarithm of the Bayes factor of a part of the models, and the factor as `bayes_factor` prints it."""
    entry = results.averages["inclusion"][position]
    value, source = entry["log_bayes_factor"], f"{FILE}/inclusion/{position}/log_bayes_factor"
    return value, bayes_factor(value, source, entry.get("error", EXACT))


def log_factor(results: Results, position: int) -> Number:
    """The logarithm of the Bayes factor of a part of the models."""
    entry = results.averages["inclusion"][position]
    shown = places(_NAT, entry.get("error", EXACT))
    return with_places(entry, "log_bayes_factor", f"{FILE}/inclusion/{position}", shown)


def evidence(log_bayes_factor: float, it: str = "") -> str:
    """Such as ``strong evidence for it``."""
    word = strength(log_bayes_factor)
    toward = "" if word == "anecdotal" else f" for{it}" if log_bayes_factor >= 0 else f" against{it}"
    return f"{word} evidence{toward}"


def weighed(results: Results, position: int, name: str = "", it: str = "") -> Sentence:
    """How many times more probable the data are with a part than without, or the other way; words with a blank."""
    value, number = factor(results, position)
    first, second = ("with", "without") if value >= 0 else ("without", "with")
    return [number, f" times more probable {first}{name or it} than {second}{it} ({evidence(value, it)})"]


def verdicts(results: Results) -> list[Sentence]:
    """One sentence per part: what the data say of it, and how probable it is."""
    sentences: list[Sentence] = []
    for i, entry in enumerate(results.averages.get("inclusion", [])):
        before, after = (_probability(entry, key, i) for key in ("prior_probability", "posterior_probability"))
        name = str(entry["part"])
        if results.is_meta:
            words = part_words(results, name)
            said = [*weighed(results, i), "; probability from ", before, " to ", after, "."]
        else:
            slope = name.removeprefix("varying ")
            words = name if slope == name else f"a slope of {slope} that differs between clusters"
            said = [*weighed(results, i, it=" it"), "; probability ", after, " where even odds were given to it."]
        sentences.append([f"{words[:1].upper()}{words[1:]}: the data are ", *said])
    return sentences


def _probability(entry: Document, key: str, position: int) -> Number:
    return Number(percent(entry[key], EXACT), entry[key], f"{FILE}/inclusion/{position}/{key}")


def averaged(results: Results) -> Sentence | None:
    """Pooled effect, τ and a new effect, averaged over the models."""
    found = results.averages.get("averaged") or {}
    if not found:
        return None

    def numbers(name: str) -> Interval:
        mean, low, high = (
            to_error(results.averages, f"averaged/{name}/{key}", FILE, found[name]["sd"], of_interval=key != "mean")
            for key in INTERVAL
        )
        return mean, low, high

    words = {"mu": "the pooled effect is ", "tau": "τ is "}
    pieces: list[Sentence] = [[said, *ranged(numbers(name))] for name, said in words.items() if name in found]
    if "new effect" in found:
        _, low, high = numbers("new effect")
        pieces.append(["a new true effect is expected between ", low, " and ", high])
    sentence: Sentence = ["Averaged over the models by their probabilities, "]
    for position, piece in enumerate(pieces):
        last = ", and " if len(pieces) > 2 else " and "
        sentence += ["" if position == 0 else ", " if position < len(pieces) - 1 else last, *piece]
    return [*sentence, ". Models in which a quantity is zero pull these towards zero."]


def bridge(results: Results) -> Sentence | None:
    """Bridge sampling beside quadrature."""
    found = results.averages.get("bridge")
    if not found:
        return None
    sentence: Sentence = [
        "Bridge sampling puts the log marginal likelihood of ", found["model"], " at ",
        to_error(results.averages, "bridge/value", FILE, found["se"]), " (Monte Carlo SE ",
        from_document(results.averages, "bridge/se", FILE, "short"), ")",
    ]  # fmt: skip
    if found.get("difference_in_se") is not None:
        number = from_document(results.averages, "bridge/difference_in_se", FILE, "short")
        sentence += [", ", number, " of its standard errors from the value by quadrature"]
        if abs(found["difference_in_se"]) > _FAR:
            sentence.append(
                ". So large a difference arises by chance in fewer than one fit of twenty; the standard error is "
                "probably too small. Bayes factors here are those by quadrature"
            )
    return [*sentence, "."]


def _elpd(row: Row, name: str, source: str) -> list[Cell]:
    if not math.isfinite(row.get(name, math.nan)):
        return [Missing()] * 3
    total, error = places(_NAT, UNKNOWN), row[f"{name}_difference_se"]
    compared = places(error, EXACT) if error > 0 else total
    shown = {name: total, f"{name}_difference": compared, f"{name}_difference_se": compared}
    return [with_places(row, key, source, kept) for key, kept in shown.items()]


def table(results: Results) -> Table:
    """One row per model, as in the file."""
    kinds = [
        (name, label)
        for name, label in (("elpd_loo", "elpd (estimates)"), ("elpd_loco", "elpd (clusters)"))
        if any(math.isfinite(row.get(name, math.nan)) for row in results.comparison)
    ]
    columns = [Column("Model"), *numeric("Log ML", "Prior", "Posterior")]
    columns += [column for _, label in kinds for column in numeric(label, "Difference", "SE")]
    columns.append(Column("Method"))
    rows: list[list[Cell]] = []
    shares = {when: probabilities.printed(results.comparison, when) for when in ("prior", "posterior")}
    for position, row in enumerate(results.comparison[:MODELS_SHOWN]):
        source = f"{TABLE}/{position}"
        cells: list[Cell] = [Text(row["model"], foreign=True)]
        cells.append(with_places(row, "log_marginal_likelihood", source, places(_NAT, row["error"])))
        for when, texts in shares.items():
            key = f"{when}_probability"
            cells.append(Number(texts[position], row[key], f"{source}/{key}"))
        for name, _ in kinds:
            cells += _elpd(row, name, source)
        rows.append([*cells, Text(row["method"])])
    return Table("table-comparison", "Models compared", columns, rows, TABLE)


def inclusion(results: Results) -> Table:
    """The Bayes factor of each part of the models."""
    rows: list[list[Cell]] = []
    for i, entry in enumerate(results.averages.get("inclusion", [])):
        chances = [_probability(entry, key, i) for key in ("prior_probability", "posterior_probability")]
        words = evidence(entry["log_bayes_factor"], " it").replace(" evidence", "")
        rows.append([Text(entry["part"], foreign=True), *chances, log_factor(results, i), Text(words)])
    columns = [Column("Part"), *numeric("Prior", "Posterior", "Log Bayes factor"), Column("Evidence")]
    return Table("table-inclusion", "Inclusion Bayes factors", columns, rows, FILE)


def effect(results: Results) -> Number | None:
    """The log Bayes factor for a pooled effect other than zero; None where no models without one are compared."""
    tested = results.has_numbers and not results.model.get("intercept_at")
    position = part(results, "effect") if tested else None
    return None if position is None else log_factor(results, position)


def missing(results: Results) -> list[tuple[str, str]]:
    """What there is none of, and why."""
    if not results.is_meta:
        return unavailable(results.averages)
    of_models = unavailable(results.averages, but=("elpd",))
    return [*of_models, *unavailable(results.exact, only=("sensitivity",))]


def content(results: Results) -> dict[str, Any]:
    """What the section shows."""
    return {
        "sentences": verdicts(results),
        "averaged": averaged(results),
        "bridge": bridge(results),
        "reason": results.averages.get("reason"),
        "notes": results.averages.get("notes", []),
        "table": table(results),
        "inclusion": inclusion(results),
        "unavailable": missing(results),
    }
