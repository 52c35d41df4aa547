"""Can the numbers be trusted? Every check with its number and its threshold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hiermeta.figures.palette import symbol
from hiermeta.inference.prior_conflict import PRIOR, REML
from hiermeta.io.results import Results
from hiermeta.report.cells import Number, Sentence, entry, from_document, of_summary
from hiermeta.report.classical import Beside, boundary, shared
from hiermeta.report.numbers import place
from hiermeta.report.words import advice, after_crash
from hiermeta.text.numbers import EXACT, fixed, places

AGREEMENT = ("Stan − exact, in SDs", "Stan − importance sampling, in SDs")
UNCONVERGED = ("R-hat", "ESS", "divergences")
"""Parts of the names of checks without which draws can't be expected to agree with the exact posterior."""


@dataclass(frozen=True)
class Check:
    """One entry of the health strip; its status is ``none``, and its value from no file, where nothing was compared."""

    name: str
    status: str
    value: Number
    threshold: Sentence


def strip(results: Results) -> list[Check]:
    """The checks of diagnostics.json, and Stan against the posterior computed without it, or why there is none."""
    entries = enumerate(results.diagnostics["checks"])
    checks = [_check(results, position, entry) for position, entry in entries]
    comparison = agreement_check(results)
    if comparison is None and (reason := results.diagnostics.get("not_compared")):
        comparison = Check(_agreement_name(results), "none", Number("not compared", None, ""), [reason])
    return [*checks, comparison] if comparison else checks


def failed(checks: Iterable[Check]) -> list[str]:
    """Names of the checks that did not pass."""
    return [check.name for check in checks if check.status in ("warn", "fail")]


def not_compared(results: Results) -> str:
    """A sentence on why Stan was not compared with a posterior computed without it; empty where it was."""
    reason = results.diagnostics.get("not_compared")
    return f"Stan was not compared with a posterior computed without MCMC ({reason})." if reason else ""


def _check(results: Results, position: int, found: dict[str, Any]) -> Check:
    name, path = found["name"], f"checks/{position}/value"
    if name == REML:
        source, mu = place(results, "estimates", "mu")
        low, high = (of_summary(mu, limit, source) for limit in ("q2.5", "q97.5"))
        where = "inside" if found["status"] == "pass" else "outside"
        error = (results.classical.get("predict") or {}).get("se") or mu["sd"]
        value = Number(fixed(found["value"], places(error, EXACT)), found["value"], f"diagnostics.json/{path}")
        name = "REML estimate inside the credible interval"
        return Check(name, found["status"], value, [f"{where} the 95% credible interval of μ, ", low, " to ", high])
    threshold: Sentence = [f"required: {found['threshold']}"]
    if name == PRIOR:
        name, threshold = f"Do prior and data agree? ({symbol(found['parameter'])})", ["tail probability, ", *threshold]
    form = "p" if found["name"] == PRIOR else _form(name)
    return Check(name, found["status"], from_document(results.diagnostics, path, "diagnostics.json", form), threshold)


def _form(name: str) -> str:
    if "R-hat" in name:
        return "fine"
    return "count" if any(word in name for word in ("ESS", "divergences", "tree", "data")) else "short"


def agreement_check(results: Results) -> Check | None:
    """The largest difference between draws and exact posterior, in posterior SDs; None without an exact posterior."""
    entries = results.diagnostics.get("agreement") or []
    if not entries:
        return None
    failing = [i for i, entry in enumerate(entries) if entry["status"] != "pass"]
    position = max(failing or range(len(entries)), key=lambda i: abs(entries[i]["difference_sd"]))
    number = from_document(results.diagnostics, f"agreement/{position}/difference_sd", "diagnostics.json", "short")
    status = "fail" if any(entry["status"] == "fail" for entry in entries) else "warn" if failing else "pass"
    error = from_document(results.diagnostics, f"agreement/{position}/mcse_sd", "diagnostics.json", "short")
    where = f"{entries[position]['statistic']} of {symbol(entries[position]['parameter'])}"
    return Check(_agreement_name(results), status, number, [f"{where}, Monte Carlo SE ", error])


def _agreement_name(results: Results) -> str:
    return AGREEMENT[0] if results.is_meta else AGREEMENT[1]


def beside_classical(results: Results) -> list[Check]:
    """Is the classical estimate of a regression inside the credible interval, where it is furthest from the median?

    SDs and correlations are left out where the fit is singular: there a posterior and a point at its edge differ by
    design.
    """
    document = results.classical
    if results.is_meta or not (results.has_numbers and document.get("applies")):
        return []
    coefficients = set(results.model["coefficients"])
    found = [
        both
        for both in shared(results)
        if both.row["sd"] > 0 and (both.row["parameter"] in coefficients or not document.get("singular"))
        and not both.row["parameter"].startswith("cor(")
    ]  # fmt: skip
    if not found:
        return []

    def distance(both: Beside) -> float:
        return abs(float(entry(document, both.estimate)) - both.row["median"]) / float(both.row["sd"])

    worst = max(found, key=distance)
    row, number = worst.row, worst.cells(results)[0]
    assert isinstance(number, Number)
    low, high = (of_summary(row, name, worst.source) for name in ("q2.5", "q97.5"))
    inside = row["q2.5"] <= float(entry(document, worst.estimate)) <= row["q97.5"]
    where = f"{'inside' if inside else 'outside'} the 95% credible interval of {row['parameter']} (the furthest), "
    name = f"{document['method']} estimate inside the credible interval"
    return [Check(name, "pass" if inside else "warn", number, [where, low, " to ", high])]


def verdict(results: Results) -> Sentence:
    """One sentence on how far the numbers can be trusted."""
    wrong = failed(strip(results))
    if results.status == "fail":
        why = f", because these checks failed: {', '.join(wrong)}" if wrong else ": not every stage ended"
        return [f"These numbers must not be used{why}."]
    alone = [f" {reason}"] if (reason := not_compared(results)) else []
    wrong += failed(beside_classical(results))
    if wrong:
        return ["Read these numbers with care; failed checks: ", ", ".join(wrong), ".", *alone]
    agrees, method = agreement_check(results) is not None, results.classical.get("method")
    if results.is_meta:
        return [f"All convergence checks passed.{' Sampling and exact calculation agree.' if agrees else ''}", *alone]
    beside = f", and {method} estimates lie inside their 95% credible intervals" if method else ""
    if method and results.classical.get("singular"):
        beside += f", but for {boundary(results)[1]}: the boundary, where a posterior mean cannot be"
    without = "; Stan agrees with the posterior computed without it" if agrees else ""
    return [f"All convergence checks passed{without}{beside}.", *alone]


def next_steps(results: Results) -> list[str]:
    """What to try, one line per kind of trouble."""
    if results.status == "refused":
        return [problem["remedy"] for problem in results.validation.get("problems", [])[:1]]
    names = failed(strip(results))
    if any(part in name for name in names for part in UNCONVERGED):
        names = [name for name in names if name not in AGREEMENT]  # no wonder, and no bug
    if results.crashed:
        return [after_crash(results.model["name"], results.crashed)]
    if results.trouble:
        names.append("sampling failed")
    return list(dict.fromkeys(advice(name) for name in names))
