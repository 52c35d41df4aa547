"""What remains when a stage breaks: an honest page for that data set, and the overview for all; PNG files."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from html_tree import parse

from hiermeta.data.problems import guarded
from hiermeta.figures import catalogue
from hiermeta.figures.catalogue import write_figures
from hiermeta.report import context
from hiermeta.report.context import write_report
from hiermeta.report.overview import write_overview


@pytest.fixture
def folder(results: Path, tmp_path: Path) -> Path:
    """A copy of two finished data sets, to be broken."""
    for name in ("clustered", "unclustered"):
        shutil.copytree(results / name, tmp_path / name)
    return tmp_path


def overview(folder: Path) -> dict[str, dict]:
    files = [folder / f"overview.{ending}" for ending in ("html", "tsv", "json")]
    write_overview(folder, {"clustered": None, "unclustered": None}, *files)
    return {entry["name"]: entry for entry in json.loads(files[2].read_text(encoding="utf-8"))["datasets"]}


def report(folder: Path) -> None:
    write_report(folder, {"title": "A <title>"}, folder / "report.html", folder / "report.json")


def test_a_figure_that_cannot_be_drawn_fails_its_data_set_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Are the other figures drawn, does the report say what went wrong, and does the overview show it in red?

    Seen to fail with figures that fail without a word.
    """

    def broken(results: object) -> None:
        raise IndexError("<no such panel>")

    figures = [
        replace(figure, meta=(broken, lambda results: True)) if figure.name == "funnel" else figure
        for figure in catalogue.FIGURES
    ]
    monkeypatch.setattr(catalogue, "FIGURES", figures)
    shutil.rmtree(folder / "clustered" / "figures")
    write_figures(folder / "clustered", folder / "clustered" / "figures")
    drawn = {path.name for path in (folder / "clustered" / "figures").iterdir()}
    assert {"error.txt", "forest.svg", "ranks.svg"} <= drawn and "funnel.svg" not in drawn
    report(folder / "clustered")
    page = parse((folder / "clustered" / "report.html").read_text(encoding="utf-8"))
    failure = page.by_id("failure").text
    assert "figure funnel: unexpected error: IndexError('<no such panel>')" in failure
    assert "Please report it" in failure and "do not use" in page.all("header")[0].text
    records = overview(folder)
    assert (records["clustered"]["status"], records["unclustered"]["status"]) == ("fail", "warn")
    assert "figure funnel" in records["clustered"]["message"]
    trouble = parse((folder / "overview.html").read_text(encoding="utf-8")).all("section")[0]
    assert [item.all("a")[0].text for item in trouble.all("li")] == ["clustered"]


def test_a_report_that_cannot_be_made_is_replaced_by_one_that_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is there a page with the error, escaped, and what to do, and does the overview know?

    Seen to fail without a page for what can't be made.
    """

    def broken(results: object) -> str:
        raise ValueError("<b>odd</b>")

    monkeypatch.setattr(context, "context", lambda results, presentation: broken(results))
    report(folder / "clustered")
    page = parse((folder / "clustered" / "report.html").read_text(encoding="utf-8"))
    assert "ValueError('<b>odd</b>')" in page.by_id("failure").text and not page.all("b")
    assert "Please report it" in page.by_id("failure").text
    assert not page.all("table")
    records = overview(folder)
    assert (records["clustered"]["status"], records["unclustered"]["status"]) == ("fail", "warn")


def test_files_that_make_no_sense_do_not_cost_the_overview(folder: Path) -> None:
    """Is a data set whose tables are damaged a red line like any other?

    Seen to fail with the overview at the mercy of one data set.
    """
    (folder / "clustered" / "estimates.csv").write_text("parameter,mean\nmu,nonsense\n", encoding="utf-8")
    records = overview(folder)
    assert (records["clustered"]["status"], records["unclustered"]["status"]) == ("fail", "warn")
    assert "nonsense" in records["clustered"]["message"]


def test_the_machine_s_trouble_is_not_the_data_set_s() -> None:
    """Does a full disk or too little memory end the job, so that the next run tries again?

    Seen to fail with disk and memory errors held for the data's.
    """

    def full() -> str:
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        guarded(full, lambda message: message)


def test_figures_as_png_at_300_dpi(results: Path, tmp_path: Path) -> None:
    """Does the config's switch write every figure once more, 900 drawn pixels (12.5 inches) wide at 300 dpi?

    The forest plot for phones has 380.

    Seen to fail with figures at 200 dpi.
    """
    write_figures(results / "unclustered", tmp_path, png=True)
    images = sorted(tmp_path.glob("*.png"))
    assert [path.stem for path in images] == sorted(path.stem for path in tmp_path.glob("*.svg"))
    for path in images:
        header = path.read_bytes()
        assert header.startswith(b"\x89PNG") and int.from_bytes(header[16:20], "big") == (
            1583 if "narrow" in path.stem else 3750
        )
        place = header.index(b"pHYs") + 4
        assert abs(int.from_bytes(header[place : place + 4], "big") * 0.0254 - 300) < 0.1
