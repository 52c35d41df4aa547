"""The workflow on a real SLURM cluster of one node, with a job that is killed.

Needs root and Debian's packages slurm-wlm and munge; takes two to four minutes. Alone: ``pytest -m slurm``; all but
this: ``pytest -m "not slurm"``.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.workflow.conftest import ROOT, Project
from tests.workflow.slurm_node import jobs, slurm_node, why_not

pytestmark = [pytest.mark.slurm, pytest.mark.skipif(bool(why_not()), reason=why_not())]
DATASETS, BATCH = 30, 10
PROFILE = [
    *("--profile", ROOT / "workflow" / "profiles" / "slurm", "--latency-wait", "10"),
    # What differs from a cluster with accounting, and a faster look at the queue than a cluster would like.
    *("--slurm-no-account", "--slurm-status-command", "squeue"),
    *("--slurm-init-seconds-before-status-checks", "2", "--seconds-between-status-checks", "2"),
]


def project_in(folder):
    """Thirty small meta-analyses, ten to a job."""
    folder.mkdir()
    rng = np.random.default_rng(7)
    for i in range(DATASETS):
        variance = rng.uniform(0.02, 0.1, 8)
        effect = rng.normal(0.2, np.sqrt(0.04 + variance))
        lines = [f"{y:.4f},{v:.4f}\n" for y, v in zip(effect, variance, strict=True)]
        (folder / f"study{i:02}.csv").write_text("yi,vi\n" + "".join(lines))
    project = Project(folder)
    project.configure(
        {f"study{i:02}": {"data": f"study{i:02}.csv"} for i in range(DATASETS)},
        defaults={"analysis": "meta", "measure": "SMD", "effect": "yi", "variance": "vi"},
        sampling={"chains": 2, "warmup": 300, "draws": 500},
        batch_size=BATCH,
    )
    return project


def contents(project):
    """Bytes of every result by path, without logs, measured seconds and the pages that print them."""
    found = {}
    for path in sorted(project.file().rglob("*")):
        name = path.relative_to(project.file()).as_posix()
        if path.is_dir() or "logs/" in name or path.suffix in (".html", ".log", ".tsv") or name.startswith("batches/"):
            continue
        if name.endswith(("fit.json", "overview.json")):
            found[name] = _without_seconds(json.loads(path.read_text()))
        else:
            found[name] = path.read_bytes()
    return found


def _without_seconds(value):
    if isinstance(value, dict):
        return {key: _without_seconds(entry) for key, entry in value.items() if key != "seconds"}
    return [_without_seconds(entry) for entry in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def locally(tmp_path_factory):
    project = project_in(tmp_path_factory.mktemp("local") / "project")
    done = project.run()
    assert done.returncode == 0, done.stdout
    return project


def kill_one(process, project, deadline):
    """Cancel the first job of a batch that has begun its work; its id."""
    while process.poll() is None and time.monotonic() < deadline:
        running = [number for number, job in jobs().items() if job.state == "RUNNING"]
        if project.file("programs", "meta.json").exists() and any(project.file().glob("study*/data.csv")) and running:
            subprocess.run(["scancel", str(running[0])], check=True)
            return running[0]
        time.sleep(0.3)
    pytest.fail("no job of a batch ran")


def test_a_cluster_completes_the_run_although_a_job_was_killed_and_gives_the_same_bytes(tmp_path, locally):
    """Does a killed job run again, asking for more, everything complete, and equal the local run but for times?"""
    project = project_in(tmp_path / "project")
    log = tmp_path / "snakemake.log"
    command = [sys.executable, "-m", "snakemake", "-s", ROOT / "Snakefile", "--directory", project.folder]
    command += ["--configfile", project.folder / "config.yaml", *PROFILE]
    with slurm_node(), log.open("w") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT, cwd=project.folder)
        try:
            killed = kill_one(process, project, time.monotonic() + 120)
            assert process.wait(300) == 0, log.read_text()
        finally:
            process.kill()
            process.wait()
        submitted = jobs()
    assert submitted.pop(killed).state == "CANCELLED"
    assert {job.state for job in submitted.values()} == {"COMPLETED"}
    assert len(submitted) == 1 + DATASETS // BATCH  # the compilation, two undisturbed batches, and the one tried again
    assert sorted(job.memory for job in submitted.values()) == ["1500M"] * (DATASETS // BATCH) + ["3000M"]
    assert f"{DATASETS} of {DATASETS} · " in log.read_text()
    assert len(json.loads(project.file("overview.json").read_text())["datasets"]) == DATASETS
    assert contents(project).keys() == contents(locally).keys()
    differing = [name for name, content in contents(project).items() if content != contents(locally)[name]]
    assert differing == []
    assert Path("/etc/slurm/slurm.conf").exists() is False
