"""The validated table of a meta-analysis: one row per effect estimate."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.data.problems import Problem, Refused
from hiermeta.data.read import REPORTED_ROWS, Source, is_missing, numbers, require_columns

Array = npt.NDArray[np.float64]


@dataclass
class Validated:
    """Rows that can be analysed, and what became of the others.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns row, label, cluster (if the analysis has clusters), effect, variance (squared standard error, on
        the squared scale of the effect), and sample_size (if given); one row per estimate, in the file's order.
    rows_read : int
        Data rows in the file.
    dropped : list of dict
        ``row`` and ``reason`` of each row left out.
    notes, warnings : list of str
        What was computed, and what the user should look at.
    """

    table: pd.DataFrame
    rows_read: int
    dropped: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def clustered(self) -> bool:
        return "cluster" in self.table


def validate(source: Source, settings: dict[str, Any]) -> Validated:
    """Turn a table into effect estimates with sampling variances.

    Parameters
    ----------
    source : Source
        The table as its file has it.
    settings : dict
        One data set of the config, as `hiermeta.data.config.complete` returns it.

    Raises
    ------
    Refused
        With every problem found: missing columns, text in numbers, variances at or below zero, fewer than two
        estimates.
    """
    labels = settings.get("label", [])
    labels = [labels] if isinstance(labels, str) else labels
    precision = "variance" if "variance" in settings else "standard_error"
    keys = ("effect", precision, "cluster", "sample_size")
    wanted = {key: settings[key] for key in keys if key in settings}
    wanted |= {f"label[{i}]": column for i, column in enumerate(labels)}
    wanted |= {f"subset.{column}": column for column in settings.get("subset", {})}
    require_columns(source, wanted)

    rows_read = len(source.table)
    source, dropped = _subset(source, settings.get("subset", {}))
    problems: list[Problem] = []
    numeric = {key: numbers(source, settings[key], problems) for key in keys if key in settings and key != "cluster"}
    texts = source.table
    frame = pd.DataFrame({"row": texts.index})
    frame["label"] = _labels(texts, labels)
    if "cluster" in settings:
        frame["cluster"] = texts[settings["cluster"]].to_numpy()
    frame = frame.assign(**numeric)

    _check_positive(source, frame, precision, settings[precision], problems)
    if "sample_size" in settings:
        _check_positive(source, frame, "sample_size", settings["sample_size"], problems)
    if problems:
        raise Refused(problems)

    result = Validated(frame, rows_read, dropped)
    _drop_missing(result, {key: settings[key] for key in keys if key in settings})
    if precision == "standard_error":
        result.table["variance"] = result.table.pop("standard_error") ** 2
        result.notes.append(f"Sampling variances are the squares of column {settings['standard_error']!r}.")
    order = ["row", "label", "cluster", "effect", "variance", "sample_size"]
    result.table = result.table[[column for column in order if column in result.table]].reset_index(drop=True)
    _check_size(source, result)
    _check_clusters(result, settings)
    _check_duplicates(result)
    return result


def _labels(texts: pd.DataFrame, columns: list[str]) -> npt.NDArray[np.object_]:
    if not columns:
        return np.array([f"row {row}" for row in texts.index], dtype=object)
    return texts[columns].agg(", ".join, axis=1).to_numpy(dtype=object)


def _subset(source: Source, subset: dict[str, Any]) -> tuple[Source, list[dict[str, Any]]]:
    table, dropped = source.table, []
    for column, value in subset.items():
        keep = table[column].map(lambda text, value=value: _matches(text, value)).astype(bool)
        dropped += [{"row": int(row), "reason": f"subset: {column} is not {value}"} for row in table.index[~keep]]
        if not keep.any():
            present = ", ".join(map(repr, list(dict.fromkeys(table[column]))[:10]))
            message = f"{source.path}: no row left where column {column!r} is {value!r}, as `subset:` asks"
            raise Refused([Problem(message, f"The column has {present}", column=column)])
        table = table[keep]
    return Source(source.path, source.sha256, table), sorted(dropped, key=lambda entry: entry["row"])


def _matches(text: str, value: str | float | bool) -> bool:
    if isinstance(value, bool):
        return text.casefold() == str(value).casefold()
    if isinstance(value, (int, float)):
        try:
            return float(text) == value
        except ValueError:
            return False
    return text == value


def _check_positive(source: Source, frame: pd.DataFrame, key: str, column: str, problems: list[Problem]) -> None:
    meaning = {"variance": "sampling variance", "standard_error": "standard error", "sample_size": "sample size"}[key]
    bad = frame.loc[frame[key] <= 0, ["row", key]]
    for row, value in bad.head(REPORTED_ROWS).itertuples(index=False):
        remedy = f"Every {meaning} must be above zero; correct it, or leave the cell empty to drop the row"
        message = f"{source.path}: row {row}, column {column!r}: the {meaning} is {value:g}"
        problems.append(Problem(message, remedy, int(row), column))
    if len(bad) > REPORTED_ROWS:
        message = f"{source.path}: column {column!r} has {len(bad) - REPORTED_ROWS} more such cells"
        problems.append(Problem(message, "Mend them too", column=column))


def _drop_missing(result: Validated, columns: dict[str, str]) -> None:
    keep = np.ones(len(result.table), bool)
    for key, column in columns.items():
        empty = result.table[key].map(is_missing) if key == "cluster" else result.table[key].isna()
        for row in result.table["row"][keep & empty.to_numpy(bool)]:
            result.dropped.append({"row": int(row), "reason": f"no value in column {column!r} ({key})"})
        keep &= ~empty.to_numpy(bool)
    result.table = result.table[keep]
    result.dropped.sort(key=lambda entry: entry["row"])


def _check_size(source: Source, result: Validated) -> None:
    k = len(result.table)
    if k < 2:
        rows = "row" if k == 1 else "rows"
        message = f"{source.path}: {k} usable {rows} of {result.rows_read}"
        remedy = "A meta-analysis needs at least two estimates; fill in missing values or widen `subset:`"
        raise Refused([Problem(message, remedy)])
    scale = math.sqrt(float(result.table["variance"].median()))
    spread = float(result.table["effect"].std())
    if spread > 1e6 * scale or scale > 1e6 * max(spread, float(result.table["effect"].abs().max()), 1e-300):
        result.warnings.append(
            "Effects and standard errors differ by a factor of a million or more: are both on the same scale?"
        )


def _check_clusters(result: Validated, settings: dict[str, Any]) -> None:
    if not result.clustered:
        return
    clusters = result.table["cluster"]
    counts = clusters.value_counts()
    column = settings["cluster"]
    if len(counts) == len(clusters):
        result.warnings.append(
            f"Every cluster (column {column!r}) has one estimate, so the share of heterogeneity between clusters "
            "can't be told from these data: the two-level random-effects model was fitted, without clusters."
        )
        result.table = result.table.drop(columns="cluster")
    elif len(counts) == 1:
        result.warnings.append(
            f"All estimates are in one cluster (column {column!r}): between-cluster heterogeneity and the pooled "
            "effect rest on the prior, not on the data."
        )
    alike: dict[str, list[str]] = {}
    for name in counts.index:
        alike.setdefault(" ".join(name.casefold().split()), []).append(name)
    for names in alike.values():
        if len(names) > 1:
            result.warnings.append(
                f"Clusters {', '.join(map(repr, sorted(names)))} differ only in case or blanks and were kept apart."
            )


def _check_duplicates(result: Validated) -> None:
    columns = [column for column in result.table if column != "row"]
    for _, rows in result.table.groupby(columns, sort=False)["row"]:
        if len(rows) > 1:
            result.warnings.append(f"Rows {', '.join(map(str, rows))} are alike in every column used.")
