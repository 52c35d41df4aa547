"""Nothing is written outside of the results folder: links in it that lead elsewhere."""

from __future__ import annotations

import os
from pathlib import Path


def escaping_links(folder: str | Path) -> list[str]:
    """Symbolic links below a folder whose target is not below it, sorted; the folder itself may be a link.

    Parameters
    ----------
    folder : str or pathlib.Path
        Need not exist.
    """
    inside = os.path.realpath(folder) + os.sep
    found = []
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = os.path.join(parent, name)
            if os.path.islink(path) and not os.path.realpath(path).startswith(inside):
                found.append(path)
    return sorted(found)
