"""Analyses from Python: the stages of the workflow on a table in memory or in a file, and results as data frames."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from hiermeta.config.expand import complete
from hiermeta.config.load import ConfigError
from hiermeta.config.models import PRESENTATION
from hiermeta.data.hierarchical import program_of
from hiermeta.data.problems import Problem, Refused
from hiermeta.io.files import read_csv, read_json, write_json
from hiermeta.io.provenance import STAN
from hiermeta.io.registry import result_files
from hiermeta.io.results import Results
from hiermeta.text.numbers import noun

if TYPE_CHECKING:
    import arviz

Table: TypeAlias = pd.DataFrame | str | Path
SHOWN = 12
"""Rows of the estimates in a representation."""


class FailedAnalysis(RuntimeError):
    """An unexpected error ended an analysis; the message has it, and its traceback was printed."""


@dataclass(frozen=True)
class Figure:
    """A figure of a report, which notebooks show.

    Parameters
    ----------
    name : str
    svg : str
        The drawing, readable on light and on dark ground.
    """

    name: str
    svg: str

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> None:
        """Write the figure as an SVG file."""
        Path(path).write_text(self.svg, encoding="utf-8")


class Analysis:
    """The results of one data set.

    Each result table is an attribute: ``estimates``, ``heterogeneity``, ``pooling`` and so on, as ``docs/reference``
    describes them; each document is a dict: ``classical``, ``exact``, ``diagnostics``, ``validation``, ``model``.

    Parameters
    ----------
    folder : str or pathlib.Path
        ``results/NAME``, as the workflow leaves it.
    presentation : mapping, optional
        Title, description and citation of the report.

    Examples
    --------
    >>> import hiermeta
    >>> result = hiermeta.read_results("results/bcg")  # doctest: +SKIP
    >>> result.estimates.set_index("parameter").loc["mu", ["mean", "q2.5", "q97.5"]]  # doctest: +SKIP
    """

    def __init__(self, folder: str | Path, presentation: Mapping[str, Any] | None = None) -> None:
        self.folder = Path(folder)
        self._presentation = presentation
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        for file in (f"{name}.csv", f"{name}.json"):
            if file in result_files():
                path = self.folder / file
                if not path.exists():
                    raise AttributeError(f"{path}: no such file; this kind of analysis doesn't have it")
                return self._table(path) if file.endswith(".csv") else read_json(path)
        raise AttributeError(f"results have no {name!r}; dir() lists what they have")

    def __dir__(self) -> list[str]:
        names = {Path(file).stem for file in result_files() if file.endswith((".csv", ".json"))}
        return sorted({name for name in names if any(self.folder.glob(f"{name}.*"))} | set(super().__dir__()))

    def _table(self, path: Path) -> pd.DataFrame:
        return self._results.table if path.name == "data.csv" else read_csv(path)

    @property
    def name(self) -> str:
        """Of the data set."""
        return str(self.model["name"])

    @property
    def status(self) -> str:
        """``pass``, ``warn``, ``fail`` (did not converge, or disagrees with the exact posterior) or ``refused``."""
        return str(self._results.status)

    @cached_property
    def _results(self) -> Results:
        return Results(self.folder)

    @cached_property
    def posterior(self) -> arviz.InferenceData:
        """Draws, log likelihoods and data, for ArviZ."""
        import arviz

        return arviz.from_netcdf(str(self.folder / "posterior.nc"))

    @cached_property
    def figures(self) -> list[str]:
        """Names of the figures that there are, drawn when they are first asked for."""
        if not (self.folder / "figures").is_dir():
            from hiermeta.figures.catalogue import write_figures

            write_figures(self.folder, self.folder / "figures")
        return sorted(path.stem for path in (self.folder / "figures").glob("*.svg"))

    def figure(self, name: str) -> Figure:
        """A figure of the report.

        Parameters
        ----------
        name : str
            One of `figures`, such as ``forest``.

        Raises
        ------
        ValueError
            Where there is no such figure; names those there are.
        """
        if name not in self.figures:
            raise ValueError(f"no figure {name!r}; there are {', '.join(self.figures)}")
        return Figure(name, (self.folder / "figures" / f"{name}.svg").read_text(encoding="utf-8"))

    def report(self, path: str | Path) -> Path:
        """Write the report, one self-contained HTML file.

        Parameters
        ----------
        path : str or pathlib.Path

        Returns
        -------
        pathlib.Path
            Where it is.
        """
        page = self.folder / "report.html"
        if not page.exists():
            from hiermeta.report.context import write_report

            _ = self.figures
            write_report(self.folder, self._presentation or {}, page, self.folder / "report.json")
        return Path(shutil.copyfile(page, path))

    def save(self, folder: str | Path) -> Analysis:
        """Copy all result files to a folder that doesn't exist yet; the results there."""
        return Analysis(shutil.copytree(self.folder, folder), self._presentation)

    @property
    def _heading(self) -> str:
        model = self.model
        kind = model["measure_label"] if model["analysis"] == "meta" else model.get("formula", "regression")
        groups = f" in {model['n_clusters']} {noun(model['n_clusters'], 'cluster')}" if model.get("n_clusters") else ""
        return f"{self.name}: {kind}, {model['k']} rows{groups}; status {self.status}"

    @property
    def _summary(self) -> pd.DataFrame:
        columns = ["parameter", "mean", "sd", "q2.5", "q97.5"]
        return self.estimates[columns].set_index("parameter").rename_axis(None)

    def __repr__(self) -> str:
        more = len(self._summary) - SHOWN
        rest = f"\n... and {more} more" if more > 0 else ""
        return f"{self._heading}\n{self._summary.head(SHOWN).to_string(float_format='{:.4g}'.format)}{rest}"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<p>{escape(self._heading)}</p>{self._summary.to_html(float_format='{:.4g}'.format)}"


def meta_analysis(table: Table, *, measure: str, cores: int | None = None, **settings: Any) -> Analysis:
    """Analyse effect estimates, which may be nested in clusters.

    Parameters
    ----------
    table : pandas.DataFrame, str or pathlib.Path
        The estimates, a row each, or a CSV or TSV file of them.
    measure : str
        ``SMD``, ``OR``, ``ZCOR``, ``GEN`` and others; see the reference of the config.
    cores : int, optional
        Processors for the chains; all by default.
    **settings
        The keys of a data set in the config: ``effect``, ``variance`` or ``standard_error`` or ``columns``,
        ``cluster``, ``label``, ``moderators``, ``priors``, ``sampling`` and so on.

    Raises
    ------
    ValueError
        When a setting isn't known or has a value that isn't allowed.
    hiermeta.Refused
        When the table can't be used with these settings; the message says why and what to do.
    FailedAnalysis
        After an unexpected error.

    Examples
    --------
    >>> import hiermeta
    >>> result = hiermeta.meta_analysis(
    ...     "data/school-calendar.csv", measure="SMD", effect="yi", variance="vi", cluster="district"
    ... )  # doctest: +SKIP
    >>> result.heterogeneity.set_index("quantity").loc["I2 [between]", "mean"]  # doctest: +SKIP
    """
    return _analysed(table, {"analysis": "meta", "measure": measure} | settings, cores)


def regression(
    table: Table, formula: str, *, family: str = "gaussian", cores: int | None = None, **settings: Any
) -> Analysis:
    """Fit a hierarchical regression.

    Parameters
    ----------
    table : pandas.DataFrame, str or pathlib.Path
        The individuals, a row each, or a CSV or TSV file of them.
    formula : str
        In lme4's notation, such as ``"mAch ~ cses + (1 + cses | school)"``.
    family : str
        ``gaussian``, ``student_t``, ``bernoulli``, ``binomial`` (with ``trials``) or ``poisson`` (perhaps
        with ``exposure``).
    cores : int, optional
        Processors for the chains; all by default.
    **settings
        The keys of a data set in the config: ``trials``, ``exposure``, ``within_between``, ``priors``, ``sampling``.

    Raises
    ------
    ValueError
        When a setting isn't known or has a value that isn't allowed.
    hiermeta.Refused
        When the table can't be used with these settings; the message says why and what to do.
    FailedAnalysis
        After an unexpected error.

    Examples
    --------
    >>> import hiermeta
    >>> result = hiermeta.regression("data/hsb82.csv", "mAch ~ cses + (1 + cses | school)")  # doctest: +SKIP
    >>> result.figure("shrinkage").save("shrinkage.svg")  # doctest: +SKIP
    """
    return _analysed(table, {"analysis": "hierarchical", "formula": formula, "family": family} | settings, cores)


def read_results(folder: str | Path) -> Analysis:
    """The results that the workflow left of one data set.

    Parameters
    ----------
    folder : str or pathlib.Path
        ``results/NAME``.

    Raises
    ------
    FileNotFoundError
        When nothing of an analysis is there.
    """
    if not Path(folder, "diagnostics.json").exists():
        raise FileNotFoundError(f"{folder}: no diagnostics.json; name the folder of one data set, such as results/bcg")
    return Analysis(folder)


def _analysed(table: Table, settings: dict[str, Any], cores: int | None) -> Analysis:
    """Run the stages in a temporary folder, which lasts as long as what is returned."""
    from hiermeta.sampling.families import program_record
    from hiermeta.stages.analyse import analyse
    from hiermeta.stages.fit import fit
    from hiermeta.stages.prepare import prepare

    temporary = tempfile.TemporaryDirectory(prefix="hiermeta-")
    root = Path(temporary.name)
    path = Path(table) if isinstance(table, (str, Path)) else root / "table.csv"
    if isinstance(table, pd.DataFrame):
        table.to_csv(path, index=False)
    name = settings.pop("name", "analysis")
    datasets = {name: {key: value for key, value in settings.items() if value is not None} | {"data": str(path)}}
    try:
        completed = complete({"results": "results", "datasets": datasets})["datasets"][name]
    except ConfigError as error:
        raise ValueError(str(error).replace(f"datasets.{name}", "settings")) from None
    presentation = {key: completed.pop(key) for key in PRESENTATION if key in completed}
    sampling = completed.pop("sampling")
    folder, program = root / "results" / name, root / "program.json"
    folder.mkdir(parents=True)
    prepare(folder, completed)
    validation = read_json(folder / "validation.json")
    if isinstance(table, pd.DataFrame):
        write_json(folder / "validation.json", validation | {"source": validation["source"] | {"path": "a data frame"}})
    if validation["status"] == "refused":
        raise Refused([_without_path(Problem(**problem), root) for problem in validation["problems"]])
    stan_file = STAN / f"{program_of(completed)}.stan"
    write_json(program, program_record(stan_file))
    fit(folder, program, stan_file, sampling, cores or os.cpu_count() or 1)
    analyse(folder, completed.get("prior_odds", {}))
    diagnostics = read_json(folder / "diagnostics.json")
    if diagnostics["crashed"]:
        raise FailedAnalysis(f"{diagnostics['crashed']}: {diagnostics['message']}")
    found = Analysis(folder, presentation)
    found._temporary = temporary
    return found


def _without_path(problem: Problem, root: Path) -> Problem:
    """A problem of a table that the user never saw as a file."""
    return replace(problem, message=problem.message.replace(str(root / "table.csv"), "the table"))
