"""How the run ended for each data set, in words for the terminal and the overview."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hiermeta.io.results import Results
from hiermeta.report.health import Check, next_steps, not_compared, strip
from hiermeta.report.words import log_of
from hiermeta.text.characters import in_terminal

STATUSES = ("pass", "warn", "fail", "refused")
TROUBLED = ("fail", "refused", "warn")
"""Statuses that have a reason, the worst first."""
LISTED = 20
"""Data sets that a list in the terminal names before it counts the rest."""


def trouble(results: Results) -> tuple[str, list[str]]:
    """What is wrong with a data set and what to do.

    Parameters
    ----------
    results : Results

    Returns
    -------
    tuple of str and list of str
        Both empty where nothing is wrong; without a step, what was not checked.
    """
    if results.status == "refused":
        problems = results.validation.get("problems", [])
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        return (problems[0]["message"] + more if problems else "refused"), next_steps(results)
    if results.status == "pass":
        return not_compared(results), []
    reasons = [_reason(check) for check in strip(results) if check.status == results.status]
    return results.trouble or "; ".join(reasons), next_steps(results)


def _reason(check: Check) -> str:
    """Such as ``smallest bulk ESS 312, required: ≥ 400``."""
    criterion = "".join(part if isinstance(part, str) else part.text for part in check.threshold)
    return f"{check.name} {check.value.text}, {criterion}"


def tally(statuses: Mapping[str, int]) -> str:
    """Such as ``9 pass, 1 refused``: the statuses that occur, with their counts."""
    return ", ".join(f"{statuses[status]} {status}" for status in STATUSES if statuses.get(status))


def summary(datasets: Sequence[Mapping[str, Any]]) -> str:
    """The end of a run in a few lines: counts, what went wrong and why, and which data sets took longest.

    Parameters
    ----------
    datasets : sequence of mapping
        The entries of ``overview.json``.
    """
    counts = Counter(entry["status"] for entry in datasets)
    lines = [f"{len(datasets)} data {'set' if len(datasets) == 1 else 'sets'}: {tally(counts)}"]
    wrong = [entry for status in TROUBLED for entry in datasets if entry["status"] == status]
    lines += [f"  {entry['status']}: {entry['name']} ({in_terminal(entry['message'])})" for entry in wrong[:LISTED]]
    if len(wrong) > LISTED:
        lines.append(f"  and {len(wrong) - LISTED} more with status {', '.join(TROUBLED[:-1])} or {TROUBLED[-1]}")
    usable = [entry for entry in datasets if entry["status"] in ("pass", "warn")]
    alone = [entry["name"] for entry in usable if entry["agreement_sd"] is None]
    if alone:
        lines.append(f"  not compared with a posterior computed without MCMC: {listed(alone)}")
    timed = sorted((entry for entry in datasets if entry["seconds"]), key=lambda entry: -entry["seconds"])
    if len(timed) > 1:
        slowest = ", ".join(f"{entry['name']} ({entry['seconds']:.1f} s)" for entry in timed[:3])
        lines.append(f"  longest sampling: {slowest}")
    return "\n".join(lines)


def endings(datasets: Sequence[Mapping[str, Any]], folder: Path) -> list[str]:
    """Why the run ends with exit status 1, one line per reason; none where it doesn't.

    A fit that did not converge is a result, and no reason.

    Parameters
    ----------
    datasets : sequence of mapping
        The entries of ``overview.json``.
    folder : pathlib.Path
        The results folder.
    """
    lines = []
    crashed = [entry for entry in datasets if entry["crashed"]]
    if crashed:
        logs = listed(list(dict.fromkeys(str(folder / log_of(entry["name"], entry["crashed"])) for entry in crashed)))
        lines.append(
            f"unexpected error: {listed([entry['name'] for entry in crashed])}. This is a bug in hiermeta; please "
            f"report it with {logs}. The next run tries again. The exit status is 1."
        )
    refused = [entry["name"] for entry in datasets if entry["status"] == "refused"]
    if refused:
        lines.append(
            f"refused: {listed(refused)}. Their reports say what is wrong and what to do. The exit status is 1."
        )
    return lines


def listed(names: Sequence[str]) -> str:
    """Names in one line, such as ``a, b, c``; of many, the first ones and how many more there are."""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
