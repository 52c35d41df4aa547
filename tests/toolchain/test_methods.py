"""Each method against known answers, for parameters of every shape (programs/shapes.stan)."""

import json
import math
from pathlib import Path
from statistics import fmean, stdev

import pytest

from .conftest import Run, Table, read_csv

NAMES = [
    *("location.1", "location.2", "scale", "share.1", "share.2", "share.3"),
    *("R.1.1", "R.2.1", "R.1.2", "R.2.2", "pair:1", "pair:2.1.1", "pair:2.2.1", "pair:2.1.2", "pair:2.2.2"),
]
# Means and standard deviations of the distributions in the program.
MOMENTS = {
    "location.1": (1, 0.5),
    "location.2": (-2, 2),
    "scale": (2, 1),
    "share.1": (0.2, math.sqrt(0.2 * 0.8 / 11)),
    "share.2": (0.3, math.sqrt(0.3 * 0.7 / 11)),
    "R.2.1": (0, math.sqrt(1 / 5)),
    "pair:1": (3, 1),
    "pair:2.2.1": (0, 1),
}


def assert_moments(table: Table, independent_draws: int, deviations: float = 0.2) -> None:
    """Compare means within 5 of their standard errors, standard deviations within a fraction."""
    for name, (mean, deviation) in MOMENTS.items():
        values = table.column(name)
        assert fmean(values) == pytest.approx(mean, abs=5 * deviation / math.sqrt(independent_draws)), name
        assert stdev(values) == pytest.approx(deviation, rel=deviations), name


@pytest.mark.parametrize("algorithm", ["metric=diag_e", "metric=dense_e", "metric=unit_e", "engine=static int_time=2"])
def test_sample(algorithm: str, shapes: str, run: Run, tmp_path: Path) -> None:
    """Do all metrics and both engines draw from the distributions that the program states?

    Seen to fail with a hundredth of the draws.
    """
    arguments = f"sample num_samples=4000 algorithm=hmc {algorithm} random seed=1 output file=s.csv refresh=0"
    assert run(shapes, arguments).code == 0
    table = read_csv(tmp_path / "s.csv")
    assert table.names[-18:] == [*NAMES, "total", "counts.1", "counts.2"]
    # 500 of the 4000 draws counted as independent is less than what each of these samplers reaches.
    assert_moments(table, independent_draws=500)


def test_optimize(shapes: str, run: Run, tmp_path: Path) -> None:
    """Do all three algorithms find the mode, and with the Jacobian that of the unconstrained scale?

    Seen to fail with and without Jacobian exchanged.
    """
    for algorithm in ("lbfgs", "bfgs", "newton"):
        ended = run(shapes, f"optimize algorithm={algorithm} random seed=2 output file=o.csv refresh=0 sig_figs=12")
        assert ended.code == 0, ended.err
        mode = read_csv(tmp_path / "o.csv")
        found = [mode.column(name)[0] for name in NAMES]
        expected = [1, -2, 1.5, 1 / 7, 2 / 7, 4 / 7, 1, 0, 0, 1, 3, 0, 0, 0, 0]
        assert found == pytest.approx(expected, abs=2e-3), algorithm
    assert run(shapes, "optimize jacobian=1 random seed=2 output file=j.csv refresh=0").code == 0
    assert read_csv(tmp_path / "j.csv").column("scale")[0] == pytest.approx(2, abs=2e-3)  # shape / rate


def test_optimize_saves_iterations(shapes: str, run: Run, tmp_path: Path) -> None:
    """Is every iteration written when asked for, the log density never falling? Seen to fail without the iterations."""
    assert run(shapes, "optimize save_iterations=1 random seed=2 output file=o.csv refresh=0").code == 0
    densities = read_csv(tmp_path / "o.csv").column("lp__")
    assert len(densities) > 3 and densities == sorted(densities)


def test_laplace(shapes: str, run: Run, tmp_path: Path) -> None:
    """Is the approximation normal around the mode, with the curvature of the density?

    Seen to fail with a mode without Jacobian.
    """
    run(shapes, "optimize jacobian=1 random seed=2 output file=mode.csv refresh=0 sig_figs=12")
    ended = run(shapes, "laplace mode=mode.csv draws=4000 random seed=3 output file=l.csv diagnostic_file=h.json")
    assert ended.code == 0, ended.err
    table = read_csv(tmp_path / "l.csv")
    assert table.names[:2] == ["log_p__", "log_q__"] and len(table.rows) == 4000
    logs = [math.log(x) for x in table.column("scale")]
    # log(scale) has density ∝ exp(4 u - 2 exp(u)): mode log 2, curvature -4.
    assert fmean(logs) == pytest.approx(math.log(2), abs=0.04)
    assert stdev(logs) == pytest.approx(0.5, rel=0.06)
    assert stdev(table.column("location.2")) == pytest.approx(2, rel=0.06)
    assert json.loads((tmp_path / "h.json").read_text())["Hessian"][0][0] == pytest.approx(-4, rel=1e-4)


def test_laplace_takes_only_modes(shapes: str, run: Run, tmp_path: Path) -> None:
    """Are draws refused as a mode, and impossible values told? Seen to fail with draws taken for a mode."""
    run(shapes, "sample num_samples=5 num_warmup=20 output file=s.csv refresh=0")
    refused = run(shapes, "laplace mode=s.csv")
    assert (refused.code, refused.err) == (1, "CSV file is not output from Stan optimization\n\n")
    mode = {"location": [1, -2], "scale": -1, "share": [0.2, 0.3, 0.5], "R": [[1, 0], [0, 1]]}
    mode["pair"] = {"1": 3, "2": [[0, 0], [0, 0]]}
    (tmp_path / "mode.json").write_text(json.dumps(mode))
    wrong = run(shapes, "laplace mode=mode.json")
    assert wrong.code == 1 and wrong.err.endswith("Bad or missing parameter values, cannot unconstrain.\n\n")


def test_pathfinder(shapes: str, run: Run, tmp_path: Path) -> None:
    """Do several paths, and one, approximate the distributions, each path's draws kept when asked for?

    Seen to fail without the draws of single paths.
    """
    arguments = "pathfinder num_psis_draws=2000 num_draws=1000 save_single_paths=1 random seed=4 output file=p.csv"
    assert run(shapes, f"{arguments} refresh=0").code == 0
    table = read_csv(tmp_path / "p.csv")
    assert table.names[:2] == ["lp_approx__", "lp__"] and len(table.rows) == 2000
    assert fmean(table.column("location.1")) == pytest.approx(1, abs=0.15)
    assert stdev(table.column("location.1")) == pytest.approx(0.5, rel=0.2)
    for path in range(1, 5):
        assert len(read_csv(tmp_path / f"p_path_{path}.csv").rows) == 1000
        assert json.loads((tmp_path / f"p_path_{path}.json").read_text())["0"]["iter"] == 0
    one = run(shapes, "pathfinder num_paths=1 random seed=4 output file=one.csv diagnostic_file=d.json refresh=0")
    assert one.code == 0 and len(read_csv(tmp_path / "one.csv").rows) == 1000
    assert json.loads((tmp_path / "d.json").read_text())["0"]["iter"] == 0


def test_pathfinder_without_resampling(shapes: str, run: Run, tmp_path: Path) -> None:
    """Are all draws of all paths returned then? Seen to fail with resampling whether asked for or not."""
    assert run(shapes, "pathfinder psis_resample=0 num_draws=30 output file=p.csv refresh=0").code == 0
    assert len(read_csv(tmp_path / "p.csv").rows) == 120


def test_variational(shapes: str, run: Run, tmp_path: Path) -> None:
    """Do both families come near the means, with the ELBO's course in the diagnostic file?

    Seen to fail without the diagnostic file.
    """
    for family in ("meanfield", "fullrank"):
        arguments = f"variational algorithm={family} random seed=5 output file=v.csv diagnostic_file=d.csv refresh=0"
        assert run(shapes, arguments).code == 0
        table = read_csv(tmp_path / "v.csv")
        assert table.names[:3] == ["lp__", "log_p__", "log_g__"] and len(table.rows) == 1001
        assert fmean(table.column("location.1")[1:]) == pytest.approx(1, abs=0.3)
        course = [line for line in (tmp_path / "d.csv").read_text().splitlines() if not line.startswith("#")]
        assert course[0].startswith("100,")


def test_log_prob(shapes: str, run: Run, tmp_path: Path) -> None:
    """Are density and gradient those of the program, with and without the Jacobian, from either scale?

    Seen to fail with the Jacobian in every density.
    """
    log2 = math.log(2)
    (tmp_path / "free.json").write_text(json.dumps({"params_r": [2, 0, log2, 0, 0, 0, 4, 0, 0, 0, 0]}))
    assert run(shapes, "log_prob unconstrained_params=free.json output file=p.csv sig_figs=10").code == 0
    table = read_csv(tmp_path / "p.csv")
    gradient = [float(x) for x in table.rows[0][1:]]
    assert table.names[:4] == ["lp__", "g_location.1", "g_location.2", "g_scale"] and len(gradient) == 11
    # Normal: -(x - mean) / variance; gamma on the log scale: shape - rate * x; Dirichlet is at its centre only
    # where all concentrations are equal; LKJ and the zeros of `pair` are at their modes.
    assert gradient[:3] == pytest.approx([-4, -0.5, 0], abs=1e-8)
    assert gradient[5:] == pytest.approx([0, -1, 0, 0, 0, 0], abs=1e-8)

    values = {"location": [2, 0], "scale": 2, "share": [1 / 3, 1 / 3, 1 / 3], "R": [[1, 0], [0, 1]]}
    values["pair"] = {"1": 4, "2": [[0, 0], [0, 0]]}
    (tmp_path / "constrained.json").write_text(json.dumps(values))
    assert run(shapes, "log_prob constrained_params=constrained.json output file=c.csv sig_figs=10").code == 0
    assert read_csv(tmp_path / "c.csv").column("lp__") == pytest.approx(table.column("lp__"))
    assert run(shapes, "log_prob jacobian=0 unconstrained_params=free.json output file=n.csv sig_figs=10").code == 0
    # Without the Jacobian the gamma part is (shape - 1) - rate * x.
    assert read_csv(tmp_path / "n.csv").column("g_scale") == pytest.approx([-1])


def test_log_prob_counts_parameters(shapes: str, run: Run, tmp_path: Path) -> None:
    """Is a point of the wrong size, or a file without one, refused? Seen to fail without the count of parameters."""
    (tmp_path / "short.json").write_text('{"params_r": [1, 2]}')
    short = run(shapes, "log_prob unconstrained_params=short.json")
    assert short.code == 1 and "Model has 11 parameters but 2 were found." in short.err
    (tmp_path / "other.json").write_text('{"x": [1, 2]}')
    assert "has no variable 'params_r'" in run(shapes, "log_prob unconstrained_params=other.json").err


def test_generate_quantities(shapes: str, run: Run, tmp_path: Path) -> None:
    """Are quantities recomputed from the fitted parameters, chain by chain?

    Seen to fail with the first chain's parameters for all.
    """
    run(shapes, "sample num_chains=2 num_samples=200 random seed=6 output file=s.csv sig_figs=17 refresh=0")
    ended = run(shapes, "generate_quantities fitted_params=s.csv num_chains=2 output file=g.csv sig_figs=17")
    assert ended.code == 0, ended.err
    for chain in (1, 2):
        fitted, generated = read_csv(tmp_path / f"s_{chain}.csv"), read_csv(tmp_path / f"g_{chain}.csv")
        assert generated.names == ["total", "counts.1", "counts.2"]
        assert generated.column("total") == pytest.approx(fitted.column("total"), rel=1e-12)


def test_gradients(shapes: str, run: Run, tmp_path: Path) -> None:
    """Do automatic and finite differences agree for every shape?

    Seen to fail with steps of 0.1 for finite differences.
    """
    ended = run(shapes, "diagnose random seed=7 output file=d.csv")
    assert ended.code == 0 and "TEST GRADIENT MODE" in ended.out
    errors = [float(line.split()[-1]) for line in (tmp_path / "d.csv").read_text().splitlines()[-11:]]
    assert max(map(abs, errors)) < 1e-6


def test_without_parameters(no_parameters: str, run: Run, tmp_path: Path) -> None:
    """Does a program without parameters sample, with its external function, whatever sampler is named?

    Seen to fail with NUTS where there are no parameters.
    """
    asked = run(no_parameters, "sample algorithm=fixed_param num_samples=500 random seed=8 output file=f.csv refresh=0")
    assert asked.code == 0, asked.err
    fixed = read_csv(tmp_path / "f.csv")
    assert fixed.names == ["lp__", "accept_stat__", "doubled", "noise"]
    assert set(fixed.column("doubled")) == {42}
    assert fmean(fixed.column("noise")) == pytest.approx(10, abs=5 * 2 / math.sqrt(500))
    unasked = run(no_parameters, "sample num_samples=500 random seed=8 output file=u.csv refresh=0")
    assert "Model contains no parameters, running fixed_param sampler" in unasked.out
    assert read_csv(tmp_path / "u.csv").rows == fixed.rows
