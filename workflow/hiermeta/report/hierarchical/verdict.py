"""Does the clustering matter? Rules of thumb, named as such, beside what the data say."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hiermeta.io.results import Results, find
from hiermeta.report.cells import Number, Sentence, to_error
from hiermeta.report.comparison import bayes_factor, strength
from hiermeta.report.hierarchical.numbers import boundary, place, quantity
from hiermeta.text.numbers import EXACT

ICC, DESIGN = 0.05, 2.0
"""Rules of thumb: an intraclass correlation above the first, a design effect above the second (Muthén & Satorra 1995)
call for a multilevel model."""
FEW = 10
"""Below this many clusters what lies between them is known badly."""
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
    found = place(results, "clustering", "quantity", "ICC [null]")
    design = place(results, "clustering", "quantity", "design effect [null]")
    if found is None or design is None:
        return None
    row = found[1]
    factor = _inclusion(results)
    difference = _difference(results)
    limits = (row["q2.5"], row["q97.5"], design[1]["mean"], design[1]["q2.5"])
    return Evidence(row["mean"], *limits, factor[1] if factor else None, *(difference or ()))


def _inclusion(results: Results) -> tuple[int, float] | None:
    for position, entry in enumerate(results.averages.get("inclusion", [])):
        if entry["part"] == "clustering":
            return position, float(entry["log_bayes_factor"])
    return None


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
    mean, low, high = numbers
    side = "above" if known.icc > ICC else "below"
    either = f", though the interval reaches {'below' if side == 'above' else 'above'} it"
    unsure = known.lower <= ICC if side == "above" else known.upper > ICC
    return [
        "By the usual rule of thumb an intraclass correlation above 0.05 calls for a multilevel model; here it is ",
        mean, " (95% credible interval ", low, " to ", high, f"), {side} that{either if unsure else ''}.",
    ]  # fmt: skip


def design(results: Results, known: Evidence) -> Sentence:
    """The design effect and what it leaves of the sample."""
    effect, size = quantity(results, "design effect [null]"), quantity(results, "effective sample size [null]")
    assert effect is not None and size is not None
    rows = Number(f"{results.model['k']:,}", results.model["k"], "model.json/k")
    end = "above" if known.design > DESIGN else "not above"
    return [
        "The design effect is ", effect[0], " (", effect[1], " to ", effect[2], f"), {end} two, another rule of thumb: "
        "for a mean over clusters, ", rows, " rows say as much as ", size[0], " independent ones.",
    ]  # fmt: skip


def data(results: Results) -> list[Sentence]:
    """Bayes factor and leave-one-out prediction for the clustering, where there are any."""
    sentences: list[Sentence] = []
    factor = _inclusion(results)
    if factor:
        position, value = factor
        error = results.averages["inclusion"][position].get("error", EXACT)
        number = bayes_factor(value, f"comparison.json/inclusion/{position}/log_bayes_factor", error)
        first, second = ("with", "without") if value >= 0 else ("without", "with")
        evidence_word = strength(value)
        toward = "" if evidence_word == "anecdotal" else " for it" if value >= 0 else " against it"
        sentences.append(
            ["The data are ", number, f" times more probable {first} the clustering than {second} it "
             f"({evidence_word} evidence{toward})."]
        )  # fmt: skip
    rows = results.comparison
    difference = _difference(results)
    if difference:
        without = next(i for i, row in enumerate(rows) if row["model"] == "without clustering")
        at = without if rows[without]["elpd_loo_difference"] < 0 else 0
        source, row = f"comparison.csv/{at}", rows[at]
        worse = "without the clustering" if at == without else "with the clustering"
        size, error = (
            to_error({"x": row[key]}, "x", source, row["elpd_loo_difference_se"])
            for key in ("elpd_loo_difference", "elpd_loo_difference_se")
        )
        size, error = (
            Number(cell.text, cell.value, f"{source}/{key}")
            for cell, key in ((size, "elpd_loo_difference"), (error, "elpd_loo_difference_se"))
        )
        clear = _sign(difference[0], _ERRORS * difference[1])
        end = "a clear difference" if clear else "no clear difference"
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
