"""Which hiermeta this is: its version, and its commit where one is known."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from hiermeta.data.shipped import ROOT

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
