"""Configs that can't be used: refused before any job, in lines that name the key, what it is and what is allowed."""

import time

import pytest

from hiermeta.config.expand import complete
from hiermeta.config.load import ConfigError, read_config
from tests.badinput.conftest import META, catalogue

CASES = catalogue("configs.yaml")
GOOD = META | {"data": "a.csv"}


def config_of(case):
    """The config that a case means, its data sets good where it changes something else."""
    if "config" in case:
        config = {"datasets": {"a": GOOD}} | case["config"]
        named = config["datasets"]
        if isinstance(named, dict):
            config["datasets"] = {name: GOOD if own == {} else own for name, own in named.items()}
        return config
    own = GOOD | case["dataset"]
    if "long" in case:
        own[case["long"]] += " + x" * 1000
    return {"datasets": {"a": own}}


@pytest.mark.parametrize("name", CASES)
def test_refused_in_words(name, tmp_path, monkeypatch):
    """Does each unusable config stop with its reason within a second, and is nothing made of it?

    Fails when a rule of the schema, of the strict YAML reader or of `_explain` is left out, for the case of its name:
    the config passes, or its message is the validator's own.
    """
    monkeypatch.chdir(tmp_path)
    case = CASES[name]
    started = time.process_time()
    with pytest.raises(ConfigError) as caught:
        if "text" in case:
            path = tmp_path / "config.yaml"
            times = case.get("times", 1)
            text = case["text"] * times + case.get("close", "") * times
            path.write_bytes(text.encode(case.get("encoding", "utf-8")))
            read_config(path)
        else:
            complete(config_of(case))
    assert case["says"] in str(caught.value)
    assert len(str(caught.value)) < 2000
    assert time.process_time() - started < 1
    assert {entry.name for entry in tmp_path.iterdir()} <= {"config.yaml"}
    if "text" in case:
        assert "config.yaml: " in str(caught.value)
        assert "\n" not in str(caught.value)
