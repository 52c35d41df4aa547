"""A user's file is never destroyed: files that lie where results are written are refused when the config is read."""

import shutil
from pathlib import Path

import pytest
import yaml
from tests.workflow.conftest import Project

from hiermeta.cli import main
from hiermeta.config.expand import complete
from hiermeta.config.load import ConfigError

CASE = Path(__file__).parent / "break" / "data_loss"
META = {"analysis": "meta", "measure": "SMD", "effect": "yi", "variance": "vi"}
TABLE = "yi,vi\n0.1,0.2\n0.3,0.1\n"
REPLACED = {
    "default-folder": ({"data": "results/review/data.csv"}, {}),
    "named-folder": ({"data": "studies/review/data.csv"}, {"results": "studies"}),
    "deep-folder": ({"data": "out/all/review/tables/mine.csv"}, {"results": "out/all"}),
    "of-another-data-set": ({"data": "results/other/data.csv"}, {}),
    "figures": ({"data": "results/review/figures/forest.csv"}, {}),
    "upper-case": ({"data": "results/Review/data.csv"}, {}),
    "dots": ({"data": "data/../results/./review/data.csv"}, {}),
    "programs": ({"data": "results/programs/meta.csv"}, {}),
    "batches": ({"data": "results/batches/1.csv"}, {"batch_size": 5}),
    "overview": ({"data": "results/overview.tsv"}, {}),
    "covariance": ({"data": "own.csv", "covariance": "results/review/S.csv"}, {}),
    "pattern": ({"data": "results/other/*.csv"}, {}),
    "datasets-table": ({"data": "own.csv"}, {"datasets_table": "results/other/datasets.csv"}),
}
SAFE = {
    "beside": ({"data": "results/own.csv"}, {}),
    "folder-of-no-data-set": ({"data": "results/tables/own.csv"}, {}),
    "similar-folder": ({"data": "results-of-others/review/data.csv"}, {}),
    "below-another-folder": ({"data": "data/results/review/data.csv"}, {}),
}


def config_of(own, top):
    return {"datasets": {"review": META | own, "other": META | {"data": "own.csv"}}} | top


def written(folder, path):
    folder.joinpath(path).parent.mkdir(parents=True, exist_ok=True)
    is_list = path.endswith("datasets.csv")
    folder.joinpath(path).write_text("name,data,analysis,measure\nfrom-list,own.csv,meta,SMD\n" if is_list else TABLE)


def named_files(own, top):
    given = [value for key, value in (own | top).items() if key in ("data", "covariance", "datasets_table")]
    return [path.replace("*", "mine") for path in given]


@pytest.mark.parametrize("name", REPLACED)
def test_a_file_where_results_are_written_is_refused(name, tmp_path, monkeypatch):
    """Is the file refused with its key, its path and a remedy, whichever key names it and however its path is written?

    Seen to fail without the check.
    """
    own, top = REPLACED[name]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    for path in named_files(own, top):
        written(tmp_path, path)
    with pytest.raises(ConfigError, match="would be replaced, because results are written to") as refused:
        complete(config_of(own, top))
    message = str(refused.value)
    assert "move the file out of" in message
    assert "choose another folder for results with the key 'results'" in message
    key = "datasets_table" if "datasets_table" in top else f"datasets.review.{[*own][-1]}"
    assert key in message


@pytest.mark.parametrize("name", SAFE)
def test_a_file_elsewhere_is_not(name, tmp_path, monkeypatch):
    """Is a file that no stage replaces read, in that folder too?"""
    own, top = SAFE[name]
    monkeypatch.chdir(tmp_path)
    written(tmp_path, own["data"])
    assert set(complete(config_of(own, top))["datasets"]) == {"review", "other"}


def test_links_are_followed(tmp_path, monkeypatch):
    """Are a link to a file among the results, a linked results folder and a link among the results refused?

    Seen to fail without links being resolved.
    """
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "elsewhere/review/data.csv")
    Path("results").symlink_to("elsewhere")
    Path("link.csv").symlink_to("elsewhere/review/data.csv")
    Path("elsewhere/other").mkdir()
    Path("elsewhere/own.csv").write_text(TABLE)
    Path("elsewhere/other/link.csv").symlink_to("../own.csv")
    for path in ("elsewhere/review/data.csv", "link.csv", tmp_path / "link.csv", "results/other/link.csv"):
        with pytest.raises(ConfigError, match="would be replaced"):
            complete(config_of({"data": str(path)}, {}))
    complete(config_of({"data": "elsewhere/own.csv"}, {}))


def test_a_config_among_the_results_is_refused(tmp_path, monkeypatch, capsys):
    """Does the config's own file count, as `hiermeta check` reads it too? Seen to fail without the check."""
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "own.csv")
    path = tmp_path / "results" / "review" / "config.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump(config_of({"data": "own.csv"}, {})))
    assert main(["check", str(path)]) == 1
    assert f"config file: {path} would be replaced" in capsys.readouterr().err


@pytest.mark.parametrize("settings", [{}, {"results": "results"}], ids=["studies", "results"])
def test_a_run_leaves_the_file_as_it_was(settings, tmp_path):
    """Does the run end with status 1 before any job, and are the file's bytes as before?

    Seen to fail without the check: the file was replaced by the validated table.
    """
    config = yaml.safe_load((CASE / "config.yaml").read_text()) | settings
    project = Project(tmp_path)
    for entry in config["datasets"].values():
        entry["data"] = f"{config['results']}/review/data.csv"
    table = tmp_path / config["results"] / "review" / "data.csv"
    table.parent.mkdir(parents=True)
    shutil.copy(CASE / "data.csv", table)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    done = project.run()
    assert done.returncode == 1
    assert "datasets.review.data" in done.stdout
    assert "datasets.other.data" in done.stdout
    assert "Traceback" not in done.stdout
    assert table.read_bytes() == (CASE / "data.csv").read_bytes()
    assert [path.name for path in table.parent.iterdir()] == ["data.csv"]
