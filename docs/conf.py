"""Settings of the documentation, and the numbers and tables that pages take from the results when they are built."""

import sys
from pathlib import Path

import jinja2
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

from hiermeta.config.reference import config_tables, result_tables
from hiermeta.data.measures import MEASURES
from hiermeta.data.raw import RECIPES
from hiermeta.inference import diagnostics, prior_conflict
from hiermeta.io.files import read_json

project = "hiermeta"
author = "The hiermeta developers"
extensions = ["myst_parser"]
exclude_patterns = ["images"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "hiermeta"
html_copy_source = False
html_show_sphinx = False

KEYS = ("parameter", "quantity", "target", "term", "model")
"""Columns that name the rows of a result table."""


def setup(app):
    """Fill in the expressions of each page; a number that isn't there stops the build."""
    app.connect("source-read", fill_in)


def fill_in(_, page, source):
    """Replace the expressions between double braces by numbers and tables."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    environment.globals |= {"value": value, "rows": rows, "entry": entry}
    environment.globals |= {"config_tables": config_tables, "result_tables": result_tables}
    environment.globals |= {"raw_columns": raw_columns, "limits": diagnostics, "conflict": prior_conflict}
    try:
        source[0] = environment.from_string(source[0]).render()
    except (jinja2.TemplateError, LookupError, OSError) as error:
        raise SystemExit(f"docs/{page}.md: {error!r}; `make` makes the results that pages quote") from error


def value(dataset, file, row, column, digits=3):
    """One number of a result table, rounded."""
    return f"{_table(dataset, file).at[row, column]:.{digits}f}"


def rows(dataset, file, columns, digits=3, only=None):
    """Rows of a result table as a Markdown table."""
    table = _table(dataset, file)
    table = table.loc[only] if only else table
    lines = [[name, *(f"{cell:.{digits}f}" for cell in table.loc[name, columns])] for name in table.index]
    head = [table.index.name, *columns]
    marks = ["---"] + ["---:"] * len(columns)
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, marks, *lines])


def entry(dataset, file, *path, digits=3):
    """One number of a JSON document, rounded."""
    found = read_json(ROOT / "results" / dataset / file)
    for key in path:
        found = found[key]
    return f"{found:.{digits}f}"


def raw_columns():
    """The raw columns of each measure that can be computed, as a Markdown table."""
    lines = ["| measure | | columns |", "|---|---|---|"]
    for name, recipe in RECIPES.items():
        columns = " or ".join(f"`{', '.join(combination)}`" for combination in recipe.design.combinations)
        lines.append(f"| `{name}` | {MEASURES[name].label} | {columns} |")
    return "\n".join(lines)


def _table(dataset, file):
    table = pd.read_csv(ROOT / "results" / dataset / file)
    return table.set_index(next(key for key in KEYS if key in table))
