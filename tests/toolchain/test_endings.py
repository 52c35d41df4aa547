"""Runs that end early leave a message, a status, and no file that passes for complete."""

import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest

from .conftest import Run, read_csv

LONG = "sample num_samples=10000000 data file=data.json output file=s.csv refresh=0"


@pytest.mark.parametrize(("number", "said"), [(signal.SIGINT, "Interrupted"), (signal.SIGTERM, "Terminated")])
def test_signals(number: signal.Signals, said: str, schools: str, run: Run, tmp_path: Path) -> None:
    """Does a signal end the run at once, and mark its file? Seen to fail with files left unmarked on a signal."""
    running = subprocess.Popen(
        [schools, *LONG.split()], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    output = tmp_path / "s.csv"
    while not output.exists() or output.stat().st_size < 100_000:
        time.sleep(0.01)
    running.send_signal(number)
    _, err = running.communicate(timeout=10)
    assert running.returncode == 128 + number
    assert err.decode().startswith(said) and b"incomplete" in err
    assert output.read_text().splitlines()[-1].startswith("incomplete")
    with pytest.raises(ValueError, match="could not convert"):
        read_csv(output).column("lp__")


def run_limited(program: str, arguments: str, folder: Path, largest_file: int) -> subprocess.CompletedProcess[str]:
    """Run where no file may grow beyond a size, which ends writes as a full disk does."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    words = [program, *arguments.split()]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, preexec_fn=limit)


def test_full_disk(schools: str, run: Run, tmp_path: Path) -> None:
    """Does a write that fails end the run and mark the file, in the space it has?

    Seen to fail with failures of the services taken for success.
    """
    ended = run_limited(schools, LONG, tmp_path, 100_000)
    assert ended.returncode == 1
    assert 'Cannot write output file "s.csv": File too large. The output is incomplete' in ended.stderr
    assert (tmp_path / "s.csv").stat().st_size <= 100_000
    assert (tmp_path / "s.csv").read_text().splitlines()[-1].startswith("incomplete")


def test_full_disk_for_json(schools: str, run: Run, tmp_path: Path) -> None:
    """Is a configuration that cannot be written completely an error too, though all draws are written?

    Seen to fail with JSON that couldn't be written taken for complete.
    """
    (tmp_path / "s_config.json").symlink_to("/dev/full")
    ended = run(schools, f"{LONG} save_cmdstan_config=1".replace("10000000", "10"))
    assert ended.code == 1 and 'Cannot write output file "s_config.json"' in ended.err
    assert len(read_csv(tmp_path / "s.csv").rows) == 10


def test_failed_initialization(schools: str, run: Run, tmp_path: Path) -> None:
    """Does a density that is never finite end the run with CmdStan's message and status?

    Seen to fail with failures of the services taken for success.
    """
    (tmp_path / "data.json").write_text('{"J":1,"y":[1],"sigma":[0]}')
    ended = run(schools, "sample data file=data.json")
    assert ended.code == 1 and "Initialization failed." in ended.out + ended.err
