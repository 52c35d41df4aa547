"""Compiled programs: built once per content, anywhere, and never trusted when damaged."""

import shutil
from pathlib import Path

import arviz
import cmdstanpy
import pytest

from hiermeta.sampling import programs, toolchain

from .conftest import HERE

BERNOULLI = """data { int N; array[N] int<lower=0, upper=1> y; }
parameters { real<lower=0, upper=1> theta; }
model {
#include prior.stan
  y ~ bernoulli(theta);
}
"""


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """Pretend to compile, into a cache of its own, and list what was compiled."""
    compiled: list[Path] = []

    def compile_stan_file(source: Path, **options: object) -> str:
        compiled.append(source)
        source.with_suffix("").write_text(f"{source.read_text()} {options}")
        return str(source.with_suffix(""))

    monkeypatch.setattr(cmdstanpy, "compile_stan_file", compile_stan_file)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return compiled


@pytest.fixture
def source(home: Path, tmp_path: Path) -> Path:
    """Return a program that includes a file, in a folder that cannot be written."""
    folder = tmp_path / "read only"
    folder.mkdir()
    (folder / "coin.stan").write_text(BERNOULLI)
    (folder / "prior.stan").write_text("theta ~ beta(1, 1);\n")
    return folder / "coin.stan"


def test_content_decides(compilations: list[Path], source: Path, tmp_path: Path) -> None:
    """Is a program compiled anew when its code, an included file or an option changes, and only then?

    Seen to fail without included files in the key.
    """
    first = programs.compiled(source)
    copy = tmp_path / "elsewhere"
    shutil.copytree(source.parent, copy)
    assert programs.compiled(copy / "coin.stan").exe_file == first.exe_file
    assert len(compilations) == 1
    programs.compiled(source, cpp_options={"STAN_THREADS": True})
    (source.parent / "prior.stan").write_text("theta ~ beta(2, 2);\n")
    changed = programs.compiled(source)
    assert len(compilations) == 3 and changed.exe_file != first.exe_file
    header = tmp_path / "header.hpp"
    header.write_text("// one")
    programs.compiled(source, user_header=header)
    header.write_text("// two")
    programs.compiled(source, user_header=header)
    assert len(compilations) == 5
    assert sorted(path.name for path in source.parent.iterdir()) == ["coin.stan", "prior.stan"]


def test_damaged_executable_is_rebuilt(compilations: list[Path], source: Path) -> None:
    """Is an executable that is not what was built detected by its hash?

    Seen to fail without the hash of the executable.
    """
    executable = Path(str(programs.compiled(source).exe_file))
    executable.write_text("damaged")
    assert programs.compiled(source).exe_file == str(executable)
    assert executable.read_text() != "damaged" and len(compilations) == 2


def test_program_that_does_not_compile(home: Path, tmp_path: Path) -> None:
    """Is a wrong program refused by name, with the translator's message?

    Seen to fail without the translator's message.
    """
    (tmp_path / "wrong.stan").write_text("parameters { real x }")
    with pytest.raises((toolchain.ToolchainError, ValueError), match=r"(?s)wrong\.stan.*Syntax error"):
        programs.compiled(tmp_path / "wrong.stan")


def test_cmdstanpy_works_unchanged(schools: str, home: Path, tmp_path: Path) -> None:
    """Do CmdStanPy's own model and methods run on the folder, chain per process and all chains in one?

    Seen to fail with seeds that depend on the number of chains.
    """
    model = programs.compiled(HERE / "programs" / "eight_schools.stan")
    data = {"J": 2, "y": [28, 8], "sigma": [15, 10]}
    fit = model.sample(data, chains=2, seed=1, iter_warmup=200, iter_sampling=100, show_progress=False)
    together = model.sample(
        data,
        chains=2,
        seed=1,
        iter_warmup=200,
        iter_sampling=100,
        show_progress=False,
        force_one_process_per_chain=False,
    )
    assert fit.draws().shape == (100, 2, 15) and (fit.draws() == together.draws()).all()
    summary = fit.summary()
    assert list(summary.columns) == ["Mean", "MCSE", "StdDev", "5%", "50%", "95%", "N_Eff", "N_Eff/s", "R_hat"]
    assert summary.loc["mu", "Mean"] == pytest.approx(fit.mu.mean(), rel=1e-4)
    draws = fit.draws_xr("mu").mu
    assert summary.loc["theta[1]"].notna().all() and "mu" in summary.index
    assert summary.loc["mu", "R_hat"] == pytest.approx(float(arviz.rhat(draws).mu), rel=1e-4)
    assert summary.loc["mu", "N_Eff"] == pytest.approx(float(arviz.ess(draws, method="mean").mu), rel=1e-3)
    assert "Processing complete" in fit.diagnose()
    mode = model.optimize(data, seed=1, jacobian=True)
    assert model.laplace_sample(data, mode=mode, seed=1, draws=50).draws().shape == (50, 10)
    assert model.pathfinder(data, seed=1, draws=50).draws().shape == (50, 10)
    assert model.generate_quantities(data, previous_fit=fit, seed=1).y_rep.shape == (200, 2)
    assert model.log_prob({"mu": 1, "tau": 1, "z": [0, 0]}, data).shape == (1, 5)
    assert model.variational(data, seed=1, draws=50, require_converged=False).variational_sample.shape == (50, 11)
