"""What figures show and say of results."""

from __future__ import annotations

import json
import re
import shutil
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hiermeta.figures import curves, forest, lines, natural_axis, palette, partition, prior_posterior, shrinkage, style
from hiermeta.figures.catalogue import FIGURES
from hiermeta.io.results import Results
from hiermeta.text.numbers import printed


def texts(drawing: style.Drawing) -> list[str]:
    """What is written in a figure."""
    return [text.get_text() for axes in drawing.figure.axes for text in axes.texts]


def test_exact_densities_stand_where_there_are_some(results: Path, tmp_path: Path) -> None:
    """Is the exact density drawn, and said to be exact, in place of the draws'; and the draws' where there is none?

    Seen to fail with the draws in both.
    """
    folder = tmp_path / "x"
    shutil.copytree(results / "unclustered", folder)
    with style.drawing():
        assert prior_posterior.draw(Results(folder)).description.endswith(prior_posterior.SMOOTHED)
    points = "".join(f"{name},{i},{i % 2}\n" for name in ("mu", "tau") for i in range(3))
    (folder / "densities.csv").write_text(f"parameter,at,density\n{points}")
    with style.drawing():
        drawing = prior_posterior.draw(Results(folder))
    assert drawing.description.endswith(prior_posterior.EXACT_CURVE)
    for axes in drawing.figure.axes:
        assert axes.lines[0].get_xydata().tolist() == [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]]


@pytest.mark.parametrize("name", ["many", "hundred", "huge"])
def test_the_full_forest_has_a_line_for_each_estimate(results: Path, name: str) -> None:
    """Does forest_full.svg label every estimate, however many, where forest.svg shows clusters?

    Seen to fail with the limit of sixty estimates kept.
    """
    svg = (results / name / "figures" / "forest_full.svg").read_text("utf-8")
    labels = set(re.findall(r">([^<>]+)</text>", svg))
    wanted = {row["label"] for row in Results(results / name).data}
    assert len(wanted) >= 100 and wanted <= labels
    assert not wanted <= set(re.findall(r">([^<>]+)</text>", (results / name / "figures" / "forest.svg").read_text()))


def test_a_forest_that_is_full_stands_once(results: Path) -> None:
    """Is there no second forest plot where the first has every estimate? Seen to fail with one always."""
    assert not (results / "clustered" / "figures" / "forest_full.svg").exists()


@pytest.mark.parametrize("name", ["unclustered", "clustered", "many", "huge", "common"])
def test_the_forest_says_what_its_marks_are(results: Path, name: str) -> None:
    """Does the caption speak of the diamonds, cluster effects and weights that are drawn, and of no others?

    Seen to fail with one caption for all numbers of clusters.
    """
    with style.drawing():
        drawing = forest.draw(Results(results / name))
    caption = drawing.description
    assert ("diamonds" in caption) == (name == "clustered")
    assert ("their clusters" in caption) == (name in ("many", "huge"))
    assert ("larger with more weight" in caption) == (name != "huge")
    assert ("sorted" in caption) == (name == "huge")
    assert ("τ and ρ" in caption) == (name in ("clustered", "many"))
    fills = [patch.get_facecolor() for patch in drawing.figure.axes[0].patches]
    green = tuple(int(palette.BETWEEN[i : i + 2], 16) / 255 for i in (1, 3, 5))
    assert any(fill[:3] == pytest.approx(green) for fill in fills) == (name == "clustered")


@pytest.mark.parametrize("name", ["unclustered", "many", "huge", "common", "moderated", "scale"])
def test_the_forest_names_its_heterogeneity(results: Path, name: str) -> None:
    """Do numbers of estimates and clusters, τ and I² stand below the forest, as the tables have them?

    Seen to fail with the part of τ within clusters.
    """
    found = Results(results / name)
    with style.drawing():
        (line,) = (text for text in texts(forest.draw(found)) if "τ =" in text)
    tau, share = found.quantity("tau"), found.quantity("I2")
    assert line.startswith(f"{found.model['k']:,} estimates")
    assert (f"in {found.model['n_clusters']} clusters" in line) == found.clustered
    assert f"τ = {printed(tau, 'mean')}" in line
    assert (name == "common") == line.endswith("fixed")
    assert name == "common" or f"{printed(share, 'q2.5')}%, {printed(share, 'q97.5')}%" in line


def test_the_axis_is_on_the_scale_that_was_asked_for(results: Path, tmp_path: Path) -> None:
    """With `output_scale: natural`, are there risk ratios below the axis, each where its logarithm lies, and no others?

    Seen to fail with both rows of labels.
    """
    folder = tmp_path / "x"
    shutil.copytree(results / "unclustered", folder)
    model = json.loads((folder / "model.json").read_text()) | {"measure": "RR", "measure_label": "log risk ratio"}
    for scale, label in (("natural", "Risk ratio (log scale)"), ("analysis", "Log risk ratio")):
        (folder / "model.json").write_text(json.dumps(model | {"output_scale": scale}))
        with style.drawing():
            drawing = forest.draw(Results(folder))
        labels = {text.get_text(): text.get_position() for text in drawing.figure.axes[0].texts}
        assert label in labels
        assert {"0.5", "1", "2"} <= labels.keys()
        heights = {labels[text][1] for text in ("0.5", "1", "2")}
        ticks = {position for text, position in labels.items() if re.fullmatch("−?[0-9.]+", text)}
        assert ({y for _, y in ticks} == heights) == (scale == "natural")
        left, middle, right = (labels[text][0] for text in ("0.5", "1", "2"))
        assert right - middle == pytest.approx(middle - left, abs=0.1)


@pytest.mark.parametrize(
    "measure, low, high", [("RR", -0.05, 0.02), ("RR", -9.0, 9.0), ("ZCOR", 0.1, 0.4), ("PLO", -3, 1)]
)
def test_natural_axes_have_enough_labels(measure: str, low: float, high: float) -> None:
    """Do narrow and wide ranges have four labels or more? Seen to fail with the steps 1, 2 and 5 alone."""
    assert len(natural_axis.ticks(measure, low, high)) >= 4


def marked(drawing: style.Drawing, panel: int = 0) -> np.ndarray:
    """Shape (n, 2): where grey marks stand in a panel."""
    grey = [line for line in drawing.figure.axes[panel].lines if line.get_color() == palette.OBSERVED]
    points = np.concatenate([line.get_xydata() for line in grey])
    return np.unique(points[np.isfinite(points).all(axis=1)], axis=0)


@pytest.mark.parametrize("draw", [lines.draw, curves.draw])
def test_lines_stand_before_the_rows_they_are_fitted_to(results: Path, draw) -> None:
    """Is every point a row of the data within the line, and does the caption say how many of them are shown?

    Seen to fail with outcomes in another order than predictors, and with a caption of all rows.
    """
    for name in ("slopes", "hundreds"):
        found = Results(results / name)
        with style.drawing():
            drawing = draw(found)
        predictor, rows = drawing.figure.axes[0].get_xlabel(), found.table
        points = marked(drawing)
        own = set(map(tuple, rows[[predictor, "score"]].to_numpy(float).tolist()))
        assert set(map(tuple, points.tolist())) <= own
        assert 150 < len(points) < len(rows)
        assert f"at most 200 of the {len(rows):,} rows" in drawing.description


def test_shares_are_shown_by_their_means(results: Path) -> None:
    """Do the squares of a binary outcome hold all rows within the curve: is their mean, by rows, the rows' mean?

    Tenths have as many rows as each other, to one. Seen to fail with parts of equal width.
    """
    found = Results(results / "logit")
    with style.drawing():
        drawing = curves.draw(found)
    predictor, rows = drawing.figure.axes[0].get_xlabel(), found.table
    line = next(line for line in drawing.figure.axes[0].lines if line.get_color() == palette.ESTIMATE)
    x = rows[predictor].astype(float)
    inside = rows[(x >= line.get_xdata()[0]) & (x <= line.get_xdata()[-1])]
    points = marked(drawing)
    assert len(points) == 10 and "tenths" in drawing.description
    assert points.mean(axis=0) == pytest.approx(inside[[predictor, "score"]].astype(float).mean(), abs=0.01)


def test_clusters_of_equal_size_show_how_far_each_is_pulled() -> None:
    """Has each of 160 clusters of one size its dot at its own estimate and the pooled one, both from complete pooling?

    Three estimates a hundred times as far as the others stand at the edge, and the caption counts them. Seen to fail
    with ranks of the clusters across, and with the edge left out.
    """
    rng = np.random.default_rng(3)
    complete, own = rng.normal(5, 1, 160), rng.normal(0, 1, 160)
    own[:3] = 100.0
    rows = [
        {"cluster": f"{j}", "n": 20, "term": "intercept", "group": "school", "none": c + o, "complete": c}
        | {"partial": c + 0.5 * min(o, 2.0), "partial_line": np.nan, "complete_line": np.nan}
        for j, (c, o) in enumerate(zip(complete.tolist(), own.tolist(), strict=True))
    ]
    model = {"family": "gaussian", "cluster_column": "school"}
    with style.drawing():
        drawing = shrinkage.draw_regression(SimpleNamespace(model=model, rows=lambda name: rows))
    green = [line.get_xydata() for line in drawing.figure.axes[0].lines if line.get_color() == palette.BETWEEN]
    points = np.unique(np.concatenate(green)[~np.isnan(np.concatenate(green)).any(axis=1)].round(9), axis=0)
    wanted = np.unique(np.column_stack([own[3:], 0.5 * np.minimum(own[3:], 2.0)]).round(9), axis=0)
    assert points[:-1] == pytest.approx(wanted, abs=1e-8)
    assert points[-1, 0] < 10 and "3 clusters beyond the panel stand at its edge" in drawing.description


@pytest.mark.parametrize(("between", "within"), [(0.7, 0.6), (2.0, 3.0), (8.0, 5.0), (40.0, 13.0), (60.0, 39.9)])
def test_parts_of_the_variance_are_named_without_overlap(between: float, within: float) -> None:
    """Do no two texts overlap, whatever the shares? Seen to fail with names at the bars' ends."""
    shares = {"I2 [between]": between, "I2 [within]": within, "I2": between + within}
    rows = {name: {"mean": value, "sd": 0.1, "q2.5": value, "q97.5": value} for name, value in shares.items()}
    found = SimpleNamespace(clustered=True, quantity=lambda name: rows[name])
    with style.drawing():
        figure = partition.draw(found).figure
        figure.canvas.draw()
        written = [*figure.axes[0].texts, *figure.texts]
        boxes = [(text.get_text(), text.get_window_extent()) for text in written]
    assert {"between clusters", "within clusters", "sampling error"} <= {name for name, _ in boxes}
    assert not [(one, two) for (one, a), (two, b) in combinations(boxes, 2) if a.overlaps(b)]


MEANINGS = {
    "observed": palette.OBSERVED,
    "prior": palette.PRIOR,
    "posterior": palette.ESTIMATE,
    "95% credible band": palette.ESTIMATE,
    "true effect": palette.ESTIMATE,
    "new clusters": palette.PREDICTION,
    "prediction": palette.PREDICTION,
    "each cluster": palette.BETWEEN,
    "left-out cluster": palette.BETWEEN,
    "within clusters": palette.WITHIN,
}
"""Colours by how a legend's text begins, or what it has in it."""


def test_colours_mean_the_same_in_every_figure(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has each thing that legends name one colour in all figures of both kinds of analysis, that of the key?

    Chains, levels of a second predictor and further grouping factors are told apart by colour without a meaning. Seen
    to fail with τ along a moderator in green, Bayes factors in the priors' orange and clusters in blue.
    """
    found: dict[str, set[str]] = {}

    def legend(figure, entries, *_) -> None:
        for color, _, text in entries:
            found.setdefault(text, set()).add(color)

    monkeypatch.setattr(style, "legend", legend)
    names = ("clustered", "unclustered", "moderated", "scale", "slopes", "few", "logit", "rates")
    for data in map(Results, (results / name for name in names)):
        for figure in FIGURES:
            drawn_by = figure.meta if data.is_meta else figure.hierarchical
            if drawn_by and drawn_by[1](data):
                with style.drawing():
                    drawn_by[0](data)
    assert len(found) > 25 and not {text: colors for text, colors in found.items() if len(colors) > 1}
    for text, colors in found.items():
        for words, color in MEANINGS.items():
            if text.startswith(words):
                assert colors == {color}, text
        if colors & {palette.PRIOR}:
            assert "prior" in text
        if colors & {palette.BETWEEN}:
            assert "cluster" in text or text == "true differences (I²)"


@pytest.mark.parametrize("name", ["clustered", "unclustered", "slopes", "few", "logit"])
def test_the_colour_key_stands_once(results: Path, name: str) -> None:
    """Does each page say what the colours stand for, once? Seen to fail with the key below every figure."""
    assert (results / name / "report.html").read_text(encoding="utf-8").count("Colours of all figures:") == 1
