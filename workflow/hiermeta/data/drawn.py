"""The list of the figures in a folder, which tells of a lost one: Snakemake knows the folder, not what is in it."""

from __future__ import annotations

from pathlib import Path

from hiermeta.data.files import read_json, write_json

LIST = "drawn.json"


def drawing(folder: Path) -> str:
    """What a drawing of all figures goes by; it changes when figures have to be drawn again, and only then.

    Parameters
    ----------
    folder : pathlib.Path

    Returns
    -------
    str
        As it is on the list, where there is a list and every file on it. Otherwise when the folder last lost a file:
        drawn again, the figures have this on their list. Empty without a folder, which Snakemake notices by itself.
    """
    try:
        known = read_json(folder / LIST)
        if all((folder / name).is_file() for name in known["files"]):
            return str(known["drawing"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return str(folder.stat().st_mtime_ns) if folder.is_dir() else ""


def write_list(folder: Path, drawing: str) -> None:
    """Write the list of the files that are in a folder now.

    Parameters
    ----------
    folder : pathlib.Path
    drawing : str
        As the function of that name returned it before the figures were drawn.
    """
    files = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    write_json(folder / LIST, {"drawing": drawing, "files": files})
