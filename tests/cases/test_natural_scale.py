"""Are ratios, correlations and proportions refused where they stand in place of their transformations, and only there?

Seen to fail without the refusal (odds ratios pooled as log odds ratios, with status pass), with a rule that takes one
row for proof, alone or among others that speak against it, with rounding left out of account, with proportions judged
without logits, and with a warning of names whatever the signs.
"""

from pathlib import Path

import numpy as np
import pytest

from hiermeta.data.meta import validate
from hiermeta.data.problems import Refused
from hiermeta.data.read import read_table

CASES = Path(__file__).parent
SHARED = {"analysis": "meta", "label": "study"}
PAPERS = {
    "ratios": (CASES / "spreadsheets" / "ratios.csv", "OR", ("OR", "lo", "hi")),
    "raw-odds-ratios": (CASES / "meta" / "raw-odds-ratios" / "data.csv", "OR", ("OR", "lower", "upper")),
    "hazard-ratios-below-one": ("0.80,0.65,0.98\n0.72,0.55,0.94\n0.91,0.70,1.18\n", "HR"),
    "two-studies": ("1.52,1.10,2.10\n2.40,1.20,4.80\n", "RR"),
    "lower-limit-printed-as-zero": ("0.04,0.00,0.45\n0.30,0.10,0.90\n0.50,0.24,1.04\n", "OR"),
    "correlations-of-both-signs": ("0.60,0.36,0.77\n-0.45,-0.69,-0.12\n0.72,0.50,0.85\n", "ZCOR"),
    "proportions-with-wilson-limits": ("0.10,0.047,0.202\n0.05,0.014,0.165\n0.20,0.112,0.330\n", "PLO"),
    "log-proportions-with-wilson-limits": ("0.10,0.047,0.202\n0.05,0.014,0.165\n0.20,0.112,0.330\n", "PLN"),
    "rates": ("2.0,1.0,4.0\n0.5,0.2,1.25\n3.10,1.80,5.34\n", "IRLN"),
}


def _validated(path, measure: str, columns: tuple[str, str, str]):
    effect, lower, upper = columns
    own = {"data": str(path), "measure": measure, "effect": effect, "ci_lower": lower, "ci_upper": upper}
    return validate(read_table(str(path)), SHARED | own)


def _written(folder: Path, rows: str) -> Path:
    named = "".join(f"s{i},{row}\n" for i, row in enumerate(rows.splitlines()))
    path = folder / "data.csv"
    path.write_text(f"study,y,lo,hi\n{named}")
    return path


@pytest.mark.parametrize("name", PAPERS)
def test_numbers_on_the_natural_scale_are_refused_with_the_remedy(name, tmp_path):
    """Refused with the three columns, the transformation that is missing, and what to do."""
    first, measure, *columns = PAPERS[name]
    path = first if isinstance(first, Path) else _written(tmp_path, first)
    with pytest.raises(Refused) as refused:
        _validated(path, measure, columns[0] if columns else ("y", "lo", "hi"))
    (problem,) = refused.value.problems
    wanted = {"ZCOR": "atanh", "PLO": "logits"}.get(measure, "natural logarithms")
    assert wanted in problem.message
    assert wanted in problem.remedy
    assert "the estimate and both limits" in problem.remedy


@pytest.mark.parametrize(
    ("rows", "measure"),
    [
        ("0.42,0.10,0.74\n-0.19,-0.65,0.29\n0.88,0.18,1.57\n", "OR"),  # logarithms of both signs
        ("0.42,0.10,0.74\n0.69,0.39,0.99\n0.88,0.18,1.57\n", "OR"),  # all limits above zero
        ("0.4,0.1,0.7\n0.7,0.4,0.9\n0.9,0.2,1.5\n", "HR"),  # one decimal
        ("0.42,0.10,0.74\n1.52,1.10,2.10\n0.69,0.39,0.99\n", "OR"),  # one ratio among logarithms
        ("1.02,0.99,1.05\n1.52,1.10,2.10\n", "OR"),  # one row that can tell is a warning, no proof
        ("1.02,0.99,1.05\n1.01,0.97,1.05\n", "OR"),  # precise: nothing can be told
        ("1.52,1.10,1.94\n0.83,0.42,1.24\n", "MD"),  # no transformation
        ("0.69,0.41,0.97\n0.48,0.13,0.83\n", "ZCOR"),
        ("0.25,-0.10,0.60\n0.48,0.13,0.83\n", "PLO"),
    ],
)
def test_numbers_on_the_scale_of_the_analysis_are_accepted(rows, measure, tmp_path):
    """No refusal of numbers that are what they should be, rounded and all positive included."""
    assert len(_validated(_written(tmp_path, rows), measure, ("y", "lo", "hi")).table) == len(rows.splitlines())


@pytest.mark.parametrize("decimals", [1, 2, 3])
def test_rounded_logarithms_are_never_refused(decimals, tmp_path):
    """60 sets of 2 to 5 log odds ratios with all limits above zero, the hardest to tell, at each rounding."""
    rng = np.random.default_rng(15)
    for _ in range(60):
        k = int(rng.integers(2, 6))
        half = rng.uniform(0.1, 1.5, k)
        effect = half + rng.uniform(0.02, 1.0, k)
        rows = [
            ",".join(f"{x:.{decimals}f}" for x in (y, max(y - h, 0.1**decimals), y + h))
            for y, h in zip(effect, half, strict=True)
            if round(y - h, decimals) > 0
        ]
        if len(rows) > 1:
            assert len(_validated(_written(tmp_path, "\n".join(rows)), "OR", ("y", "lo", "hi")).table) == len(rows)


@pytest.mark.parametrize(
    ("column", "measure", "values", "warns"),
    [
        ("OR", "OR", (1.5, 0.8), True),
        ("HR", "HR", (0.7, 0.8), True),
        ("aHR", "HR", (0.7, 0.8), True),
        ("risk_ratio", "RR", (1.4, 2.1), True),
        ("logOR", "OR", (1.5, 0.8), False),
        ("OR", "OR", (0.4, -0.2), False),
        ("yi", "OR", (1.5, 0.8), False),
    ],
)
def test_positive_effects_named_as_ratios_make_the_status_warn(column, measure, values, warns, tmp_path):
    """With standard errors alone only the name and the sign can tell: a warning on which the status depends."""
    path = tmp_path / "data.csv"
    path.write_text(f"study,{column},se\na,{values[0]},0.2\nb,{values[1]},0.3\n")
    own = {"data": str(path), "measure": measure, "effect": column, "standard_error": "se"}
    found = validate(read_table(str(path)), SHARED | own).suspicions
    assert any("rather than their logarithms" in text for text in found) == warns
