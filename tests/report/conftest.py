"""Result folders of every kind, made once, with their figures and reports."""

from __future__ import annotations

from pathlib import Path

import hierarchical_folders
import numpy as np
import pytest
import regression_folders
import result_folders

from hiermeta.figures.catalogue import write_figures
from hiermeta.report.context import write_report
from hiermeta.report.overview import write_overview

CLUSTERS = ["<i>A</i>", "ב קבוצה", "c" * 120, "D & E"]


def _hostile() -> list[dict]:
    rows = result_folders.simulate(20, 4)
    for row, label in zip(rows, result_folders.HOSTILE * 2, strict=True):
        row |= {"label": label, "cluster": CLUSTERS[int(row["cluster"]) - 1]}
    return rows


def _hierarchical(folder: Path) -> None:
    """Regressions of each family, with slopes and without, with missing values, few clusters and many."""
    simulate, build = hierarchical_folders.simulate, hierarchical_folders.build
    slopes = "score ~ dose * staff + arm + (1 + dose | ward)"
    rows = simulate(30, 14)
    rows.loc[[3, 5, 8], "dose"] = np.nan
    rows.loc[7, "ward"] = None
    build(folder / "slopes", rows, {"formula": slopes, "predict_at": [{"dose": 1.5, "staff": 0}]})
    build(folder / "few", simulate(6, 5, spread=0.0), {"formula": "score ~ 1 + (1 | ward)"})
    build(folder / "hundreds", simulate(320, 6), {"formula": slopes})
    logit = {"formula": "score ~ dose + staff + (1 | ward)", "family": "bernoulli"}
    build(folder / "logit", simulate(24, 30, family="bernoulli"), logit)
    poisson = {"formula": "score ~ dose + arm + (1 | ward)", "family": "poisson", "exposure": "days"}
    build(folder / "rates", simulate(20, 12, family="poisson"), poisson | {"within_between": ["dose"]})


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with data sets of every kind, their reports and the overview."""
    folder = tmp_path_factory.mktemp("results")
    simulate, build = result_folders.simulate, result_folders.build
    build(folder / "clustered", simulate(56, 11))
    build(folder / "unclustered", simulate(13, 0), "warn")
    build(folder / "hostile", _hostile())
    build(folder / "many", simulate(240, 30))
    build(folder / "huge", simulate(1828, 400))
    build(folder / "common", simulate(2, 0), common=True)
    regression = regression_folders.build
    direction = ["favours <control>", "favours treatment"]
    moderated = {"measure": "RR", "moderators": "~ dose + group", "predict_at": [{"dose": 20}], "threshold": -0.2}
    regression(folder / "moderated", regression_folders.table(24, 0), moderated | {"direction": direction})
    location_scale = {"measure": "SMD", "moderators": "~ dose * group", "scale": "~ dose + group"}
    regression(folder / "scale", regression_folders.table(60, 12), location_scale)
    regression(folder / "hundred", regression_folders.table(100, 80), location_scale | {"measure": "RR"})
    _hierarchical(folder)
    build(folder / "failed", simulate(8, 3), "fail")
    result_folders.build_refused(folder / "refused")
    result_folders.build_crashed(folder / "crashed", simulate(8, 3))
    names = sorted(path.name for path in folder.iterdir())
    for name in names:
        write_figures(folder / name, folder / name / "figures")
        write_report(
            folder / name,
            {"title": f"Title of {name} <&>"},
            folder / name / "report.html",
            folder / name / "report.json",
        )
    titles = dict.fromkeys(names)
    write_overview(folder, titles, folder / "overview.html", folder / "overview.tsv", folder / "overview.json")
    return folder
