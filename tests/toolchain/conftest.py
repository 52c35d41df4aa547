"""Programs built once per session, and how to run them."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from hiermeta.sampling import programs, toolchain

HERE = Path(__file__).parent
SCHOOLS = '{"J":8,"y":[28,8,-3,7,-1,1,18,12],"sigma":[15,10,16,11,9,11,10,18]}'


class Ended(NamedTuple):
    """How a program ended and what it said."""

    code: int
    out: str
    err: str


class Table(NamedTuple):
    """A CSV file: its comments, names and rows, all as text."""

    comments: list[str]
    names: list[str]
    rows: list[list[str]]

    def column(self, name: str) -> list[float]:
        """Return a column as numbers."""
        place = self.names.index(name)
        return [float(row[place]) for row in self.rows]


Run = Callable[..., Ended]


def read_csv(path: Path) -> Table:
    """Read a CSV file as the runner writes it."""
    lines = path.read_text().splitlines()
    table = [line.split(",") for line in lines if not line.startswith("#")]
    return Table([line for line in lines if line.startswith("#")], table[0], table[1:])


@pytest.fixture(scope="session")
def home() -> Path:
    """Return the folder under test: the one built from PyPI, whatever else is installed."""
    with pytest.MonkeyPatch.context() as patch:
        folder = toolchain.home_from_pypi()
        patch.setenv("CMDSTAN", str(folder))
        yield folder


def program(home: Path, name: str, **options: object) -> str:
    """Compile one of the programs beside this file."""
    return str(programs.compiled(HERE / "programs" / f"{name}.stan", **options).exe_file)


@pytest.fixture(scope="session")
def schools(home: Path) -> str:
    """Return the program of the reference outputs."""
    return program(home, "eight_schools")


@pytest.fixture(scope="session")
def shapes(home: Path) -> str:
    """Return a program with one parameter of each shape, each with a known distribution."""
    return program(home, "shapes")


@pytest.fixture(scope="session")
def no_parameters(home: Path) -> str:
    """Return a program without parameters that calls an external C++ function."""
    return program(home, "no_parameters", user_header=HERE / "programs" / "no_parameters.hpp")


@pytest.fixture(scope="session")
def threaded(home: Path) -> str:
    """Return the program of the reference outputs, compiled with threads."""
    return program(home, "eight_schools", cpp_options={"STAN_THREADS": True})


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a program in a folder of its own that holds the data of the eight schools."""
    (tmp_path / "data.json").write_text(SCHOOLS)

    def run(program: str, arguments: str) -> Ended:
        ended = subprocess.run([program, *arguments.split()], cwd=tmp_path, capture_output=True, text=True, timeout=120)
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return run
