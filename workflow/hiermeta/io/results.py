"""What the earlier stages left for one data set, read when first asked for."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hiermeta.data.measures import MEASURES
from hiermeta.io.files import original, read_csv
from hiermeta.text.numbers import EXACT, add_up, fixed, places_of

ERROR = "error.txt"
"""What could not be drawn, in ``figures/``."""
Row = dict[str, Any]
Document = dict[str, Any]

_EXACT_NAMES = {
    "estimates": {"tau_within": "tau [within]", "tau_between": "tau [between]"},
    "predictions": {"mean": "mu"},
}
"""Names in exact.json of what a table calls otherwise."""
TEXT_COLUMNS = frozenset(
    {
        *("row", "label", "cluster", "parameter", "quantity", "target", "moderator", "level", "value"),
        *("model", "method", "prior", "unit", "term", "test", "contrast", "terms", "group", "statistic", "where"),
    }
)


def read_table(path: Path, text: Iterable[str] = ()) -> list[Row]:
    """Rows of a result table: text columns as they stand, everything else as float (empty cells are nan).

    Parameters
    ----------
    path : Path
    text : iterable of str
        Columns of text beside those that are text in every table.
    """
    kept = TEXT_COLUMNS.union(text)
    with path.open(encoding="utf-8", newline="") as stream:
        return [
            {
                original(key): original(cell) if original(key) in kept else float(cell or "nan")
                for key, cell in line.items()
            }
            for line in csv.DictReader(stream)
        ]


def find(rows: Iterable[Row], column: str, value: str) -> Row:
    """The first row whose `column` is `value`; KeyError names what is missing."""
    for row in rows:
        if row[column] == value:
            return row
    raise KeyError(f"no row with {column} = {value!r}")


class Results:
    """The files of one data set.

    Parameters
    ----------
    folder : Path
        ``results/NAME``.

    Notes
    -----
    Nothing is read before it is used, so a stage that declares only some of the files as input touches only those.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tables: dict[str, list[Row]] = {}

    def rows(self, name: str) -> list[Row]:
        """Rows of the table NAME.csv, read once; none where there is no such file."""
        if name not in self._tables:
            self._tables[name] = self._optional(f"{name}.csv")
        return self._tables[name]

    def _document(self, name: str) -> Document:
        document: Document = json.loads((self.folder / name).read_text(encoding="utf-8"))
        return document

    def _optional(self, name: str) -> list[Row]:
        """Rows of a table that not every analysis has."""
        path = self.folder / name
        rows = read_table(path) if path.exists() else []
        if rows and {"quantity", "mean", "sd"} <= rows[0].keys():
            print_together(rows)
        return rows

    def _optional_document(self, name: str) -> Document:
        return self._document(name) if (self.folder / name).exists() else {}

    @cached_property
    def validation(self) -> Document:
        return self._document("validation.json")

    @cached_property
    def model(self) -> Document:
        return self._document("model.json")

    @cached_property
    def fit(self) -> Document:
        return self._document("fit.json")

    @cached_property
    def exact(self) -> Document:
        return self._document("exact.json")

    @cached_property
    def diagnostics(self) -> Document:
        return self._document("diagnostics.json")

    @cached_property
    def data(self) -> list[Row]:
        from hiermeta.data.meta import moderator_column

        return read_table(self.folder / "data.csv", map(moderator_column, self.model.get("factors", [])))

    @cached_property
    def estimates(self) -> list[Row]:
        """Rows of estimates.csv, with exact values where there are any; `rows` has those of the draws."""
        return self._best("estimates", "parameter")

    @cached_property
    def heterogeneity(self) -> list[Row]:
        """Rows of heterogeneity.csv, with exact values where there are any."""
        return self._best("heterogeneity", "quantity")

    @cached_property
    def predictions(self) -> list[Row]:
        """Rows of predictions.csv, with exact values where there are any."""
        return self._best("predictions", "target")

    def _best(self, name: str, key: str) -> list[Row]:
        """Rows of a summary table, with exact values in place of those of the draws where quadrature gives them.

        Such a row has no Monte Carlo errors, and under ``from`` the place of each exact value in the files.
        """
        rows = [dict(row) for row in self.rows(name)]
        if rows and self.is_meta and self.exact["applies"]:
            for row in rows:
                name_there = _EXACT_NAMES.get(name, {}).get(row[key], row[key])
                found = self.exact.get(name_there)
                if isinstance(found, dict) and name_there != "unavailable":
                    place = f"exact.json/{name_there.replace('/', '~1')}"
                    row |= found | {column: EXACT for column in row if column.startswith("mcse_")}
                    row["from"] = {column: f"{place}/{column}" for column in found}
                    row.pop("printed", None)
            if key == "quantity":
                print_together(rows)
        return rows

    @cached_property
    def true_effects(self) -> list[Row]:
        return read_table(self.folder / "true_effects.csv")

    @cached_property
    def cluster_effects(self) -> list[Row]:
        return read_table(self.folder / "cluster_effects.csv")

    @cached_property
    def marginal_means(self) -> list[Row]:
        return self._optional("marginal_means.csv")

    @cached_property
    def average_effects(self) -> list[Row]:
        return self._optional("average_effects.csv")

    @cached_property
    def scale(self) -> list[Row]:
        return self._optional("scale.csv")

    @cached_property
    def small_study(self) -> list[Row]:
        return self._optional("small_study.csv")

    @cached_property
    def comparison(self) -> list[Row]:
        return self._optional("comparison.csv")

    @cached_property
    def sensitivity(self) -> list[Row]:
        return self._optional("sensitivity.csv")

    @cached_property
    def influence(self) -> list[Row]:
        return self._optional("influence.csv")

    @cached_property
    def loo(self) -> list[Row]:
        return self._optional("loo.csv")

    @cached_property
    def averages(self) -> Document:
        """Inclusion Bayes factors, model averages and the bridge."""
        return self._optional_document("comparison.json")

    @cached_property
    def classical(self) -> Document:
        return self._optional_document("classical.json")

    @cached_property
    def draws(self) -> dict[str, np.ndarray]:
        """Posterior draws by parameter, each of shape (chains, draws)."""
        from hiermeta.io.posterior import read_draws  # imports xarray, which most pages do without

        return dict(read_draws(self.folder / "posterior.nc"))

    @cached_property
    def table(self) -> pd.DataFrame:
        """The validated table as a data frame."""
        return validated(self.folder, self.model)

    @cached_property
    def fit_digest(self) -> str:
        """SHA-256 of the draws the numbers were computed from."""
        return hashlib.sha256((self.folder / "posterior.nc").read_bytes()).hexdigest()

    @property
    def has_numbers(self) -> bool:
        """Whether there is a posterior to report (not refused, and the sampler returned draws)."""
        return bool(self.estimates)

    @property
    def is_meta(self) -> bool:
        """Whether this is a meta-analysis, rather than a hierarchical regression."""
        return self.model["analysis"] == "meta"

    @property
    def clustered(self) -> bool:
        return bool(self.model.get("n_clusters"))

    @property
    def single_group(self) -> bool:
        """Whether the measure describes one group, so that zero means nothing in particular."""
        return MEASURES[self.model["measure"]].single_group

    def is_fixed(self, parameter: str) -> bool:
        """Whether the prior of this parameter is a point, so that there is nothing to estimate."""
        if parameter == "mu" and self.coefficients:
            return False  # μ is then a mean over the design
        return str(self.model["priors"][parameter]["prior"]).startswith("point(")

    @property
    def coefficients(self) -> list[str]:
        """Names of the mean coefficients; none without moderators."""
        return list(self.model.get("coefficients") or [])

    @property
    def scale_coefficients(self) -> list[str]:
        """Names of the coefficients on log τ, as in the estimates table."""
        return [row["parameter"] for row in self.estimates if row["parameter"].startswith("scale:")]

    @property
    def status(self) -> str:
        """``pass``, ``warn``, ``fail`` or ``refused``."""
        if self.validation["status"] == "refused":
            return "refused"
        return "fail" if self.trouble else str(self.diagnostics["status"])

    @property
    def crashed(self) -> str:
        """The stage that an unexpected error kept from ending; empty where there was none."""
        drawn = not (self.folder / "figures" / ERROR).exists()
        return str(self.diagnostics.get("crashed") or ("" if drawn else "figures"))

    @cached_property
    def trouble(self) -> str:
        """What kept a stage from ending, in its own words; empty where all of them did."""
        errors = self.folder / "figures" / ERROR
        if self.diagnostics["status"] == "fail" and self.diagnostics.get("message"):
            return str(self.diagnostics["message"])
        if self.fit.get("status") == "failed":
            return str(self.fit.get("message") or "sampling failed")
        return errors.read_text(encoding="utf-8").strip() if errors.exists() else ""

    def estimate(self, parameter: str) -> Row:
        return find(self.estimates, "parameter", parameter)

    def quantity(self, name: str) -> Row:
        return find(self.heterogeneity, "quantity", name)

    def prediction(self, target: str) -> Row:
        return find(self.predictions, "target", target)


def validated(folder: Path, description: Mapping[str, Any]) -> pd.DataFrame:
    """The table of ``data.csv``.

    Parameters
    ----------
    folder : Path
        ``results/NAME``.
    description : mapping
        ``model.json``.
    """
    if description["analysis"] == "meta":
        return read_csv(folder / "data.csv", text=description.get("factors", ()))
    return typed(read_csv(folder / "data.csv", text=description["text"]), description)


def typed(table: pd.DataFrame, description: Mapping[str, Any]) -> pd.DataFrame:
    """The table of a regression with numbers where they were, whatever their columns are called."""
    numeric = [column for column in table if column not in ("row", *description["text"])]
    return table.astype({column: float for column in numeric})


def print_together(rows: Sequence[Row]) -> None:
    """Settle how means are printed that are parts of the mean of another row, so that they add up to it.

    ``tau2 [within]`` and ``tau2 [between]`` are parts of ``tau2``, ``ICC [ward, null]`` is one of ``ICC [null]``. Parts
    and total are printed to the last place that all of them support.

    Parameters
    ----------
    rows : sequence of Row
        Summary rows by ``quantity``; those of parts and totals get an entry ``printed``.
    """
    named = {row["quantity"]: row for row in rows}
    parts: dict[str, list[Row]] = {}
    for name, row in named.items():
        found = re.fullmatch(r"([^\[]+) \[(?!null\])(.+?)(, null)?\]", name)
        if found:
            parts.setdefault(f"{found[1]} [null]" if found[3] else found[1], []).append(row)
    for name, of in parts.items():
        total = named.get(name)
        if total is None or not math.isclose(sum(row["mean"] for row in of), total["mean"], rel_tol=1e-6):
            continue
        shown = min((places_of(row, "mean") for row in (total, *of) if row["sd"] > 0), default=None)
        if shown is None:
            continue
        rounded = add_up([row["mean"] for row in of], total["mean"], shown)
        for row, value in zip((total, *of), (total["mean"], *rounded), strict=True):
            row["printed"] = {"mean": fixed(value, shown)}
