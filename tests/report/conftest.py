"""Result folders of every kind, made once, with their figures and reports."""

from __future__ import annotations

from pathlib import Path

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
