"""The makefile, with a compiler that only pretends, so that minutes become seconds."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from hiermeta.sampling import toolchain

COMPILER = """#!/bin/sh
# Says its version; otherwise waits a little and writes its arguments to the file after -o. Links no half of an object.
[ "$1" = --version ] && { echo pretender 1.0; exit; }
words="$*"
case " $words " in *" -c "*) ;; *) for word; do case $word in *.o) grep -qx half "$word" && exit 1;; esac; done;; esac
while [ "$1" != -o ]; do shift; done
printf half > "$2"; sleep 0.2
case $words in *" -c - "*) sleep 0.3;; esac  # the runner takes longer than a program
echo "$words" > "$2"
"""
TRANSLATOR = """#!/bin/sh
for word; do case $word in --o=*) echo translated "$*" > "${word#--o=}";; esac; done
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the makefile, a pretended compiler and translator, and two programs."""
    shutil.copytree(toolchain.SOURCES, tmp_path / "home")
    (tmp_path / "home" / "lib").mkdir()
    for path, text in ((tmp_path / "c++", COMPILER), (tmp_path / "home" / "bin" / "stanc", TRANSLATOR)):
        path.write_text(text)
        path.chmod(0o755)
    for name in ("one", "two"):
        (tmp_path / f"{name}.stan").write_text("")
    return tmp_path


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Start make as CmdStanPy does."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "MFLAGS"}
    environment = clean | {"CXX": str(folder / "c++")}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(["make", *arguments], cwd=folder / "home", env=environment, **pipes)


def make(folder: Path, *arguments: str) -> str:
    """Run make and return what it said, having succeeded."""
    making = start(folder, *arguments)
    said, _ = making.communicate()
    assert making.returncode == 0, said
    return said


def test_options_reach_translator_compiler_and_linker(folder: Path) -> None:
    """Do CmdStanPy's options arrive where they belong? Seen to fail without the flags of the C preprocessor."""
    (folder / "home" / "make").mkdir()
    (folder / "home" / "make" / "local").write_text("CXXFLAGS += -fancy\nO = 2\n")
    program = str(folder / "one")
    options = ["STANCFLAGS+=--allow-undefined", "STAN_THREADS=True", "USER_HEADER=/h.hpp", "LDLIBS=-lm"]
    said = make(folder, *options, "CPPFLAGS=-DX", program)
    assert "--allow-undefined" in (folder / "one.hpp").read_text()
    compiled = next(line for line in said.replace("\\\n", "").splitlines() if f"-c {program}.hpp" in line)
    for flag in ("-O2", "-DSTAN_THREADS", "-include /h.hpp", "-fancy", "-DX"):
        assert flag in compiled
    linked = (folder / "one").read_text()
    assert "-lm" in linked and f"-rpath -Xlinker {folder / 'home'}/lib" in linked and "-fancy" in linked


def test_flags_never_share_objects(folder: Path) -> None:
    """Does each set of flags link with a runner compiled with the same flags?

    Seen to fail with one folder of objects for all flags.
    """
    make(folder, str(folder / "one"))
    make(folder, "STAN_THREADS=TRUE", str(folder / "two"))
    objects = [{w for w in (folder / p).read_text().split() if w.startswith("build/")} for p in ("one", "two")]
    assert len(objects[0]) == len(objects[1]) == 2 and not objects[0] & objects[1]
    (folder / "three.stan").write_text("")
    said = make(folder, "STAN_THREADS=False", str(folder / "three"))
    assert "printf" not in said  # the runner of the first program serves


def test_parallel_builds_do_not_race(folder: Path) -> None:
    """Do programs built at once, the second while the first compiles the runner, link with complete objects?

    Seen to fail with objects compiled in place.
    """
    making = [start(folder, "-j2", str(folder / "one"))]
    while making[0].poll() is None and not list((folder / "home").glob("build/*/*")):
        time.sleep(0.005)
    making.append(start(folder, "-j2", str(folder / "two")))
    assert [process.communicate()[0] for process in making if process.wait() != 0] == []
    for built in (folder / "home" / "build").glob("*/*"):
        assert built.suffix == ".o" and built.read_text().startswith("-isystem")


def test_what_is_not_available_is_said(folder: Path) -> None:
    """Is OpenCL refused with the way out? Seen to fail without the refusal of OpenCL."""
    making = start(folder, "STAN_OPENCL=TRUE", str(folder / "one"))
    said, _ = making.communicate()
    assert making.returncode != 0 and "set CMDSTAN to a complete CmdStan" in said
