"""Version and commit of hiermeta, from a checkout or from what was installed."""

import json
import subprocess
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import pytest
from tests.conftest import ROOT

from hiermeta.io import provenance
from hiermeta.io.provenance import own_commit, own_version


def git(folder, *arguments):
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path):
    for name in ("workflow/hiermeta/code.py", "stan/meta.stan", "reports/page.js", "config/config.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("as committed\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "hiermeta"\nversion = "9.8.7"\n')
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "x")
    return tmp_path


@pytest.fixture
def installed(monkeypatch):
    """A function that puts an installed package in the place of this one; None for no package."""

    def install(direct_url, version="1.2.3"):
        def distribution(name):
            if version is None:
                raise PackageNotFoundError(name)
            return SimpleNamespace(version=version, read_text=lambda name: direct_url)

        monkeypatch.setattr(provenance, "distribution", distribution)

    return install


@pytest.mark.parametrize(
    "file, ending",
    [
        (None, ""),
        ("workflow/hiermeta/code.py", "+changes"),
        ("stan/meta.stan", "+changes"),
        ("reports/page.js", "+changes"),
        ("config/config.yaml", ""),
        ("workflow/not-in-git.txt", ""),
    ],
)
def test_a_checkout_names_its_commit_and_whether_its_code_was_changed(checkout, monkeypatch, file, ending):
    """Is it Git's own answer, with a mark where code differs, and none where the user's config does?

    Also where the run was started by a Git hook of another repository, whose variables point there.
    """
    if file:
        (checkout / file).write_text("edited\n")
    commit = git(checkout, "rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", str(ROOT / ".git"))
    assert own_commit(checkout) == commit + ending


def test_a_checkout_has_the_version_of_its_own_files(checkout, installed):
    """Is it that of pyproject.toml, and not that of another version that is installed?"""
    installed(None)
    assert own_version(checkout) == "9.8.7"


FROM_GIT = json.dumps({"url": "https://example.org/x", "vcs_info": {"vcs": "git", "commit_id": "ab" * 20}})


@pytest.mark.parametrize(
    "direct_url, version, expected",
    [
        (FROM_GIT, "1.2.3", ("1.2.3", "ab" * 20)),
        (json.dumps({"url": "file:///x", "dir_info": {}}), "1.2.3", ("1.2.3", "")),
        (None, "1.2.3", ("1.2.3", "")),
        (None, None, ("", "")),
    ],
    ids=["from git", "from a folder", "from an index", "not installed"],
)
def test_a_package_names_the_commit_that_it_was_installed_from(tmp_path, installed, direct_url, version, expected):
    """Are they what pip has on record, and empty where it has nothing?"""
    installed(direct_url, version)
    assert (own_version(tmp_path), own_commit(tmp_path)) == expected


def test_a_copy_without_git_or_a_broken_repository_has_no_commit(checkout, monkeypatch):
    """Does a checkout without history, or without the program git, go without a commit, and not fail?"""
    monkeypatch.setenv("PATH", "")
    assert own_commit(checkout) == ""
    monkeypatch.undo()
    (checkout / ".git" / "HEAD").unlink()
    assert own_commit(checkout) == ""
    (checkout / ".git").rename(checkout / "elsewhere")
    assert own_commit(checkout) == ""
