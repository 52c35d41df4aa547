"""The validated table of a meta-analysis: one row per effect estimate."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hiermeta.data import moderators, selection, suspicions
from hiermeta.data.cells import FAR, Cells, Computed, Mask, list_rows
from hiermeta.data.given import PRECISIONS, Given
from hiermeta.data.problems import Problem, Refused
from hiermeta.data.raw import RECIPES, Raw
from hiermeta.data.read import REPORTED_ROWS, Source, is_missing, require_columns
from hiermeta.text.characters import look_alikes

_REPORTED_DUPLICATES = 5
RESERVED = ("row", "label", "cluster", "effect", "variance", "sample_size")


@dataclass
class Validated:
    """Rows that can be analysed, and what became of the others.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns row, label, cluster (if the analysis has clusters), effect, variance (squared standard error, on
        the squared scale of the effect), sample_size (if given, or known from raw columns), then the moderators
        under their own names; one row per estimate, in the file's order.
    rows_read : int
        Data rows in the file.
    dropped : list of dict
        ``row`` and ``reason`` of each row left out.
    notes, warnings : list of str
        What was computed or corrected, and what the user should look at.
    suspicions : list of str
        Those of the warnings that every result depends on, so that the data set's status is ``warn``.
    """

    table: pd.DataFrame
    rows_read: int
    dropped: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    suspicions: list[str] = field(default_factory=list)

    def suspect(self, findings: list[str]) -> None:
        """Warn of data that are probably not what they are said to be."""
        self.warnings += findings
        self.suspicions += findings

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
        One data set of the config, as `hiermeta.config.expand.complete` returns it.

    Raises
    ------
    Refused
        With every problem found: settings that name no estimates, missing columns, text in numbers, cells that
        can't be what they are said to be, fewer than two estimates.
    """
    way = way_of(settings)
    labels = settings.get("label", [])
    labels = [labels] if isinstance(labels, str) else labels
    own_size = {"sample_size": settings["sample_size"]} if "sample_size" in settings else {}
    prefix = "columns." if "columns" in settings else ""
    wanted = {f"{prefix}{key}": column for key, column in way.columns.items()} | own_size
    wanted |= {"cluster": settings["cluster"]} if "cluster" in settings else {}
    wanted |= {f"label[{i}]": column for i, column in enumerate(labels)}
    wanted |= {f"subset.{column}": column for column in settings.get("subset", {})}
    parsed = moderators.formulas(settings)
    wanted |= {f"{key}[{column}]": column for key, entry in parsed.items() for column in entry.columns}
    require_columns(source, wanted)

    rows_read = len(source.table)
    source, dropped = selection.keep(source, settings.get("subset", {}))
    cells = Cells.read(source, way.columns | own_size)
    way.check(cells)
    if own_size:
        remedy = "Every sample size must be above zero; correct it, or leave the cell empty to drop the row"
        cells.refuse("sample_size", cells["sample_size"] <= 0, "the sample size is {sample_size:g}", remedy)
    if cells.problems:
        raise Refused(cells.problems)

    result = Validated(_carried(source.table, settings, labels), rows_read, dropped)
    further = moderators.read(source, parsed)
    factors = [column for column in further if not pd.api.types.is_numeric_dtype(further[column])]
    named = [settings["cluster"]] if "cluster" in settings else []
    result.notes += moderators.missing_words(source.table, [*named, *factors])
    result.notes += moderators.mixed_levels(source.table, factors, parsed.values())
    keep = _complete(result, cells, settings, further)
    result.table, cells = result.table[keep], cells.keep(keep)
    computed = way.estimate(cells)
    _check_range(source.path, result.table["row"].to_numpy(), computed)
    result.table = result.table.assign(effect=computed.effect, variance=computed.variance)
    sizes = cells["sample_size"] if own_size else computed.sample_size
    if sizes is not None:
        result.table["sample_size"] = sizes
    result.notes += computed.notes
    result.suspect(computed.warnings)
    result.dropped += [{"row": row, "reason": reason} for row, reason in computed.unusable.items()]
    result.dropped.sort(key=lambda entry: entry["row"])
    for column in further:
        result.table[moderator_column(column)] = further[column].to_numpy()[keep]
    result.table = result.table[~result.table["row"].isin(list(computed.unusable))].reset_index(drop=True)
    _check_size(source, result)
    result.warnings += moderators.look_alike_levels(result.table[[moderator_column(column) for column in further]])
    _check_clusters(result, settings)
    _check_duplicates(result, bool(labels))
    _suspect(result, source, settings, list(further))
    return result


def _suspect(result: Validated, source: Source, settings: dict[str, Any], moderator_names: list[str]) -> None:
    """Warn of rows and columns that are probably not what they are said to be."""
    table = result.table
    texts = source.table.loc[table["row"]]
    result.suspect(suspicions.summary_rows(suspicions.text_columns(texts)))
    given = {} if "columns" in settings else {settings["effect"]: table["effect"].to_numpy(float)}
    numeric = table[[moderator_column(name) for name in moderator_names]].select_dtypes("number")
    given |= {
        name: table[column].to_numpy(float) for name in moderator_names if (column := moderator_column(name)) in numeric
    }
    result.suspect(suspicions.missing_codes(given, table["row"].to_numpy()))
    if "columns" in settings or settings.keys() & {"sampling_correlation", "covariance"}:
        return
    effect, variance = table["effect"].to_numpy(float), table["variance"].to_numpy(float)
    result.suspect(suspicions.too_alike(effect, variance))
    if "sample_size" in table:
        size = table["sample_size"].to_numpy(float)
        result.suspect(suspicions.errors_against_sizes(settings["measure"], effect, variance, size))


def _carried(texts: pd.DataFrame, settings: dict[str, Any], labels: list[str]) -> pd.DataFrame:
    """Columns that go into the validated table as they are, one row per line of the file."""
    table = pd.DataFrame({"row": texts.index, "label": _labels(texts, labels)})
    if "cluster" in settings:
        table["cluster"] = texts[settings["cluster"]].to_numpy()
    return table


def moderator_column(column: str) -> str:
    """The name under which a user's column stands in the validated table, apart from the table's own."""
    return f"{column} (moderator)" if column in RESERVED else column


def _complete(result: Validated, cells: Cells, settings: dict[str, Any], further: pd.DataFrame) -> Mask:
    """Rows where nothing is missing; the others are listed with the first column that has no value."""
    keep = np.ones(len(result.table), bool)
    missing = {key: (column, cells.missing(key)) for key, column in cells.columns.items()}
    if "cluster" in settings:
        missing["cluster"] = settings["cluster"], result.table["cluster"].map(is_missing).to_numpy(bool)
    missing |= {f"moderator {column}": (column, further[column].isna().to_numpy(bool)) for column in further}
    for key, (column, empty) in missing.items():
        for row in result.table["row"][keep & empty]:
            result.dropped.append({"row": int(row), "reason": f"no value in column {column!r} ({key})"})
        keep &= ~empty
    return keep


def _labels(texts: pd.DataFrame, columns: list[str]) -> npt.NDArray[np.object_]:
    if not columns:
        return np.array([f"row {row}" for row in texts.index], dtype=object)
    return texts[columns].agg(", ".join, axis=1).to_numpy(dtype=object)


def _check_range(path: str, rows: npt.NDArray[np.int64], computed: Computed) -> None:
    """Refuse numbers whose squares, inverses or products leave what a computer can hold."""
    effect, variance = computed.effect, computed.variance
    bad = (variance < 1 / FAR) | (variance > FAR) | (np.abs(effect) > FAR)
    bad &= ~np.isin(rows, list(computed.unusable))
    problems = [
        Problem(
            f"{path}: row {row}: an effect of {y:g} with the sampling variance {v:g} can't be computed with",
            f"Variances must lie between {1 / FAR:g} and {FAR:g}; give effects in another unit",
            int(row),
        )
        for row, y, v in zip(rows[bad], effect[bad], variance[bad], strict=True)
    ]
    if problems:
        raise Refused(problems[:REPORTED_ROWS])


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
            f"All estimates are in one cluster (column {column!r}), so they don't say how clusters differ: only the "
            "priors do. How far the pooled effect lies from this cluster's, and so most of the width of its interval, "
            "follows from them."
        )
    result.warnings += look_alikes("Clusters", counts.index)


def _check_duplicates(result: Validated, labelled: bool) -> None:
    columns = [column for column in result.table if column != "row" and (labelled or column != "label")]
    alike = [rows for _, rows in result.table.groupby(columns, sort=False)["row"] if len(rows) > 1]
    for rows in alike[:_REPORTED_DUPLICATES]:
        result.warnings.append(f"{list_rows(rows).capitalize()} are alike in every column used.")
    if len(alike) > _REPORTED_DUPLICATES:
        more = len(alike) - _REPORTED_DUPLICATES
        result.warnings.append(f"{more} more {'group' if more == 1 else 'groups'} of rows are alike.")


def way_of(settings: dict[str, Any]) -> Given | Raw:
    """The way that the settings of a data set choose.

    Parameters
    ----------
    settings : dict
        One data set of the config.

    Raises
    ------
    Refused
        When the settings give no way, or both, or keys of the one that is not taken.
    """
    keys = [*PRECISIONS, "ci_level"]
    if "columns" in settings:
        others = [f"`{key}:`" for key in ("effect", *keys) if key in settings]
        if others:
            message = f"columns: given together with {', '.join(others)}"
            remedy = "Give either raw `columns:` or `effect:` with its precision, not both"
            raise Refused([Problem(message, remedy)])
        return Raw.of(settings)
    if "effect" in settings:
        others = [f"`{key}:`" for key in ("zero_cells", "correct_bias") if settings.get(key, False) is not False]
        if others:
            message = f"{', '.join(others)} is only for estimates computed from raw `columns:`"
            raise Refused([Problem(message, "Remove it: effects that are given are taken as they are")])
        return Given.of(settings)
    measure = settings["measure"]
    raw = f", or `columns:` with {RECIPES[measure].accepts}" if measure in RECIPES else ""
    remedy = f"Give `effect:` and its precision{raw}"
    raise Refused([Problem(f"no columns named that hold {measure} estimates", remedy)])
