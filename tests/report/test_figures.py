"""What figures show and say of results."""

from __future__ import annotations

import shutil
from pathlib import Path

from hiermeta.figures import prior_posterior, style
from hiermeta.io.results import Results


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
