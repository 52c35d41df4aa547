"""Models with and without the clustering and each varying slope."""

from __future__ import annotations

from typing import Any

from hiermeta.io.results import Results
from hiermeta.report import comparison as of_meta
from hiermeta.report.cells import Number, Sentence
from hiermeta.report.unavailable import unavailable
from hiermeta.text.numbers import EXACT, percent


def verdicts(results: Results) -> list[Sentence]:
    """One sentence per part: how many times more probable the data are with it than without, or the other way."""
    sentences: list[Sentence] = []
    for i, entry in enumerate(results.averages.get("inclusion", [])):
        log_factor, path = entry["log_bayes_factor"], f"{of_meta.FILE}/inclusion/{i}"
        number = of_meta.bayes_factor(log_factor, f"{path}/log_bayes_factor", entry.get("error", EXACT))
        first, second = ("with", "without") if log_factor >= 0 else ("without", "with")
        probability = Number(
            percent(entry["posterior_probability"], EXACT),
            entry["posterior_probability"],
            f"{path}/posterior_probability",
        )
        evidence = of_meta.strength(log_factor)
        toward = "" if evidence == "anecdotal" else " for it" if log_factor >= 0 else " against it"
        part = str(entry["part"])
        what = (
            f"A slope of {part.removeprefix('varying ')} that differs between clusters"
            if part.startswith("varying ")
            else part[:1].upper() + part[1:]
        )
        sentences.append(
            [f"{what}: the data are ", number, f" times more probable {first} it than {second} it ({evidence} evidence"
             f"{toward}); probability ", probability, " where even odds were given to it."]
        )  # fmt: skip
    return sentences


def content(results: Results) -> dict[str, Any]:
    """What the section shows, figures aside."""
    return {
        "sentences": verdicts(results),
        "table": of_meta.table(results) if results.comparison else None,
        "inclusion": of_meta.inclusion(results) if results.averages.get("inclusion") else None,
        "reason": results.averages.get("reason"),
        "notes": results.averages.get("notes", []),
        "unavailable": unavailable(results.averages),
    }
