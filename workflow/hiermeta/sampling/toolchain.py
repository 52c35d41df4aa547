"""The CmdStan folder that CmdStanPy works with: one that is installed, or one built from PyPI.

No package on PyPI carries CmdStan. The httpstan wheel carries what CmdStan is made of (Stan's headers, its
translator, SUNDIALS and TBB); `stan/toolchain` adds the command-line program and the makefile.
"""

import contextlib
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from hiermeta.io.provenance import STAN

SOURCES = STAN / "toolchain"
PROVENANCE, CONTENTS = "PROVENANCE", "CONTENTS"


class ToolchainError(OSError):
    """No working CmdStan; the message is one paragraph that names the remedy."""


def cmdstan_home() -> Path:
    """
    Find the CmdStan folder to use, building one where none is installed.

    Returns
    -------
    Path
        The first that exists of ``$CMDSTAN``, conda's, and the newest in ``~/.cmdstan``; otherwise the folder
        built from PyPI in the user's cache.

    Raises
    ------
    ToolchainError
        Where none is installed and none can be built.
    """
    for home, _ in _installed():
        if (home / "makefile").is_file() and (home / "bin" / "stanc").is_file():
            return home
    return home_from_pypi()


def cmdstan_version(home: Path) -> str:
    """
    Read a CmdStan folder's version.

    Parameters
    ----------
    home : Path
        A CmdStan folder.

    Returns
    -------
    str
        For example ``"2.35.0"``.
    """
    makefile = home / "makefile"
    found = re.search(r"^CMDSTAN_VERSION := (\S+)", makefile.read_text(), re.MULTILINE)
    if not found:
        raise ToolchainError(f"{makefile} names no CMDSTAN_VERSION: set CMDSTAN to a complete CmdStan folder.")
    return found[1]


def describe(home: Path) -> str:
    """
    Say in one line which CmdStan a folder is, without its path.

    Parameters
    ----------
    home : Path
        A CmdStan folder, as from `cmdstan_home`.

    Returns
    -------
    str
        For example ``"CmdStan 2.35.0 from $CMDSTAN"``.
    """
    if (home / PROVENANCE).is_file():
        return (home / PROVENANCE).read_text().strip()
    origin = next((name for place, name in _installed() if place == home), "its folder")
    return f"CmdStan {cmdstan_version(home)} from {origin}"


def cache_folder() -> Path:
    """
    Return the folder for everything this workflow builds once per user.

    Returns
    -------
    Path
        ``$XDG_CACHE_HOME/hiermeta`` or ``~/.cache/hiermeta``.
    """
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").expanduser().absolute() / "hiermeta"


def compiler_version() -> str:
    """
    Return the version line of the C++ compiler in use, ``$CXX`` or g++.

    Returns
    -------
    str
        The compiler's name and the first line it prints about itself.

    Raises
    ------
    ToolchainError
        Where there is no such compiler.
    """
    compiler = os.environ.get("CXX") or "g++"
    try:
        shown = subprocess.run([*compiler.split(), "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise ToolchainError(
            f"Compiling Stan programs needs a C++ compiler, and {compiler} does not run. Install one "
            "(apt-get install g++ make, or conda install -c conda-forge cmdstan) and start again."
        ) from error
    return f"{compiler}: {shown.splitlines()[0]}"


def build_once(target: Path, build: Callable[[Path], None], valid: Callable[[Path], bool] = Path.is_dir) -> Path:
    """
    Build a folder exactly once, however many processes ask for it.

    Parameters
    ----------
    target : Path
        The folder wanted. It appears by renaming, hence complete or not at all.
    build : callable
        Fills the empty folder it is given.
    valid : callable, optional
        Says whether an existing folder is good; a bad one is built anew.

    Returns
    -------
    Path
        `target`.
    """
    if valid(target):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with _locked(target.with_name(f"{target.name}.lock")):
        if valid(target):  # another process was faster
            return target
        for left_over in (target, *target.parent.glob(f"{target.name}.tmp-*")):
            shutil.rmtree(left_over, ignore_errors=True)
        building = Path(tempfile.mkdtemp(prefix=f"{target.name}.tmp-", dir=target.parent))
        try:
            build(building)
            building.rename(target)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return target


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released by the system when the process ends, however it ends
        yield


def _installed() -> Iterator[tuple[Path, str]]:
    if os.environ.get("CMDSTAN"):
        yield Path(os.environ["CMDSTAN"]).expanduser().absolute(), "$CMDSTAN"
    if os.environ.get("CONDA_PREFIX"):
        yield Path(os.environ["CONDA_PREFIX"]) / "bin" / "cmdstan", "the conda environment"
    folders = [p for p in Path.home().glob(".cmdstan/cmdstan-*") if re.fullmatch(r"cmdstan-\d+\.\d+\.\d+", p.name)]
    for folder in sorted(folders, key=lambda p: [int(n) for n in p.name[8:].split(".")], reverse=True):
        yield folder, "~/.cmdstan"


def home_from_pypi() -> Path:
    """
    Return the folder built from PyPI in the user's cache, building it on the first call.

    Returns
    -------
    Path
        A folder that CmdStanPy accepts as CmdStan 2.35.

    Raises
    ------
    ToolchainError
        Where it cannot be built; the message names what is missing and the remedy.
    """
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        raise ToolchainError(
            "No CmdStan was found, and one can be built from PyPI on x86-64 Linux only "
            f"(this is {platform.system()} on {platform.machine()}). Install CmdStan with "
            "conda install -c conda-forge cmdstan, or set CMDSTAN to an existing folder."
        )
    version = compiler_version()
    if shutil.which(_make()) is None:
        raise ToolchainError(
            f"Building CmdStan needs {_make()}. Install it (apt-get install g++ make) and start again."
        )
    contents = hashlib.sha256(version.encode())
    files = sorted(p for p in SOURCES.rglob("*") if p.is_file() and p.suffix != ".md")
    if not files:
        raise ToolchainError(
            f"No CmdStan was found, and {SOURCES}, from which one would be built, is missing. Use a complete copy "
            "of the workflow, or conda install -c conda-forge cmdstan."
        )
    for file in files:
        contents.update(f"{file.relative_to(SOURCES)}\0".encode() + file.read_bytes())
    return build_once(cache_folder() / f"cmdstan-2.35.0-{contents.hexdigest()[:16]}", _build_from_pypi, _complete)


def _build_from_pypi(folder: Path) -> None:
    shutil.copytree(SOURCES, folder, dirs_exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as download:
        wheel = _download_wheel(Path(download))
        _unpack(wheel, folder)
        httpstan = wheel.name.split("-")[1]
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    (folder / CONTENTS).write_text("".join(f"{path.stat().st_size} {path.relative_to(folder)}\n" for path in files))
    made = subprocess.run([_make(), "build"], cwd=folder, capture_output=True, text=True)
    if made.returncode:
        raise ToolchainError(
            f"Building CmdStan with {compiler_version()} failed; g++ 11 and 12 and clang 14 work. Install one of "
            f"them, or conda install -c conda-forge cmdstan, and start again. The compiler said:\n{made.stderr[:2000]}"
        )
    provenance = f"CmdStan {cmdstan_version(folder)}-compatible folder built from PyPI (httpstan {httpstan})\n"
    (folder / PROVENANCE).write_text(provenance)


def _complete(folder: Path) -> bool:
    """Whether every file from which a folder was built is there in its size; caches are cleaned and disks run full."""
    try:
        listed = [line.split(" ", 1) for line in (folder / CONTENTS).read_text().splitlines()]
        return bool(listed) and all((folder / name).stat().st_size == int(size) for size, name in listed)
    except (OSError, ValueError):
        return False


def _make() -> str:
    return os.environ.get("MAKE") or "make"


def _download_wheel(folder: Path) -> Path:
    # The platform is spelt out because the wheel is only an archive here: any Python may unpack it.
    options = "--no-deps --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    command += [*options.split(), "--platform", "manylinux2014_x86_64", "--dest", str(folder)]
    fetched = subprocess.run([*command, "-r", str(SOURCES / "requirements.txt")], capture_output=True, text=True)
    wheels = list(folder.glob("*.whl"))
    if fetched.returncode or not wheels:
        raise ToolchainError(
            "No CmdStan was found, and the httpstan wheel to build one from could not be downloaded. Connect to "
            "the network (or point pip to a local index), or install CmdStan with conda install -c conda-forge "
            f"cmdstan and start again. pip said:\n{fetched.stderr.strip()}"
        )
    return wheels[0]


def _unpack(wheel: Path, folder: Path) -> None:
    wanted = re.compile(r"httpstan/(include/(?!pybind11).*|lib/(?!libtbb\.so$).*|stanc)")
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if (found := wanted.fullmatch(name)) and not name.endswith("/"):
                target = folder / ("bin/stanc" if found[1] == "stanc" else found[1])
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(name))
    for program in (folder / "bin").iterdir():
        program.chmod(0o755)
