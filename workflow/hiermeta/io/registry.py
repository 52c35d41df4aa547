"""The result files, as ``schemas/results.yaml`` declares them."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import PurePath
from typing import Any

import pandas as pd
import yaml

from hiermeta.io.provenance import SCHEMAS

ANALYSES = ("meta", "hierarchical")
"""Kinds of analysis."""


@cache
def _declared() -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: dict[str, Any] = yaml.load((SCHEMAS / "results.yaml").read_text(encoding="utf-8"), loader)
    return document


def common_columns() -> dict[str, str]:
    """Columns that mean the same in every result file, and what."""
    columns: dict[str, str] = _declared()["columns"]
    return columns


def header(file: str, analysis: str | None = None) -> list[str]:
    """Columns of a result table in their order.

    Parameters
    ----------
    file : str
        Its name, such as ``pooling.csv``.
    analysis : str, optional
        One of `ANALYSES`, where their tables of this name differ.

    Examples
    --------
    >>> header("cluster_effects.csv")[:4]
    ['cluster', 'k', 'mean', 'sd']
    """
    declared = _declared()
    found = declared["files"][file]["header"]
    names = found[analysis] if isinstance(found, dict) and analysis else found
    return [column for name in names for column in declared["groups"].get(name, [name])]


@cache
def result_files() -> dict[str, dict[str, Any]]:
    """What the result files hold.

    Returns
    -------
    dict of str to dict
        By file name: the ``stage`` that leaves it, ``what`` it is, the ``analysis`` it belongs to where not to both,
        and the meaning of its ``columns``.
    """
    found = {}
    for name, entry in _declared()["files"].items():
        columns = {column for kind in ANALYSES if "header" in entry for column in header(name, kind)}
        shared = {column: text for column, text in common_columns().items() if column in columns}
        found[name] = entry | {"columns": shared | entry.get("columns", {})}
    return found


def outputs(stage: str, analysis: str) -> dict[str, str]:
    """Names of the files that a stage leaves, by key: the name without its ending, or with it where two would be one.

    Parameters
    ----------
    stage : str
        ``prepare``, ``fit``, ``analyse`` or ``report``.
    analysis : str
        One of `ANALYSES`.

    Examples
    --------
    >>> outputs("fit", "meta")
    {'fit': 'fit.json', 'posterior': 'posterior.nc'}
    """
    names = [
        name
        for name, entry in result_files().items()
        if entry["stage"] == stage and entry.get("analysis", analysis) == analysis
    ]
    stems = Counter(PurePath(name).stem for name in names)
    unique = {name: PurePath(name).stem for name in names if stems[PurePath(name).stem] == 1}
    return {unique.get(name, name.replace(".", "_")): name for name in sorted(names)}


def without_rows(file: str, analysis: str | None = None) -> pd.DataFrame:
    """A result table of an analysis without results: its columns, no rows."""
    return pd.DataFrame(columns=header(file, analysis))
