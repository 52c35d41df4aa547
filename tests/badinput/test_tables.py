"""Data that can't be used, or should be looked at: what the user is told, by the script that prepares a data set."""

import json

import pytest

from tests.badinput.conftest import catalogue, content_of, settings_of

REFUSED, SUSPICIOUS = catalogue("tables.yaml"), catalogue("suspicious.yaml")


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_one_clear_message(name, prepare, tmp_path, monkeypatch):
    """Is each unusable table or setting refused by its file, row, column or key, with a next step and nothing made?

    Fails when a check of `data/` or `models/` is left out, for the case of its name: the data set would be analysed, or
    stop with a traceback.
    """
    monkeypatch.chdir(tmp_path)
    case = REFUSED[name]
    path = tmp_path / case.get("file", "table.csv")
    path.write_bytes(content_of(case))
    validation = prepare(settings_of(case, path))
    assert validation["status"] == "refused"
    problems = validation["problems"]
    assert any(case["says"] in f"{problem['message']}. {problem['remedy']}." for problem in problems)
    assert len(problems) == 1 or case.get("one") is False
    for problem in problems:
        assert problem["remedy"]
        assert "\n" not in problem["message"].strip()
        assert len(problem["message"]) < 500
    assert {entry.name for entry in tmp_path.iterdir()} == {path.name, "results"}
    assert json.loads((tmp_path / "results" / "model.json").read_text())["status"] == "refused"


@pytest.mark.parametrize("name", SUSPICIOUS)
def test_usable_data_are_used_and_what_is_odd_is_said(name, prepare, tmp_path):
    """Is everything analysed that can be, with a warning where it may be a mistake and none where it isn't?

    Fails when `look_alikes` compares names as they are, or levels are not given to it; when powers are replaced within
    backticks; when `swapped.suspicion` returns nothing, or takes equal columns for squares; when look-alike clusters,
    repeated rows or scales are not compared; when a spelling is taken off `MISSING`.
    """
    case = SUSPICIOUS[name]
    path = tmp_path / "table.csv"
    path.write_bytes(content_of(case))
    validation = prepare(settings_of(case, path))
    assert validation["status"] == "ok", validation["problems"]
    assert validation["rows_used"] == case["rows"]
    if case["says"] is None:
        assert validation["warnings"] == []
    else:
        assert any(case["says"] in warning for warning in validation["warnings"]), validation["warnings"]
