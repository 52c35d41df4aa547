"""Names and cells that a terminal, a log, a CSV reader or a page would take for more than text."""

import csv
import re

import pytest
import yaml

from hiermeta.cli import main
from hiermeta.config.expand import complete
from hiermeta.config.load import ConfigError
from tests.badinput.conftest import META, settings_of

TEXTS = {
    "newline": "a\nhiermeta: all is well\nb",
    "carriage return": "a\rb",
    "escape": "\x1b[31mred\x07",
    "separators of lines": "a\u2028b\x85c",
    "other direction": "a\u202eb\u200b",
    "noncharacter": "a\ufffeb",
    "markup": "<script>alert(1)</script>&lt;&amp;&gt;\"'",
    "templates": "{x} {{ y }} {wildcards.name} %s $(ls)",
    "backslashes": "a\\nb\\",
    "long": "L" * 5000,
}


def written(path, text):
    """A table whose column names, labels, clusters and levels hold a text."""
    names = [f"{what} {text}" for what in ("study", "cluster", "level")]
    rows = [[f"{i * 7 % 5}.1", f"0.{i + 1}", f"{text} {i}", f"{text} c{i // 3}", f"{text} {i % 2}"] for i in range(9)]
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([["yi", "vi", *names], *rows])
    return names


def lines(printed):
    """Lines of what was printed, each of which must be harmless."""
    found = printed.out.split("\n") + printed.err.split("\n")
    assert all(line.isprintable() for line in found)
    return found


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_check_shows_any_text_in_lines_of_its_own_making(text, tmp_path, capsys, monkeypatch):
    """Does nothing in a table make lines or commands of a terminal, and does the offered config work as pasted?

    Seen to fail with names printed as they are, and with the separator counted within quotation marks.
    """
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "data.csv", text)
    assert main(["check", "data.csv"]) == 0
    printed = capsys.readouterr()
    assert not any(line.startswith("hiermeta:") for line in lines(printed))
    table, _, config = printed.out.partition("A config to begin with:")
    assert max(map(len, table.split("\n"))) < 200
    (tmp_path / "config.yaml").write_text(re.split(r"^Check", config, flags=re.MULTILINE)[0], encoding="utf-8")
    assert main(["check", "config.yaml"]) == 0
    lines(capsys.readouterr())


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_refusals_are_one_line_each(text, tmp_path, capsys, monkeypatch, prepare):
    """Are unknown columns told in lines of their own, in the terminal and in the log, whatever they are called?

    Seen to fail with messages as they are.
    """
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "data.csv", text)
    wrong = f"none {text}"[:300]
    entry = META | {"data": "data.csv", "cluster": wrong, "moderators": f"~ `{wrong}`"}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"datasets": {"a": entry}}))
    assert main(["check", "config.yaml"]) == 1
    told = lines(capsys.readouterr())
    assert not any(line.startswith("hiermeta:") for line in told)
    validation = prepare(settings_of({"settings": entry}, tmp_path / "data.csv"))
    assert validation["problems"]
    log = capsys.readouterr().err
    assert log.count("\n") == 1 and log.rstrip("\n").isprintable()


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize(
    "config",
    [
        lambda text: {"datasets": {text: META | {"data": "a.csv"}}},
        lambda text: {"datasets": {"a": META | {"data": "a.csv", text: 1}}},
        lambda text: {"datasets": {"a": META | {"data": f"{text}*"}}},
        lambda text: {"datasets": {"a": META | {"data": "a.csv", "measure": text}}},
        lambda text: {"datasets_table": text},
        lambda text: {text: 1, "datasets": {"a": META | {"data": "a.csv"}}},
    ],
    ids=["name", "key", "pattern", "value", "table", "top"],
)
def test_configs_that_are_refused_make_no_lines_of_their_own(config, text):
    """Is each problem of a config one line, whatever names and keys hold? Seen to fail with messages as they are."""
    with pytest.raises(ConfigError) as refused:
        complete(config(text))
    told = str(refused.value).split("\n")
    assert all(line.isprintable() for line in told)
    assert not any(line.startswith("hiermeta: all is well") for line in told)
