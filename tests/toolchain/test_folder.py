"""Finding a CmdStan folder, building one, and saying what is missing."""

import multiprocessing
import platform
import time
import zipfile
from pathlib import Path

import pytest

from hiermeta.sampling import toolchain


def pretend(folder: Path, version: str = "2.36.0") -> Path:
    """Write what makes a folder look like CmdStan."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "stanc").touch()
    (folder / "makefile").write_text(f"# makefile\nCMDSTAN_VERSION := {version}\n")
    return folder


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start where no CmdStan is installed and nothing is cached."""
    for name in ("CMDSTAN", "CONDA_PREFIX", "CXX", "MAKE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Is $CMDSTAN preferred to conda's, and that to the newest in the home folder?

    Seen to fail with the oldest folder of ~/.cmdstan and with conda's folder before $CMDSTAN.
    """
    pretend(tmp_path / ".cmdstan" / "cmdstan-2.9.0", "2.9.0")
    newest = pretend(tmp_path / ".cmdstan" / "cmdstan-2.36.0")
    pretend(tmp_path / ".cmdstan" / "cmdstan-2.37.0-rc1")
    assert toolchain.cmdstan_home() == newest
    assert toolchain.describe(newest) == "CmdStan 2.36.0 from ~/.cmdstan"
    conda = pretend(tmp_path / "env" / "bin" / "cmdstan", "2.35.0")
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path / "env"))
    assert toolchain.cmdstan_home() == conda
    assert toolchain.describe(conda) == "CmdStan 2.35.0 from the conda environment"
    named = pretend(tmp_path / "own", "2.33.1")
    monkeypatch.setenv("CMDSTAN", str(named))
    assert toolchain.cmdstan_home() == named
    assert toolchain.describe(named) == "CmdStan 2.33.1 from $CMDSTAN"
    monkeypatch.setenv("CMDSTAN", str(tmp_path / "removed"))
    assert toolchain.cmdstan_home() == conda


def test_built_folder_describes_itself(home: Path) -> None:
    """Is the built folder told from an installed one, even when $CMDSTAN names it?

    Seen to fail with the built folder told as an installed one.
    """
    assert toolchain.describe(home) == "CmdStan 2.35.0-compatible folder built from PyPI (httpstan 4.13.0)"
    assert toolchain.cmdstan_version(home) == "2.35.0"


def test_other_platforms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is the way out named where the wheel does not run? Seen to fail without the look at the platform."""
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(toolchain.ToolchainError, match="conda install -c conda-forge cmdstan"):
        toolchain.cmdstan_home()


@pytest.mark.parametrize("variable", ["CXX", "MAKE"])
def test_missing_tools(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is a missing compiler or make named, with the command that installs it?

    Seen to fail without the look for make.
    """
    monkeypatch.setenv(variable, "no-such-tool")
    with pytest.raises(toolchain.ToolchainError, match=r"no-such-tool.*apt-get install g\+\+ make"):
        toolchain.cmdstan_home()


def test_no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Is a failed download one message with the remedy, and nothing left behind that looks built?

    Seen to fail without pip's failure in words.
    """
    (tmp_path / "empty").mkdir()
    for name, value in (("NO_INDEX", "1"), ("FIND_LINKS", str(tmp_path / "empty")), ("CONFIG_FILE", "/dev/null")):
        monkeypatch.setenv(f"PIP_{name}", value)
    with pytest.raises(toolchain.ToolchainError, match=r"could not be downloaded.*conda install"):
        toolchain.cmdstan_home()
    assert [path.suffix for path in (tmp_path / "cache" / "hiermeta").iterdir()] == [".lock"]


def slow_build(folder: Path) -> None:
    """Count the builds, slowly."""
    with (folder.parent / "builds").open("a") as log:
        log.write("built\n")
    time.sleep(0.3)
    (folder / "result").write_text("complete")


def test_built_once_by_many(tmp_path: Path) -> None:
    """Do processes that ask at once share one build? Seen to fail without the lock."""
    target = tmp_path / "target"
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert pool.starmap(toolchain.build_once, [(target, slow_build)] * 4) == [target] * 4
    assert (tmp_path / "builds").read_text() == "built\n"


def test_interrupted_build_is_not_accepted(tmp_path: Path) -> None:
    """Is a build that dies, however it dies, begun anew? Seen to fail with left-overs of killed builds kept."""
    target = tmp_path / "target"

    def dies(folder: Path) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        toolchain.build_once(target, dies)
    (tmp_path / "target.tmp-killed").mkdir()  # what a process killed outright leaves
    toolchain.build_once(target, slow_build)
    assert [path.name for path in target.iterdir()] == ["result"]
    assert not list(tmp_path.glob("*.tmp-*"))


def test_damaged_folder_is_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Does a cache that lost a header, or whose translator was cut short, heal, and a whole one stay as it is?

    With a small stand-in for the wheel and for make. Seen to fail when any folder of that name counts as built.
    """
    wheel = tmp_path / "httpstan-1.2.3-cp311.whl"

    def download(_: Path) -> Path:
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("httpstan/include/model.hpp", "// a header")
            archive.writestr("httpstan/stanc", "a translator")
        return wheel

    monkeypatch.setattr(toolchain, "_download_wheel", download)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("MAKE", "true")
    home = toolchain.home_from_pypi()
    built = (home / "PROVENANCE").stat().st_mtime_ns
    assert toolchain.home_from_pypi() == home and (home / "PROVENANCE").stat().st_mtime_ns == built
    (home / "include" / "model.hpp").unlink()
    assert (toolchain.home_from_pypi() / "include" / "model.hpp").read_text() == "// a header"
    (home / "bin" / "stanc").write_text("a trans")
    assert (toolchain.home_from_pypi() / "bin" / "stanc").read_text() == "a translator"
