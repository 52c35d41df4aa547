"""Which hiermeta this is: its files, the code that a stage runs, its version, and its commit where one is known."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def modules_of(script: Path) -> list[Path]:
    """Files of this package that a script imports, directly or through others, in order of their names.

    Parameters
    ----------
    script : pathlib.Path
    """
    found: set[Path] = set()
    waiting = [script]
    while waiting:
        for path in _imported(waiting.pop()):
            if path not in found:
                found.add(path)
                waiting.append(path)
    return sorted(found)


def _imported(path: Path) -> Iterable[Path]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == PACKAGE.name:
                base = PACKAGE.joinpath(*parts[1:])
                yield from (file for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file())


def digest(files: Iterable[Path]) -> str:
    """Digest of the contents of files, independent of where they are.

    Parameters
    ----------
    files : iterable of pathlib.Path
    """
    total = hashlib.sha256()
    for path in files:
        total.update(f"{path.name}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]


INSTALLED = PACKAGE / "shipped"
"""Where a wheel has them, laid out as in a checkout; see ``setup.py``."""

ROOT = INSTALLED if INSTALLED.is_dir() else PACKAGE.parents[1]
"""The folder that holds ``stan``, ``reports`` and ``workflow``."""

STAN = ROOT / "stan"
TEMPLATES = ROOT / "reports"
SCHEMAS = ROOT / "workflow" / "schemas"
SCRIPTS = ROOT / "workflow" / "scripts"
SNAKEFILE = ROOT / "workflow" / "Snakefile"


CODE = ("workflow", "stan", "reports")
"""Folders of a checkout whose changes may change results; a config edited there is none of hiermeta's code."""


def own_version(root: Path = ROOT) -> str:
    """Version of a checkout, or else of the installed package; empty where there is neither.

    Parameters
    ----------
    root : pathlib.Path
        The folder that holds ``stan``, ``reports`` and ``workflow``.
    """
    project = root / "pyproject.toml"
    if project.is_file():  # a checkout uses its own library, whatever is installed
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
    try:
        return distribution("hiermeta").version
    except PackageNotFoundError:
        return ""


def own_commit(root: Path = ROOT) -> str:
    """Commit of a Git checkout, or of the one that the package was installed from; empty where it isn't known.

    Parameters
    ----------
    root : pathlib.Path

    Returns
    -------
    str
        40 hexadecimal digits, with ``+changes`` where code of the checkout isn't as committed.
    """
    if (root / ".git").exists():
        commit = _git(root, "rev-parse", "HEAD")
        changed = commit and _git(root, "status", "--porcelain", "--untracked-files=no", "--", *CODE)
        return f"{commit}+changes" if changed else commit
    if (root / "pyproject.toml").is_file():
        return ""
    try:
        origin = json.loads(distribution("hiermeta").read_text("direct_url.json") or "{}")
    except PackageNotFoundError:
        return ""
    return str(origin.get("vcs_info", {}).get("commit_id", ""))


def _git(root: Path, *arguments: str) -> str:
    """What a Git command prints; nothing where it fails or there is no Git."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}  # hooks point elsewhere
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, env=own, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
