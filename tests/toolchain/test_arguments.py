"""The command line: what is accepted, what is refused, and how that is said."""

from pathlib import Path

import pytest

from .conftest import Run

FAILED = "Failed to parse command arguments, cannot run model.\n"
SEED = "non-negative integer < 4294967296  or -1 to generate seed from system time"
REFUSED = {
    "sample num_samples=-3": '-3 is not a valid value for "num_samples"\n  Valid values: 0 < num_samples\n',
    "sample num_samples=": ' is not a valid value for "num_samples"\n  Valid values: 0 < num_samples\n',
    "sample thin=0": '0 is not a valid value for "thin"\n  Valid values: 0 < thin\n',
    "sample adapt delta=1": '1 is not a valid value for "delta"\n  Valid values: 0.100000 <= delta <= 1.000000\n',
    "sample save_warmup=2": '2 is not a valid value for "save_warmup"\n  Valid values: [0, 1, false, true]\n',
    "sample algorithm=foo": 'foo is not a valid value for "algorithm"\n  Valid values: hmc, fixed_param\n',
    "sample num_threads=2": '2 is not a valid value for "num_threads"\n  Valid values: num_threads == 1\n',
    "sample random seed=5000000000": f'5000000000 is not a valid value for "seed"\n  Valid values: {SEED}\n',
    "sample frobnicate=1": "frobnicate=1 is either mistyped or misplaced.\n",
    "foo": "foo is either mistyped or misplaced.\nA method must be specified!\n",
    "id=3": "A method must be specified!\n",
    "sample optimize": "optimize is either mistyped or misplaced.\n"
    "Perhaps you meant one of the following valid configurations?\n  method=optimize\n",
    "sample stepsize=3": "stepsize=3 is either mistyped or misplaced.\n"
    "Perhaps you meant one of the following valid configurations?\n  method=sample algorithm=hmc stepsize=<double>\n",
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_refused(arguments: str, schools: str, run: Run) -> None:
    """Is each wrong command line refused with CmdStan's message and status, and nothing on stdout?

    Seen to fail with delta = 1 let pass.
    """
    assert run(schools, arguments) == (1, "", REFUSED[arguments] + FAILED)


def test_usage_without_arguments(schools: str, run: Run) -> None:
    """Does a bare call explain itself, and fail? Seen to fail with status 0 for a bare call."""
    ended = run(schools, "")
    assert ended.code == 1
    assert ended.out.startswith(f"Usage: {schools} <arg1> <subarg1_1>")


def test_help_about_one_argument(schools: str, run: Run) -> None:
    """Does help after an argument tell about that argument, whatever came before it?

    Seen to fail with help that leaves the argument out.
    """
    ended = run(schools, "sample num_samples=10 adapt help")
    assert ended.code == 0
    assert ended.out.startswith("adapt\n  Warmup Adaptation\n  Valid subarguments: engaged, gamma, delta,")


def test_last_value_counts_and_numbers_are_read_as_streams_do(schools: str, run: Run) -> None:
    """Are repeated arguments and trailing characters treated as CmdStan treats them?

    Seen to fail with trailing characters refused.
    """
    told = run(schools, "sample num_samples=5 num_samples=6.9 num_warmup data file=data.json output refresh=0").out
    assert "    num_samples = 6\n    num_warmup = 1000 (Default)\n" in told


MISSING = {
    "generate_quantities": "Missing fitted_params argument, cannot run generate_quantities without fitted sample.\n",
    "generate_quantities fitted_params=data.json": "Fitted params file must be a CSV file.\n",
    "generate_quantities fitted_params=none.csv": 'Cannot open specified file, "none.csv"\n\n',
    "laplace": "Missing mode argument, cannot get laplace sample without parameter estimates theta-hat\n",
    "log_prob": "No input parameter files provided, cannot calculate log probability density.\n",
    "sample num_warmup=0": "The number of warmup samples (num_warmup) must be greater than zero if adaptation is "
    "enabled.\n",
    "sample num_chains=2 algorithm=hmc engine=static": "Argument 'num_chains' is unavailable for the 'static' HMC "
    "engine.\n",
    "sample init=none.json": 'Can\'t open specified file, "none.json"\n\n',
}


@pytest.mark.parametrize("arguments", MISSING)
def test_what_a_method_misses(arguments: str, schools: str, run: Run) -> None:
    """Does each method say what it misses, and fail? Seen to fail with any file taken for fitted parameters."""
    ended = run(schools, f"{arguments} data file=data.json")
    assert (ended.code, ended.err) == (1, MISSING[arguments])


def test_files_that_cannot_be_read(schools: str, run: Run, tmp_path: Path) -> None:
    """Are a missing data file, a broken one and one without a variable told apart?

    Seen to fail with missing input files read as empty ones.
    """
    absent = run(schools, "sample data file=absent.json")
    assert (absent.code, absent.err) == (1, 'Can\'t open specified file, "absent.json"\n\n')
    (tmp_path / "broken.json").write_text('{"J": 8, "y": [')
    broken = run(schools, "sample data file=broken.json")
    assert broken.code == 1 and broken.err.startswith('Error reading file "broken.json": ')
    (tmp_path / "partial.json").write_text('{"J": 8}')
    partial = run(schools, "sample data file=partial.json")
    assert partial.code == 1 and "processing stage=data initialization; variable name=y" in partial.err


def test_output_folder_missing(schools: str, run: Run) -> None:
    """Does an output file that cannot be opened name itself and the remedy?

    Seen to fail with output files that can't be opened left out.
    """
    ended = run(schools, "sample data file=data.json output file=nowhere/x.csv")
    assert ended.code == 1
    assert ended.err.startswith('Cannot open output file "nowhere/x.csv": No such file or directory. Name a file')


def test_fitted_parameters_of_another_model(schools: str, run: Run, tmp_path: Path) -> None:
    """Is a CSV that lacks a parameter, or is cut short, refused by name and line?

    Seen to fail with short lines let pass.
    """
    (tmp_path / "other.csv").write_text("lp__,mu\n-1,2\n")
    other = run(schools, "generate_quantities fitted_params=other.csv data file=data.json")
    assert other.code == 1 and '"other.csv" has no column "tau"' in other.err
    (tmp_path / "cut.csv").write_text("lp__,mu\n-1,2\n-1\n")
    cut = run(schools, "generate_quantities fitted_params=cut.csv data file=data.json")
    assert cut.code == 1 and 'Line 3 of "cut.csv" has 1 values for 2 columns' in cut.err
