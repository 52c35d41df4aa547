"""Which code a stage runs: a digest that changes when a file it imports, directly or not, changes."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
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
