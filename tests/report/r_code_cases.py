"""Analyses whose R code is run: those that are shipped, and one for each option that changes the model or its names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hiermeta.config.expand import complete
from hiermeta.config.load import read_config
from hiermeta.config.models import PRESENTATION

ROOT = Path(__file__).resolve().parents[2]
ODD = ["=1+1", 'the "old" one', "it's", "01", "1", "a\\b", "T", "ß: é"]
"""Levels that R would read as something else, or that need escapes."""


def _numbered(codes: np.ndarray) -> list[str]:
    """Names that are one number in pairs: 1, 01, 2, 02."""
    return [f"{'0' * (code % 2)}{code // 2 + 1}" for code in codes]


def _estimates(rng: np.random.Generator, k: int) -> pd.DataFrame:
    """Effects in clusters, one of them with one estimate, with moderators of awkward names and levels."""
    table = pd.DataFrame({"study": np.arange(k), "lab": _numbered(np.arange(k) * 2 // 7)})
    table["dose (mg)"] = rng.uniform(1, 9, k).round(2)
    table["next"] = rng.normal(size=k).round(3)
    table["effect"] = rng.normal(size=k).round(3)  # a moderator, whose name the table of the analysis has too
    table["arm"] = rng.choice(["b", "B", "a"], k)  # in the order of most languages a, b, B
    table["odd"] = rng.choice(ODD, k)
    table["year"] = rng.choice([2001, 2010, 2020], k)
    table["vi"] = rng.uniform(0.02, 0.2, k).round(4)
    labs = pd.factorize(table["lab"])[0]
    mean = 0.1 * table["dose (mg)"] + 0.3 * (table["arm"] == "B") + 0.3 * rng.normal(size=k)[labs]
    sd = np.sqrt(table["vi"] + np.exp(-4 + 0.4 * table["dose (mg)"]))
    table["yi"] = (mean + sd * rng.normal(size=k)).round(4)
    return table


def _covariance(table: pd.DataFrame, groups: pd.Series) -> np.ndarray:
    """Errors correlated by 0.4 between rows of a group."""
    same = groups.to_numpy()[:, None] == groups.to_numpy()
    se = np.sqrt(table["vi"].to_numpy())
    return np.where(np.eye(len(se), dtype=bool), 1.0, 0.4 * same) * np.outer(se, se)


def _meta_analyses(folder: Path) -> dict[str, dict[str, Any]]:
    table = _estimates(np.random.default_rng(2), 56)
    table.to_csv(folder / "estimates.csv", index=False)
    table.assign(yi=table["yi"] / 1000, vi=table["vi"] / 1e6).to_csv(folder / "small.csv", index=False)
    for column in ("lab", "arm"):
        np.savetxt(folder / f"{column}.csv", _covariance(table, table[column]), delimiter=",", fmt="%.17g")
    given = {
        "analysis": "meta",
        "measure": "SMD",
        "data": str(folder / "estimates.csv"),
        "effect": "yi",
        "variance": "vi",
    }
    means = {"m1i": "mt", "sd1i": "sdt", "n1i": "nt", "m2i": "mc", "sd2i": "sdc", "n2i": "nc"}
    dependent = {
        "analysis": "meta",
        "measure": "SMD",
        "data": "tests/cases/r-code-dependent/data.csv",
        "columns": means,
    }
    dependent |= {"cluster": "study", "sampling_correlation": 0.5}
    lab, every = {"cluster": "lab"}, "~ `dose (mg)` + `next` + effect + odd"
    options = {
        "plain": {},
        "clusters": lab,
        "one-estimate-each": {"cluster": "study"},
        "one-cluster": lab | {"subset": {"lab": "02"}},
        "moderators": lab | {"moderators": every},
        "references": {"moderators": "~ arm * `next`", "reference_levels": {"arm": "a"}},
        "odd-reference": lab | {"moderators": "~ odd", "reference_levels": {"odd": "=1+1"}},
        "computed": {"moderators": "~ log(`dose (mg)`) + I(-(`next` ** 2) / 3 - 1) + poly(effect, 2)"},
        "nested": lab | {"moderators": "~ arm / `next`"},
        "no-intercept": {"moderators": "~ 0 + `dose (mg)`"},
        "levels": lab | {"moderators": "~ factor(year) + arm - 1"},
        "subset": lab | {"moderators": "~ factor(year)", "subset": {"arm": "B"}},
        "scale": {"moderators": "~ arm", "scale": "~ `dose (mg)`"},
        "scale-without-intercept": {"moderators": "~ 0 + `next`", "scale": "~ `dose (mg)` + arm"},
        "scale-clusters": lab | {"scale": "~ arm"},
        "scale-covariance": {"scale": "~ `next`", "covariance": str(folder / "arm.csv")},
        "covariance": {"moderators": "~ `next`", "covariance": str(folder / "arm.csv")},
        "covariance-clusters": lab | {"covariance": str(folder / "lab.csv")},
        "covariance-subset": lab | {"covariance": str(folder / "lab.csv"), "subset": {"arm": "B"}},
        "covariance-correlation": lab | {"covariance": str(folder / "lab.csv"), "sampling_correlation": 0.7},
        "small-units": {"data": str(folder / "small.csv"), "measure": "GEN", "unit_information_sd": 0.002},
        "parts": {"split_by": "arm", "moderators": "~ `next`"},
    }
    return {
        "dependent": dependent,
        "dependent-subset": dependent | {"subset": {"cold": "natural"}, "moderators": "~ drug"},
        **{f"meta-{name}": given | own for name, own in options.items()},
    }


def _individuals(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Rows in wards of hospitals, rated by raters, with predictors and outcomes of every family."""
    row = np.arange(n)
    table = pd.DataFrame({"hospital": _numbered(row * 12 // n), "ward": row * 36 // n % 3})
    rater, arm = rng.integers(6, size=n), rng.integers(3, size=n)
    table["the rater"] = np.array(["01", "1", "T", "a:b", "a", "it's"])[rater]
    table["arm"] = np.array(["b", "B", "a"])[arm]
    table["x"], table["if"] = rng.normal(size=(2, n)).round(3)
    table["odd"] = rng.choice(ODD[:4], n)
    of_hospital, slope, ward, by_arm = rng.normal(size=(4, 36))
    hospital = row * 12 // n
    linear = (0.5 + 0.6 * slope[hospital]) * table["x"] + 0.3 * (arm == 1) + of_hospital[hospital]
    linear += ward[row * 36 // n] + by_arm[3 * hospital + arm] + 0.7 * rng.normal(size=6)[rater]
    table["y"] = np.exp(0.2 * (5 + linear + rng.normal(size=n))).round(4)
    table["days"] = rng.integers(1, 20, n)
    table["events"] = rng.poisson(table["days"] * np.exp(-1 + 0.5 * linear))
    table["trials"] = rng.integers(1, 12, n)
    table["hits"] = rng.binomial(table["trials"], 1 / (1 + np.exp(-linear)))
    table["died"] = rng.binomial(1, 1 / (1 + np.exp(-linear)))
    return table


def _regressions(folder: Path) -> dict[str, dict[str, Any]]:
    table = _individuals(np.random.default_rng(3), 300)
    table.to_csv(folder / "individuals.csv", index=False)
    table.iloc[::6].to_csv(folder / "few.csv", index=False)
    given = {"analysis": "hierarchical", "data": str(folder / "individuals.csv")}
    bernoulli, poisson = {"family": "bernoulli"}, {"family": "poisson", "exposure": "days"}
    binomial = {"family": "binomial", "trials": "trials"}
    options = {
        "factors": {"formula": "y ~ odd + arm * x + (1 | hospital)", "reference_levels": {"arm": "a", "odd": "=1+1"}},
        "computed": {"formula": "log(y) ~ poly(x, 2) + I(`if` ** 2) + (1 | hospital)"},
        "slopes": {"formula": "y ~ x + `if` + (1 + x | hospital)"},
        "uncorrelated": {"formula": "y ~ x + arm + (x || hospital)"},
        "slope-only": {"formula": "y ~ x - 1 + (0 + x | hospital)"},
        "of-a-factor": {"formula": "y ~ arm + (0 + arm | hospital)"},
        "parts": {"formula": "y ~ x * arm + (1 + x | hospital)", "within_between": ["x"]},
        "nested": {"formula": "y ~ x + (1 | hospital/ward)"},
        "crossed": {"formula": "y ~ x + (1 | hospital) + (1 | `the rater`)"},
        "colons": {"data": "tests/cases/break/colon/colon.csv", "formula": "y ~ 1 + (1 | s:k)"},
        "saturated": {"data": str(folder / "few.csv"), "formula": "y ~ x + (1 + x | `the rater`:hospital)"},
        "subset": {"formula": "y ~ x + factor(ward) + (1 | hospital)", "subset": {"arm": "B"}},
        "bernoulli": bernoulli | {"formula": "died ~ x + arm + (1 | hospital)"},
        "bernoulli-slopes": bernoulli | {"formula": "died ~ x + (1 + x | hospital)"},
        "binomial": binomial | {"formula": "hits ~ x + (1 | hospital)"},
        "binomial-crossed": binomial | {"formula": "hits ~ x + (1 | hospital) + (1 | `the rater`)"},
        "poisson": poisson | {"formula": "events ~ x + odd + (1 | hospital)"},
        "poisson-plain": {"family": "poisson", "formula": "events ~ x + days + (1 | hospital)"},
        "poisson-slopes": poisson | {"formula": "events ~ x + (0 + x | hospital)", "within_between": ["x"]},
    }
    return {f"regression-{name}": given | own for name, own in options.items()}


def settings(folder: Path) -> dict[str, dict[str, Any]]:
    """The settings of every analysis by name, as `hiermeta.config.expand.complete` returns them.

    Parameters
    ----------
    folder : Path
        Where data are written.
    """
    shipped = [complete(read_config(f"config/{name}.yaml"))["datasets"] for name in ("config", "gallery")]
    found = {json.dumps(_without_words(own)): (name, own) for part in shipped for name, own in part.items()}
    own = complete({"datasets": _meta_analyses(folder) | _regressions(folder)})["datasets"]
    return dict(found.values()) | own


def _without_words(own: dict[str, Any]) -> dict[str, Any]:
    """What makes an analysis: two that differ in their titles are one."""
    return {key: value for key, value in own.items() if key not in PRESENTATION}
