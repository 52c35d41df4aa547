"""Compiled Stan programs, built once per content and shared between projects."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hiermeta.sampling import toolchain

if TYPE_CHECKING:
    import cmdstanpy


def compiled(
    stan_file: str | Path,
    *,
    include_paths: Sequence[str | Path] = (),
    stanc_options: Mapping[str, Any] | None = None,
    cpp_options: Mapping[str, Any] | None = None,
    user_header: str | Path | None = None,
) -> "cmdstanpy.CmdStanModel":
    """
    Return a Stan program ready to run, compiling it only if its like was never compiled before.

    Parameters
    ----------
    stan_file : path
        The Stan program. Nothing is written beside it.
    include_paths : sequence of paths, optional
        Folders searched for ``#include``, besides the program's own.
    stanc_options, cpp_options : mapping, optional
        As CmdStanPy takes them.
    user_header : path, optional
        A C++ header with external functions.

    Returns
    -------
    cmdstanpy.CmdStanModel
        The program, its executable in the user's cache.

    Raises
    ------
    ToolchainError
        Where there is no CmdStan and none can be built, or the program does not compile.
    """
    import cmdstanpy  # a second of imports that only sampling needs

    home = toolchain.cmdstan_home()
    cmdstanpy.set_cmdstan_path(str(home))
    source = Path(stan_file).resolve()
    stanc, cpp = dict(stanc_options or {}), dict(cpp_options or {})
    header = str(Path(user_header).resolve()) if user_header else None
    files = [source, *([Path(header)] if header else [])]
    if "#include" in source.read_text():
        stanc["include-paths"] = [str(Path(p).resolve()) for p in (source.parent, *include_paths)]
        files += _included(home, source, stanc)
    key = _key(home, files, [stanc_options, cpp_options])

    def build(folder: Path) -> None:
        copy = folder / source.name
        shutil.copyfile(source, copy)
        try:
            executable = cmdstanpy.compile_stan_file(copy, stanc_options=stanc, cpp_options=cpp, user_header=header)
        except ValueError as error:
            raise toolchain.ToolchainError(f"The Stan program {source.name} does not compile.\n{error}") from error
        (folder / "sha256").write_text(_sha256(Path(executable)))

    def valid(folder: Path) -> bool:
        executable, checksum = folder / source.stem, folder / "sha256"
        return executable.is_file() and checksum.is_file() and checksum.read_text() == _sha256(executable)

    program = toolchain.build_once(toolchain.cache_folder() / "programs" / key, build, valid)
    return cmdstanpy.CmdStanModel(
        stan_file=source,
        exe_file=program / source.stem,
        stanc_options=stanc,
        cpp_options=cpp,
        user_header=header,
    )


def _included(home: Path, source: Path, stanc: Mapping[str, Any]) -> list[Path]:
    """Return the files a program includes, directly or not."""
    paths = f"--include-paths={','.join(stanc['include-paths'])}"
    command = [str(home / "bin" / "stanc"), "--info", "--allow-undefined", paths, str(source)]
    shown = subprocess.run(command, capture_output=True, text=True)
    if shown.returncode:
        raise toolchain.ToolchainError(f"The Stan program {source.name} does not compile.\n{shown.stderr}")
    return [Path(name) for name in json.loads(shown.stdout)["included_files"]]


def _key(home: Path, files: list[Path], options: list[Any]) -> str:
    """Hash what decides about the executable: contents, never times or places, except CmdStan's own."""
    local = home / "make" / "local"
    parts = [str(home), toolchain.cmdstan_version(home), toolchain.compiler_version()]
    parts += [local.read_text() if local.is_file() else "", json.dumps(options, sort_keys=True, default=str)]
    parts += [os.environ.get(name, "") for name in ("CXXFLAGS", "CPPFLAGS", "LDFLAGS", "LDLIBS", "STANCFLAGS")]
    digest = hashlib.sha256("\0".join(parts).encode())
    for file in files:
        digest.update(f"\0{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:32]


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
