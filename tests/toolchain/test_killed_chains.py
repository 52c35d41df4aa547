"""Chains that are ended from outside, as by the system when memory runs out."""

import json
from pathlib import Path

import pytest
from cmdstanpy import CmdStanModel

from hiermeta.sampling import nuts
from hiermeta.stages import fit

from .conftest import SCHOOLS

SETTINGS = {"chains": 2, "warmup": 200, "draws": 200, "seed": 1, "adapt_delta": 0.95}


def ended_by(ending: str, program: str, folder: Path) -> CmdStanModel:
    """Return a program whose second chain ends in another way."""
    wrapped = folder / "wrapped"
    wrapped.write_text(f'#!/bin/sh\ncase "$*" in "id=2 "*) {ending} ;; esac\nexec {program} "$@"\n')
    wrapped.chmod(0o755)
    return CmdStanModel(exe_file=str(wrapped))


def sample(program: CmdStanModel) -> nuts.Sample:
    """Sample the eight schools."""
    inits = [{"mu": 0.0, "tau": 1.0, "z": [0.0] * 8}] * 2
    return nuts.sample(program, json.loads(SCHOOLS), inits, SETTINGS, lambda draws: {"mu": draws["mu"]}, cores=2)


@pytest.mark.parametrize("signal", ["KILL", "TERM", "XCPU"])
def test_a_killed_chain_is_the_machines_trouble(schools: str, tmp_path: Path, signal: str) -> None:
    """Is the signal named with what to do, so that the job fails and the next run tries again?

    Seen to fail while every ending but the regular one counted as a failure of the model, which was kept as result.
    """
    with pytest.raises(nuts.SamplingKilled, match=rf"SIG{signal}.*Run again"):
        sample(ended_by(f"kill -{signal} $$", schools, tmp_path))


@pytest.mark.parametrize("status", [126, 127])
def test_a_program_that_can_not_be_started_is_the_machines_trouble(schools: str, tmp_path: Path, status: int) -> None:
    """Is a chain without its libraries, as while CmdStan is built anew, tried again by the next run, not kept?

    Seen to fail while only signals counted: the report of such a data set said "Error during sampling:" and no more.
    """
    with pytest.raises(nuts.SamplingKilled, match=rf"could not be started \(exit status {status}\).*Run again"):
        sample(ended_by(f"exit {status}", schools, tmp_path))


def test_a_chain_that_gives_up_is_the_data_sets(schools: str, tmp_path: Path) -> None:
    """Is an error of the program itself still a result, which another run would only repeat?

    Seen to fail with every ending taken for a kill.
    """
    with pytest.raises(nuts.SamplingFailed):
        sample(ended_by("exit 70", schools, tmp_path))


def test_nothing_is_left_of_a_killed_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Does the job end without a posterior, and without a record that says it were done?

    Seen to fail with a kill kept as a failed fit.
    """
    files = {"model.json": {"status": "ok", "analysis": "meta"}, "validation.json": {"source": {}}, "program.json": {}}
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))

    def killed(*arguments: object) -> None:
        raise nuts.SamplingKilled("a chain was ended")

    monkeypatch.setattr(fit, "_meta_analysis", killed)
    with pytest.raises(nuts.SamplingKilled):
        fit.fit(tmp_path, tmp_path / "program.json", tmp_path / "meta.stan", SETTINGS, 1)
    assert not (tmp_path / "posterior.nc").exists() and not (tmp_path / "fit.json").exists()
