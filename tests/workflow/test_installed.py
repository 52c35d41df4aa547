"""hiermeta without a checkout: the package from a wheel, and the workflow as a module from a Git repository."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv

import pytest
import yaml

from hiermeta.cli import main
from hiermeta.sampling.toolchain import cache_folder, cmdstan_home
from tests.workflow.conftest import ROOT

SETTINGS = {"sampling": {"chains": 2, "warmup": 200, "draws": 300}}
SNAKEDEPLOY = """\
from snakemake.utils import min_version

min_version("6.10.0")


configfile: "config/config.yaml"


module hiermeta:
    snakefile:
        github("somebody/hiermeta", path="workflow/Snakefile", tag="v1")
    config:
        config


use rule * from hiermeta{alias}
"""


def run(folder, *command, **environment):
    """A process that knows of no checkout; what it printed in `.stdout`."""
    known = {key: value for key, value in os.environ.items() if key != "PYTHONPATH" and not key.startswith("PYTEST")}
    options = {"text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.run([*map(str, command)], cwd=folder, env=known | environment, **options)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A clone of what is here now, changes that aren't committed included."""
    folder = tmp_path_factory.mktemp("repository")
    listed = ["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate"]
    for name in subprocess.run(listed, check=True, capture_output=True, text=True).stdout.splitlines():
        source, target = ROOT / name, folder / name
        if source.exists() and not name.startswith("tests/"):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target, follow_symlinks=False)
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    for arguments in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "x"], ["tag", "v1"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def python(repository, tmp_path_factory):
    """The Python of an environment that has a wheel of hiermeta, and all else from that of the tests."""
    folder = tmp_path_factory.mktemp("installed")
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    built = run(folder, sys.executable, "-m", "pip", "wheel", repository, *offline, "--wheel-dir", folder)
    assert built.returncode == 0, built.stdout
    venv.create(folder / "env", symlinks=True)
    own = next((folder / "env" / "lib").glob("python*")) / "site-packages"
    (wheel,) = folder.glob("*.whl")
    done = run(folder, sys.executable, "-m", "pip", "install", *offline, "--target", own, wheel)
    assert done.returncode == 0, done.stdout
    (own / "others.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    assert {path.name for path in own.iterdir() if not path.name.endswith(("-info", ".pth"))} <= {"hiermeta", "bin"}
    return folder / "env" / "bin" / "python"


@pytest.fixture
def project(tmp_path):
    """Somebody's folder with two tables, one of each kind of analysis, and their config."""
    shutil.copy(ROOT / "data" / "bcg.csv", tmp_path)
    shutil.copy(ROOT / "data" / "dyestuff.csv", tmp_path)
    datasets = {
        "bcg": {"data": "bcg.csv", "analysis": "meta", "measure": "RR", "effect": "yi", "variance": "vi"},
        "dyes": {"data": "dyestuff.csv", "analysis": "hierarchical", "formula": "Yield ~ 1 + (1 | Batch)"},
    }
    (tmp_path / "config").mkdir()
    for path in (tmp_path / "config.yaml", tmp_path / "config" / "config.yaml"):
        path.write_text(yaml.safe_dump({"datasets": datasets} | SETTINGS))
    return tmp_path


def test_the_wheel_checks_and_runs_from_any_folder(python, project):
    """Do the schema, the templates, the Stan programs and the published priors travel in the wheel?

    As files of a wheel, which the checkout beside can't lend: the environment knows no checkout.
    """
    found = run(project, python, "-c", "import hiermeta; print(hiermeta.__file__)").stdout
    assert str(ROOT) not in found
    for name in ("bcg.csv", "config.yaml"):
        done = run(project, python, "-m", "hiermeta", "check", name)
        assert done.returncode == 0, done.stdout
    snakefile = run(project, python, "-c", "from hiermeta.io.provenance import SNAKEFILE as s; print(s)").stdout.strip()
    done = run(project, python, "-m", "snakemake", "-s", snakefile, "--configfile", "config.yaml", "--cores", "2")
    assert done.returncode == 0, done.stdout
    assert {path.parent.name for path in project.glob("results/*/report.html")} == {"bcg", "dyes"}
    assert str(ROOT) not in (project / "results" / "bcg" / "fit.json").read_text()


@pytest.fixture
def caches(repository, tmp_path):
    """Variables of the environment: Snakemake finds what it would clone from GitHub, and Stan is where it is always."""
    parts = ("snakemake", "snakemake", "source-cache", "snakemake-git-cache", "github.com", "somebody", "hiermeta")
    subprocess.run(["git", "clone", "-q", "--bare", repository, tmp_path.joinpath("cache", *parts)], check=True)
    (tmp_path / "cache" / "hiermeta").symlink_to(cache_folder())
    return {"XDG_CACHE_HOME": str(tmp_path / "cache"), "CMDSTAN": str(cmdstan_home())}


@pytest.mark.parametrize("alias", ["", " as hiermeta_*"])
def test_what_snakedeploy_writes_runs(python, project, caches, alias):
    """Does the workflow run as a module from a Git repository, once the package is installed, and then rest?

    Snakemake has only the rules of the repository then; scripts, Stan programs and templates come from the package.
    """
    (project / "workflow").mkdir()
    (project / "workflow" / "Snakefile").write_text(SNAKEDEPLOY.format(alias=alias))
    command = (python, "-m", "snakemake", "--cores", "2")
    done = run(project, *command, **caches)
    assert done.returncode == 0, done.stdout
    assert (project / "results" / "complete.txt").exists()
    assert {path.parent.name for path in project.glob("results/*/report.html")} == {"bcg", "dyes"}
    again = run(project, *command, **caches)
    assert "Nothing to be done" in again.stdout, again.stdout


@pytest.mark.parametrize("name", ["config.yaml", "gallery.yaml"])
def test_the_shipped_configs_find_their_data_in_what_snakedeploy_copies(name, tmp_path, monkeypatch, capsys):
    """Do the shipped analyses run where only the folder config/ was copied to?"""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    assert main(["check", f"config/{name}"]) == 0, capsys.readouterr()
