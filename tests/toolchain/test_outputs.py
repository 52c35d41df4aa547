"""The files: what is written where, and which settings change them."""

import json
from pathlib import Path

import arviz
import pytest

from .conftest import Run, read_csv

SHORT = "num_samples=20 num_warmup=30"
DATA = "data file=data.json random seed=3 output refresh=0"


def test_saved_warmup_and_thinning(schools: str, run: Run, tmp_path: Path) -> None:
    """Are warmup rows written before the adaptation's result, and only every fifth row where asked?

    Seen to fail without the warmup's rows.
    """
    run(schools, f"sample {SHORT} save_warmup=1 thin=5 {DATA} file=s.csv")
    lines = (tmp_path / "s.csv").read_text().splitlines()
    names = next(place for place, line in enumerate(lines) if line.startswith("lp__"))
    adapted = lines.index("# Adaptation terminated")
    assert adapted - names - 1 == 30 // 5
    assert len(read_csv(tmp_path / "s.csv").rows) == 30 // 5 + 20 // 5


def test_significant_figures(schools: str, run: Run, tmp_path: Path) -> None:
    """Do more figures show the same draws more exactly? Seen to fail with seven digits for six."""
    run(schools, f"sample {SHORT} {DATA} file=six.csv")
    run(schools, f"sample {SHORT} {DATA} file=many.csv sig_figs=17")
    six, many = (read_csv(tmp_path / f"{name}.csv") for name in ("six", "many"))
    assert [f"{x:.6g}" for x in many.column("mu")] == [row[six.names.index("mu")] for row in six.rows]
    assert any(len(row[0]) > 15 for row in many.rows)


def test_saved_metric_starts_another_run(schools: str, run: Run, tmp_path: Path) -> None:
    """Is the adapted metric saved as JSON, and read back with its step size? Seen to fail without the metric's file."""
    for metric, shape in (("diag_e", "[10]"), ("dense_e", "[10, 10]")):
        name = f"{metric}.csv"
        arguments = f"sample num_samples=20 adapt save_metric=1 algorithm=hmc metric={metric} {DATA} file={name}"
        assert run(schools, arguments).code == 0
        saved = json.loads((tmp_path / f"{metric}_metric.json").read_text())
        assert saved["metric_type"] == metric
        inverse = saved["inv_metric"]
        (tmp_path / "start.json").write_text(json.dumps({"inv_metric": inverse}))
        assert str([len(inverse), len(inverse[0])] if metric == "dense_e" else [len(inverse)]) == shape
        again = f"sample num_samples=20 num_warmup=0 adapt engaged=0 algorithm=hmc metric={metric}"
        again += f" metric_file=start.json stepsize={saved['stepsize']} {DATA} file=again.csv"
        assert run(schools, again).code == 0
        assert read_csv(tmp_path / "again.csv").column("stepsize__")[0] == pytest.approx(saved["stepsize"], rel=1e-4)


def test_metric_file_of_the_wrong_size(schools: str, run: Run, tmp_path: Path) -> None:
    """Is a metric for another model refused? Seen to fail with failures of the services taken for success."""
    (tmp_path / "metric.json").write_text('{"inv_metric": [1, 2]}')
    ended = run(schools, f"sample {SHORT} algorithm=hmc metric_file=metric.json {DATA}")
    assert ended.code == 1 and "Cannot get inverse Euclidean metric from input file." in ended.out + ended.err


def test_configuration_as_json(schools: str, run: Run, tmp_path: Path) -> None:
    """Does the saved configuration hold what was parsed, with defaults and types?

    Seen to fail without the chosen alternatives in the JSON.
    """
    assert run(schools, f"sample {SHORT} algorithm=hmc metric=unit_e {DATA} file=c.csv save_cmdstan_config=1").code == 0
    config = json.loads((tmp_path / "c_config.json").read_text())
    assert (config["stan_major_version"], config["model_name"]) == ("2", "eight_schools_model")
    sample = config["method"]["sample"]
    assert config["method"]["value"] == "sample" and sample["num_samples"] == 20 and sample["save_warmup"] is False
    assert sample["adapt"]["delta"] == 0.8
    hmc = sample["algorithm"]["hmc"]
    assert hmc["engine"] == {"value": "nuts", "nuts": {"max_depth": 10}} and hmc["metric"] == {"value": "unit_e"}
    assert config["random"] == {"seed": 3} and config["init"] == "2" and config["output"]["sig_figs"] == -1


def test_initial_values(schools: str, run: Run, tmp_path: Path) -> None:
    """Do chains start from their own files, or the one for all, or the radius given?

    Seen to fail with one file of starting values for all chains.
    """
    for chain, mu in ((1, 1.5), (2, 2.5)):
        (tmp_path / f"start_{chain}.json").write_text(json.dumps({"mu": mu, "tau": 1, "z": [0] * 8}))
    # Steps too small to move: the first row is the initial value.
    still = "num_samples=1 num_warmup=0 adapt engaged=0 algorithm=hmc stepsize=1e-12"
    assert run(schools, f"sample num_chains=2 {still} init=start.json {DATA} file=i.csv").code == 0
    assert read_csv(tmp_path / "i_1.csv").column("mu") == pytest.approx([1.5])
    assert read_csv(tmp_path / "i_2.csv").column("mu") == pytest.approx([2.5])
    assert run(schools, f"sample num_chains=2 {still} init=start_1.json {DATA} file=j.csv").code == 0
    assert read_csv(tmp_path / "j_2.csv").column("mu") == pytest.approx([1.5])
    assert run(schools, f"sample {still} init=0 {DATA} file=k.csv").code == 0
    assert read_csv(tmp_path / "k.csv").column("tau") == pytest.approx([1])


def test_diagnostic_file(schools: str, run: Run, tmp_path: Path) -> None:
    """Does it hold momenta and gradients of the unconstrained parameters? Seen to fail without the diagnostic file."""
    assert run(schools, f"sample {SHORT} {DATA} file=s.csv diagnostic_file=d.csv").code == 0
    table = read_csv(tmp_path / "d.csv")
    assert {"mu", "tau", "p_mu", "g_tau"} <= set(table.names) and len(table.rows) == 20


def test_profile(no_parameters: str, run: Run, tmp_path: Path) -> None:
    """Is what a program profiles written to the file named? Seen to fail without the profiles."""
    run(no_parameters, "sample num_samples=1 output profile_file=p.csv refresh=0")
    table = read_csv(tmp_path / "p.csv")
    assert table.names[:3] == ["name", "thread_id", "total_time"] and table.rows[0][0] == "drawing"


def test_threads_change_no_digit(schools: str, threaded: str, run: Run, tmp_path: Path) -> None:
    """Do two threads, two chains in turn, and two processes all give the same draws?

    Seen to fail with seeds that depend on the number of chains.
    """
    chains = f"sample {SHORT} num_chains=2"
    assert run(threaded, f"{chains} num_threads=2 {DATA} file=t.csv").code == 0
    assert run(schools, f"{chains} {DATA} file=c.csv").code == 0
    for chain in (1, 2):
        assert run(schools, f"sample {SHORT} id={chain} {DATA} file=p{chain}.csv").code == 0
        rows = read_csv(tmp_path / f"p{chain}.csv").rows
        assert read_csv(tmp_path / f"t_{chain}.csv").rows == rows
        assert read_csv(tmp_path / f"c_{chain}.csv").rows == rows
    assert "STAN_THREADS=true" in run(threaded, "info").out


def test_another_reader_accepts_the_files(schools: str, run: Run, tmp_path: Path) -> None:
    """Does ArviZ read the chains, with warmup, as what they are? Seen to fail without the warmup's rows."""
    assert run(schools, f"sample {SHORT} num_chains=2 save_warmup=1 {DATA} file=s.csv").code == 0
    files = [str(tmp_path / f"s_{chain}.csv") for chain in (1, 2)]
    data = arviz.from_cmdstan(files, posterior_predictive="y_rep", save_warmup=True)
    assert dict(data.posterior.sizes) == {"chain": 2, "draw": 20, "z_dim_0": 8, "theta_dim_0": 8}
    assert data.warmup_posterior.sizes["draw"] == 30 and data.posterior_predictive["y_rep"].shape == (2, 20, 8)
