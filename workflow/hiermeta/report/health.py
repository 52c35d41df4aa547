"""Can the numbers be trusted? Every check with its number and its threshold."""

from __future__ import annotations

from dataclasses import dataclass

from hiermeta.figures.palette import symbol
from hiermeta.figures.results import Results
from hiermeta.report.cells import Number, Sentence, from_document
from hiermeta.report.words import advice


@dataclass(frozen=True)
class Check:
    """One entry of the health strip."""

    name: str
    status: str
    value: Number
    threshold: Sentence


def strip(results: Results) -> list[Check]:
    """The checks of diagnostics.json, and Stan against the exact posterior."""
    document = results.diagnostics
    checks = [
        Check(
            check["name"],
            check["status"],
            from_document(document, f"checks/{position}/value", "diagnostics.json", _form(check["name"])),
            [f"wanted: {check['threshold']}"],
        )
        for position, check in enumerate(document["checks"])
    ]
    comparison = agreement_check(results)
    return [*checks, comparison] if comparison else checks


def _form(name: str) -> str:
    if "R-hat" in name:
        return "fine"
    return "count" if any(word in name for word in ("ESS", "divergences", "tree")) else "short"


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
    return Check("Stan − exact, in SDs", status, number, [f"{where}, Monte Carlo SE ", error])


def verdict(results: Results) -> Sentence:
    """One sentence on how far the numbers can be trusted."""
    checks = strip(results)
    comparison = agreement_check(results)
    wrong = [check.name for check in checks if check.status != "pass"]
    if results.status == "fail":
        return ["These numbers must not be used: ", ", ".join(wrong) or "the analysis did not end", "."]
    if wrong:
        return ["Read these numbers with care: ", ", ".join(wrong), " did not reach the threshold."]
    if comparison is None:
        reason = results.exact.get("reason", "not available")
        return [f"All convergence checks passed; there is no exact posterior to compare with ({reason})."]
    return [
        "All convergence checks passed, and Stan agrees with the exact posterior: the largest difference is ",
        comparison.value,
        " posterior standard deviations (",
        *comparison.threshold,
        ").",
    ]


def next_steps(results: Results) -> list[str]:
    """What to try, one line per kind of trouble."""
    if results.status == "refused":
        return [problem["remedy"] for problem in results.validation.get("problems", [])[:1]]
    names = [check.name for check in strip(results) if check.status != "pass"]
    if results.trouble:
        names.append("unexpected error" if "unexpected error" in results.trouble else "sampling failed")
    return list(dict.fromkeys(advice(name) for name in names))
