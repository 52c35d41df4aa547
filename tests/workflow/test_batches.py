"""Several data sets per job: the same results, each data set by itself, and nothing lost when a run is killed."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile

import pytest

from tests.workflow.conftest import Project

LATER = {("overview", None), ("verdict", None)}
NAMES = ["a", "b", "c", "d"]
SETTINGS = {
    "defaults": {"analysis": "meta", "measure": "SMD", "effect": "yi", "variance": "vi"},
    "sampling": {"warmup": 300, "draws": 600},
}


def project_in(folder, names=NAMES, **settings):
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(NAMES):
        rows = "".join(f"{0.1 * ((i * 7 + number) % 5)},{0.05 + 0.01 * i}\n" for i in range(6))
        (folder / f"{name}.csv").write_text("yi,vi\n" + rows)
    project = Project(folder)
    project.configure({name: {"data": f"{name}.csv"} for name in names}, **SETTINGS, **settings)
    return project


def results(project, name):
    """Contents of all result files of a data set but logs, without measured times and the list of figures."""
    found = {}
    for path in sorted(project.file(name).rglob("*")):
        if path.is_file() and "logs" not in path.parts and path.name not in (".snakemake_timestamp", "drawn.json"):
            found[str(path.relative_to(project.file(name)))] = path.read_bytes()
    record = json.loads(found.pop("fit.json"))
    attempts = [{key: value for key, value in attempt.items() if key != "seconds"} for attempt in record["attempts"]]
    found["fit"] = record | {"seconds": None, "attempts": attempts}
    for page in ("report.html", "report.json"):  # they show the seconds of sampling
        found.pop(page, None)
    return found


@pytest.fixture(scope="module")
def batched(tmp_path_factory):
    project = project_in(tmp_path_factory.mktemp("batched"), names=["a", "b", "d"], batch_size=2)
    done = project.run()
    assert done.returncode == 0, done.stdout
    return project


@pytest.fixture(scope="module")
def undisturbed(batched):
    return {name: results(batched, name) for name in ("a", "b", "d")}


def test_results_are_the_same_with_and_without_batches_and_with_one_core(undisturbed, tmp_path):
    """Do the stages, one job each on one core, leave the bytes that a batch on two cores leaves?

    Seen to fail with another seed in batches.
    """
    single = project_in(tmp_path, names=["a"])
    assert single.run("--cores", "1").returncode == 0
    alone = results(single, "a")
    assert alone.keys() == undisturbed["a"].keys()
    assert [file for file in alone if alone[file] != undisturbed["a"][file]] == []


def test_snakemakes_own_report_holds_what_batches_leave(batched, undisturbed):
    """Does `snakemake --report` gather pages and figures with captions, as of data sets with jobs of their own?

    And nothing of a data set that is no longer in the config?
    """
    shutil.copytree(batched.file("a"), batched.file("old"))
    archive = batched.folder / "report.zip"
    done = batched.run("--report", archive)
    assert done.returncode == 0, done.stdout
    shutil.rmtree(batched.file("old"))
    with zipfile.ZipFile(archive) as opened:
        files = sorted(name.split("/results/")[-1] for name in opened.namelist() if "/data/" in name)
        page = opened.read("report/report.html").decode()
    left = [path for name in undisturbed for path in batched.file(name).rglob("*.*")]
    kept = {path.relative_to(batched.file()).as_posix() for path in left if path.suffix in (".svg", ".html")}
    assert set(files) - kept == {file for file in files if file.endswith("overview.html")}
    assert len(files) == len(kept) + 1
    assert page.count('"caption": "<p>') == len(files)
    assert "b: Observed estimates, true effects" in page


def test_a_data_set_that_comes_or_goes_leaves_the_others_as_they_are(batched, undisturbed):
    """Does one more, in the middle of the list, run one batch, and in it nothing but the new one?

    And does a data set that leaves the config leave the overview, without other work, and do bigger batches or a lost
    .snakemake folder make nothing run again?

    Seen to fail with the number of data sets in every key.
    """
    assert batched.planned() == set()
    project_in(batched.folder, names=NAMES, batch_size=2)
    assert batched.planned() == {("batch_2", None)} | LATER
    before = {path: path.stat().st_mtime_ns for path in batched.file("d").rglob("*") if path.is_file()}
    assert batched.run().returncode == 0
    after = {path: path.stat().st_mtime_ns for path in before if not path.name.startswith("complete-")}
    assert after == {path: before[path] for path in after}
    project_in(batched.folder, names=["a", "b", "d"], batch_size=3)
    assert batched.planned() == LATER
    assert batched.run().returncode == 0
    assert [entry["name"] for entry in json.loads(batched.file("overview.json").read_text())["datasets"]] == list("abd")
    shutil.rmtree(batched.folder / ".snakemake")
    assert batched.planned() <= LATER


def test_a_missing_or_changed_result_is_made_anew(batched, undisturbed):
    """Is damage to the results of a complete data set seen, and mended from the first stage that it concerns?

    Seen to fail without the look for damaged results.
    """
    project_in(batched.folder, names=["a", "b", "d"], batch_size=3)
    posterior = batched.file("b", "posterior.nc").stat().st_mtime_ns
    batched.file("b", "estimates.csv").unlink()
    batched.file("d", "figures", "forest.svg").write_text("half a fig")
    assert ("batch_1", None) in batched.planned()
    assert batched.run().returncode == 0
    assert {name: results(batched, name) for name in ("a", "b", "d")} == undisturbed
    assert batched.file("b", "posterior.nc").stat().st_mtime_ns == posterior


def test_one_data_set_fails_alone(batched, undisturbed):
    """Are the others of a batch complete when one crashes, and does the batch's log say which one and where?

    And are data sets counted that the batch really makes: two of four, one of them although the batch fails, then one?
    Seen to fail with a batch that ends with its first failure.
    """
    project_in(batched.folder, names=NAMES, batch_size=4)
    batched.file("b", "posterior.nc").unlink()
    shutil.rmtree(batched.file("c"), ignore_errors=True)
    batched.file("c", "report.html", "in the way").mkdir(parents=True)
    done = batched.run()
    assert done.returncode == 1
    assert "hiermeta: 2 of 4 data sets to do" in done.stdout
    assert re.findall(r"^\d of \d · \w: \w+", done.stdout, re.MULTILINE) == ["1 of 2 · b: pass"]
    assert "1 of 4 data sets failed: c" in done.stdout
    assert "c: failed" in batched.file("batches", "1.log").read_text()
    assert {name: results(batched, name) for name in ("a", "b", "d")} == undisturbed
    shutil.rmtree(batched.file("c"))
    before = batched.file("d", "data.csv").stat().st_mtime_ns
    done = batched.run()
    assert done.returncode == 0
    assert "hiermeta: 1 of 4 data sets to do" in done.stdout
    assert re.findall(r"^\d of \d · \w: \w+", done.stdout, re.MULTILINE) == ["1 of 1 · c: pass"]
    assert batched.file("d", "data.csv").stat().st_mtime_ns == before


def test_own_jobs_after_a_batch_make_what_is_outdated_anew(undisturbed, batched, tmp_path):
    """Do data sets with jobs of their own again keep what a batch left, and follow a changed prior or table?

    Also where Snakemake knows the same settings from before the batch, whose results have taken the place of those.
    Seen to fail without the batch's record among the inputs of the rules.
    """
    priors = {"tau": "half_normal(1)"}
    shutil.copytree(batched.folder, tmp_path, dirs_exist_ok=True)
    os.utime(tmp_path / "a.csv", (0, 0))  # tests before this one wrote it anew
    project = Project(tmp_path)
    project.configure({"a": {"data": "a.csv"}}, **SETTINGS)
    assert {rule for rule, name in project.planned() if name == "a"} == set()
    project.configure({"a": {"data": "a.csv", "priors": priors}}, **SETTINGS)
    stages = {"prepare", "fit", "analyse", "figures", "report"}
    assert {rule for rule, name in project.planned() if name == "a"} == stages
    assert project.run().returncode == 0
    assert "half_normal" in project.file("a", "model.json").read_text()
    assert project.planned() == set()
    project_in(tmp_path, names=["a"], batch_size=2)
    assert project.run().returncode == 0
    assert results(project, "a") == undisturbed["a"]
    project.configure({"a": {"data": "a.csv", "priors": priors}}, **SETTINGS)
    assert project.run().returncode == 0
    assert "half_normal" in project.file("a", "model.json").read_text()


def test_a_killed_run_goes_on_where_it_was(undisturbed, tmp_path):
    """After kills and Ctrl-C, is the next run's result the undisturbed one, without doing complete ones again?

    Ctrl-C leaves no lock behind; seen to fail when files are written in place and when marks are set too early.
    """
    project = project_in(tmp_path, names=["a", "b", "d"], batch_size=3)
    command = [sys.executable, "-m", "snakemake", "-s", project.checkout / "Snakefile", "--directory", project.folder]
    command += ["--configfile", project.folder / "config.yaml", "--cores", "2"]
    log = (tmp_path / "killed.log").open("w")
    moments = {"a/posterior.nc": signal.SIGKILL, "a/logs/complete-*": signal.SIGINT, "b/figures": signal.SIGKILL}
    for watched, ending in moments.items():
        running = subprocess.Popen(
            command,
            cwd=tmp_path,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
        )
        deadline = time.monotonic() + 120
        while not any(project.file().glob(watched)) and running.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        assert running.poll() is None, (tmp_path / "killed.log").read_text()
        os.killpg(running.pid, ending)
        assert running.wait() != 0
        if ending == signal.SIGKILL:
            assert project.run("--unlock").returncode == 0
        if watched == "a/logs/complete-*":
            kept = project.file("a", "posterior.nc").stat().st_mtime_ns
    done = project.run()
    assert done.returncode == 0, done.stdout
    assert {name: results(project, name) for name in ("a", "b", "d")} == undisturbed
    assert project.file("a", "posterior.nc").stat().st_mtime_ns == kept


def test_a_full_disk_is_said_and_leaves_nothing_half_written(undisturbed, tmp_path):
    """Does the run fail by name when the disk is full, and the next one, with room, end as if nothing had been?

    It is full while a posterior is written. Seen to fail when its file is written by way of an open handle.
    """
    project = project_in(tmp_path, names=["a", "b", "d"], batch_size=3)
    project.file().mkdir()
    disk = ["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", project.file()]
    if os.geteuid() != 0 or subprocess.run(disk, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk needs root")
    try:
        failed = project.run()
        assert failed.returncode != 0
        assert "No space left on device" in failed.stdout
        assert not list(project.file().rglob("*.part"))
        assert subprocess.run(["mount", "-o", "remount,size=100m", project.file()]).returncode == 0
        done = project.run()
        assert done.returncode == 0, done.stdout
        assert {name: results(project, name) for name in ("a", "b", "d")} == undisturbed
    finally:
        subprocess.run(["umount", "-l", project.file()])
