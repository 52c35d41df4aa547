"""The cases of ``classical.json``: data, what other programs found, and what is found here."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np

from hiermeta.inference.classical import classical

CASES: dict[str, dict[str, Any]] = {
    case["name"]: case for case in json.loads(Path(__file__).with_name("classical.json").read_text())
}


def having(*keys: str) -> list[str]:
    """Names of the cases with all of these reference values."""
    return [name for name, case in CASES.items() if all(key in case for key in keys)]


def arguments(case: dict[str, Any]) -> dict[str, Any]:
    """A case's data as arguments of ``classical``."""
    k = case["k"]
    cluster = np.array(case["cluster"]) if "cluster" in case else None
    covariance = None
    if "covariance" in case:
        covariance = np.zeros((k, k))
        for c, block in enumerate(case["covariance"]):
            rows = np.flatnonzero(cluster == c)
            covariance[np.ix_(rows, rows)] = block
    return {
        "effect": np.array(case["effect"], float),
        "variance": np.array(case["variance"], float),
        "design": np.array(case["design"], float) if "design" in case else np.ones((k, 1)),
        "terms": case["terms"],
        "cluster": cluster,
        "correlation": case.get("sampling_correlation", 0.0),
        "covariance": covariance,
    }


@functools.cache
def found(name: str) -> dict[str, Any]:
    """What ``classical`` finds for a case."""
    return classical(**arguments(CASES[name]))


def column(table: list[dict[str, Any]], key: str) -> list[Any]:
    """One column of a list of rows."""
    return [row[key] for row in table]
