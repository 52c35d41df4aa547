"""The results folder: nothing is written outside of it, and no file of the user's inside of it is replaced."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Collection
from pathlib import Path

RESERVED_NAMES = (
    *("programs", "batches", "complete.txt", "overview.html", "overview.tsv", "overview.json", "overview.log"),
    "verdict.log",
)
"""What stands in the results folder beside the data sets."""


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


WITHDRAWN = {
    "prepare": "validation.json",
    "fit": "fit.json",
    "analyse": "diagnostics.json",
    "figures": "figures",
    "report": "report.json",
    "overview": "../overview.json",
}
"""What a crashed stage's results lose, below the folder of the data set, so that they are made again."""


def withdraw(folder: Path, name: str, stage: str) -> None:
    """Take from a crashed stage's results what the next run misses; the page that tells of the crash stays.

    Parameters
    ----------
    folder : pathlib.Path
        The results folder.
    name : str
        Of the data set.
    stage : str
        One of prepare, fit, analyse, figures, report and overview.
    """
    path = folder / name / WITHDRAWN[stage]
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def leftovers(folder: str | Path, datasets: Collection[str]) -> list[str]:
    """Names of folders that hold the results of a data set that is not among `datasets`, sorted.

    Parameters
    ----------
    folder : str or pathlib.Path
        The results folder.
    datasets : collection of str
        Names of all data sets.
    """
    with_results = (path.parent for path in Path(folder).glob("*/validation.json"))
    return sorted(one.name for one in with_results if one.name not in datasets and (one / "model.json").is_file())


def would_be_replaced(key: str, path: str | Path, results: str, datasets: Collection[str]) -> list[str]:
    """What to say of an input file that lies where results are written; nothing where it is safe.

    A file beside the folders of the data sets, such as ``results/own.csv``, is safe: no stage writes there.

    Parameters
    ----------
    key : str
        Where the config names the file.
    path : str or pathlib.Path
        The file, which need not exist.
    results : str
        The results folder.
    datasets : collection of str
        Names of all data sets; each has a folder of its name.

    Returns
    -------
    list of str
        One message at most.
    """
    for name in _below(path, results):
        if name in datasets or name in RESERVED_NAMES:
            return [
                f"{key}: {path} would be replaced, because results are written to {os.path.join(results, name)}; "
                f"move the file out of {results}, for example to data/{os.path.basename(path)}, or choose another "
                "folder for results with the key 'results'"
            ]
    return []


def obstacles(results: str, datasets: Collection[str]) -> list[str]:
    """What stands where a folder for results must be, in the words of a refusal; nothing where all is well.

    Parameters
    ----------
    results : str
        The results folder.
    datasets : collection of str
        Names of all data sets.
    """
    own = Path(results)
    files = [own / name for name in RESERVED_NAMES if "." in name]
    within = [own / name for name in (*RESERVED_NAMES, *datasets) if own / name not in files]
    for path in [*reversed(own.parents), own, *within, *(folder / "logs" for folder in within), *files]:
        found = _obstacle(path, path in files)
        if found:
            remedy = "move or rename it, or choose another folder with the key 'results'"
            return [f"results: can't write to {results!r}: {str(path)!r} {found}; {remedy}"]
    return []


def _obstacle(path: Path, is_file: bool) -> str:
    try:
        is_folder = stat.S_ISDIR(os.stat(path).st_mode)
    except FileNotFoundError:
        return "is a link that leads nowhere" if path.is_symlink() else ""
    except OSError as error:
        return f"can't be used ({(error.strerror or str(error)).lower()})"
    if is_folder == is_file:
        return "is a folder and must be a file" if is_folder else "is a file and must be a folder"
    return ""


def _below(path: str | Path, folder: str) -> list[str]:
    """First names of a file's path below a folder, in lower case: of where it is, and of where a link to it is."""
    parent, name = os.path.split(os.path.abspath(path))
    found = []
    try:
        top = os.path.realpath(folder)
        for place in (os.path.realpath(path), os.path.join(os.path.realpath(parent), name)):
            parts = Path(place)
            names = [parts.name, *(one.name for one in parts.parents)]
            found += [one.lower() for one, above in zip(names, parts.parents, strict=False) if _same(above, top)]
    except ValueError:  # a path that no file can have, which is refused when the file is read
        return []
    return found


def _same(one: str | Path, other: str) -> bool:
    """Whether two paths are the same folder, also where a file system ignores upper and lower case."""
    try:
        return str(one) == other or os.path.samefile(one, other)
    except OSError:
        return False
