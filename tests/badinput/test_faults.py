"""Faults of the machine: nothing is lost, nothing half-written is accepted, and the message names the remedy."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import cmdstanpy
import numpy as np
import pytest

from hiermeta.io.files import write_text
from hiermeta.io.posterior import Groups, read_draws, write_posterior
from hiermeta.sampling import programs, toolchain
from tests.badinput.conftest import META
from tests.workflow.conftest import ROOT, Project

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 64 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("this machine mounts no disks")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@needs_root
def test_a_full_disk_leaves_the_old_file_and_no_rest(small_disk):
    """Does a write that doesn't fit raise, keep the file that was there, and free the space?

    Fails when `replacing` leaves its temporary file, or files are written in place.
    """
    write_text(small_disk / "data.csv", "old")
    with pytest.raises(OSError, match="No space"):
        write_text(small_disk / "data.csv", "x" * 100_000)
    assert (small_disk / "data.csv").read_text() == "old"
    assert {path.name for path in small_disk.iterdir()} == {"data.csv"}


NOISE = """
import sys, numpy as np
from hiermeta.io.posterior import Groups, write_posterior
write_posterior(sys.argv[1], Groups({"posterior": {"mu": np.random.default_rng(1).normal(size=(4, 10_000))}}), {})
"""


@needs_root
def test_a_posterior_that_does_not_fit_leaves_the_old_one(small_disk):
    """Does the job that writes it end with an error, and the file that was there stay readable?

    In a process of its own, since the HDF5 library may abort on a full disk. Fails when the file is written in place.
    """
    write_posterior(small_disk / "posterior.nc", Groups({"posterior": {"mu": np.zeros((4, 10))}}), {})
    command = [sys.executable, "-c", NOISE, small_disk / "posterior.nc"]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT / "workflow")}, capture_output=True)
    assert done.returncode != 0
    assert read_draws(small_disk / "posterior.nc")["mu"].shape == (4, 10)


@needs_root
def test_a_read_only_folder_is_said(small_disk):
    """Is a folder that can't be written to an error with its name, and the old file whole?"""
    write_text(small_disk / "data.csv", "old")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(OSError, match=r"Read-only.*data\.csv"):
        write_text(small_disk / "data.csv", "new")
    assert (small_disk / "data.csv").read_text() == "old"


def test_a_corrupted_program_is_noticed_and_built_again(tmp_path, monkeypatch):
    """Is a cached program that lost a byte told by its hash and compiled anew, and a whole one used as it is?

    Fails when `valid` looks at the file's existence only.
    """
    built = []

    def compile_stan_file(source, **options):
        executable = source.with_suffix("")
        executable.write_bytes(b"#!/bin/sh\nexit 0\n")
        executable.chmod(0o755)
        built.append(executable)
        return str(executable)

    home = toolchain.cmdstan_home()
    monkeypatch.setattr(toolchain, "cmdstan_home", lambda: home)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(cmdstanpy, "compile_stan_file", compile_stan_file)
    monkeypatch.setattr(cmdstanpy, "CmdStanModel", lambda exe_file, **options: exe_file)
    source = tmp_path / "small.stan"
    source.write_text("parameters { real x; } model { x ~ std_normal(); }\n")
    program = programs.compiled(source)
    assert programs.compiled(source) == program
    assert len(built) == 1
    program.write_bytes(program.read_bytes()[:-1])
    assert programs.compiled(source) == program
    assert len(built) == 2
    program.unlink()
    programs.compiled(source)
    assert len(built) == 3


def test_a_wrong_cmdstan_is_named_with_the_remedy(tmp_path, monkeypatch):
    """Is a folder that looks like CmdStan but isn't one refused by its name? Fails when no version is asked for."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "stanc").touch()
    (tmp_path / "makefile").write_text("# nothing\n")
    monkeypatch.setenv("CMDSTAN", str(tmp_path))
    with pytest.raises(toolchain.ToolchainError, match=r"names no CMDSTAN_VERSION: set CMDSTAN to a complete"):
        toolchain.cmdstan_version(toolchain.cmdstan_home())


def test_two_runs_at_once_in_one_folder_do_not_mix(tmp_path):
    """Does the later of two runs stop and say that the folder is locked, and the earlier finish?

    Fails when Snakemake's lock is switched off.
    """
    project = Project(tmp_path)
    (tmp_path / "a.csv").write_text("yi,vi\n0.1,0\n0.3,0.1\n")
    project.configure({"a": META | {"data": "a.csv"}})
    with ThreadPoolExecutor(2) as pool:
        done = [run.result().stdout for run in [pool.submit(project.run) for _ in range(2)]]
    locked = [output for output in done if "cannot be locked" in output]
    assert len(locked) == 1, done
    assert project.file("overview.html").is_file()
    assert not list(project.file().rglob("*.part"))


def test_links_out_of_the_results_stop_the_run(tmp_path):
    """Does a link in the results folder that leads elsewhere stop the run before anything is written there?

    Fails when the rules don't ask `escaping_links`.
    """
    project = Project(tmp_path / "project")
    (project.folder / "results").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (project.folder / "results" / "a").symlink_to(tmp_path / "elsewhere")
    project.configure({"a": META | {"data": "a.csv"}})
    done = project.run()
    assert done.returncode == 1
    assert "a symbolic link that leads out of the results folder" in done.stdout
    assert not list((tmp_path / "elsewhere").iterdir())
