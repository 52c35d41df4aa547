"""The validation of one data set as a job: from the user's table to the rows and the description of its model."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from hiermeta.data.dropped import by_reason
from hiermeta.data.files import write_csv, write_json
from hiermeta.data.guard import guarded
from hiermeta.data.problems import Refused
from hiermeta.data.read import Source, read_table
from hiermeta.data.split import part

Build = Callable[[Source], tuple[Any, int, dict[str, Any], list[str]]]


def prepare_data_set(
    output: Any, name: str, settings: dict[str, Any], heading: dict[str, Any], columns: Sequence[str], build: Build
) -> None:
    """Read a data set's table, build its model, and keep what was read, what it says and why it can't be used.

    Parameters
    ----------
    output : Any
        Files by attribute: data, validation, model.
    name : str
        Of the data set.
    settings : dict
        One data set of the config, as `hiermeta.data.config.complete` returns it.
    heading : dict
        What ``model.json`` says of a refused data set, too, beside name, status and kind of analysis.
    columns : sequence of str
        Columns of ``data.csv`` where there are no rows.
    build : callable
        From the table as read to the validated table, the number of rows used, what ``model.json`` says of the model,
        and warnings that come of building it.
    """
    validation: dict[str, Any] = {"status": "ok", "source": {"path": settings["data"]}, "problems": []}
    model = {"name": name, "status": "ok", "analysis": settings["analysis"]} | heading
    Path(output.validation).parent.joinpath("report.html").unlink(missing_ok=True)

    def prepared() -> pd.DataFrame:
        source, notes = part(read_table(settings["data"]), settings)
        columns_read = list(source.table.columns)
        validation["source"] |= {"sha256": source.sha256, "rows": len(source.table), "columns": columns_read}
        validated, rows_used, described, warnings = build(source)
        validation.update(
            rows_read=validated.rows_read,
            rows_used=rows_used,
            dropped=validated.dropped,
            dropped_by_reason=by_reason(validated.dropped),
            notes=notes + validated.notes,
            warnings=validated.warnings + warnings,
        )
        model.update(described, suspicions=validated.suspicions)
        return validated.table

    def unless_refused() -> pd.DataFrame:
        try:
            return prepared()
        except Refused as refused:
            validation.update(status="refused", problems=[problem.as_dict() for problem in refused.problems])
            model.update(status="refused")
            print(f"{name}: refused. {refused}", file=sys.stderr)
            return pd.DataFrame(columns=columns)

    def failed(message: str) -> pd.DataFrame:
        validation.update(status="failed")
        model.update(status="failed", message=message, crashed="prepare")
        return pd.DataFrame(columns=columns)

    table = guarded(unless_refused, failed)
    write_csv(output.data, table)
    write_json(output.validation, validation)
    write_json(output.model, model)
