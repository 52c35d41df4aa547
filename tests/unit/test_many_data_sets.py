"""Many data sets from few lines: shared settings, a table, a pattern of files, a column that splits one."""

import re
import time

import pytest
import yaml

from hiermeta.config.expand import complete
from hiermeta.config.load import ConfigError, read_config
from hiermeta.data.problems import Refused
from hiermeta.data.read import read_table
from hiermeta.data.selection import part

SHARED = {"analysis": "meta", "measure": "SMD", "effect": "yi", "variance": "vi"}


@pytest.fixture(autouse=True)
def working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def analyses(**config):
    return complete({"defaults": SHARED} | config)["datasets"]


def refusal(**config):
    with pytest.raises(ConfigError) as caught:
        analyses(**config)
    return str(caught.value)


def test_shared_settings_are_filled_in_key_by_key_and_taken_back_by_null():
    """Does a data set's own setting win, nested ones included, and does null leave a shared one out?

    Seen to fail with null kept as a setting and with nested settings replaced as a whole.
    """
    shared = SHARED | {"cluster": "lab", "priors": {"mu": "normal(0, 1)", "tau": "half_normal(1)"}}
    found = analyses(
        defaults=shared,
        datasets={
            "a": {"data": "a.csv", "cluster": None, "priors": {"tau": "half_normal(0.5)", "mu": None}},
            "b": {"data": "b.csv", "measure": "RR"},
        },
    )
    assert "cluster" not in found["a"]
    assert found["a"]["priors"] == {"tau": "half_normal(0.5)"}
    assert found["b"] | {"sampling": None} == shared | {"data": "b.csv", "measure": "RR", "sampling": None}


def test_a_table_gives_the_settings_that_yaml_would(tmp_path):
    """Are text, numbers, true/false, lists and nested settings of a table those of the same config in YAML?

    Seen to fail with numbers of a table read as text.
    """
    columns = ["name", "data", "measure", "label", "priors.tau", "subset.outcome", "threshold", "sampling.draws"]
    columns += ["correct_bias", "direction", "prior_odds"]
    first = ["x", "x.csv", "ROM", '["a", "b"]', "half_normal(1)", "2020", "0.2", "500", "true", '["low", "high"]']
    rows = [columns, [*first, '{"multilevel": 2}'], ["y", "y.csv", "", "a", *[""] * 7]]
    (tmp_path / "all.tsv").write_text("\n".join("\t".join(row) for row in rows) + "\n")
    datasets = """
x:
  data: x.csv
  measure: ROM
  label: [a, b]
  priors: {tau: half_normal(1)}
  subset: {outcome: "2020"}
  threshold: 0.2
  sampling: {draws: 500}
  correct_bias: true
  direction: [low, high]
  prior_odds: {multilevel: 2}
y: {data: y.csv, label: a}
"""
    assert analyses(datasets_table="all.tsv") == analyses(datasets=yaml.safe_load(datasets))


@pytest.mark.parametrize(
    "text, words",
    [
        ("name,data\nx,x.csv\nx,y.csv\n", "all.csv, row 2: column 'name': 'x' stands in row 1 already"),
        ("name,data\n,x.csv\n", "all.csv, row 1: column 'name': the data set has no name"),
        ("name,data\nX y,x.csv\n", "all.csv, row 1: name: 'X y' can't name a data set; use lower-case letters"),
        ("data\nx.csv\n", "all.csv: no column 'name'"),
        ("name,data,efect\nx,x.csv,y\n", "all.csv, row 1: unknown key 'efect' (did you mean 'effect'?)"),
        ("name,data,priors.taus\nx,x.csv,y\n", "all.csv, row 1: priors: unknown key 'taus' (did you mean 'tau'?)"),
        ("name,data,measure\nx,x.csv,smd\n", "all.csv, row 1: measure: 'smd' (did you mean 'SMD'?)"),
        ("name,data,threshold\nx,x.csv,0\ny,x.csv,a\n", "all.csv, row 2: column 'threshold': 'a' is not a number"),
        ("name;data;direction\nx;x.csv;low, high\n", "column 'direction': 'low, high' is not JSON"),
        ("name,data,ci_level\nx,x.csv,95\n", "all.csv, row 1: ci_level: 95.0 is out of range; it must be below 1"),
        ("name,data,analysis\nx,x.csv,hierarchical\n", "all.csv, row 1: the key 'formula' is missing"),
        ("name,data\nx\n", "all.csv: row 1 has 1 cell where the header has 2"),
    ],
)
def test_a_bad_table_is_refused_with_row_and_column(tmp_path, text, words):
    """Do errors name file, row and key, what is allowed, and the nearest word?

    Seen to fail with names that stand twice let pass.
    """
    (tmp_path / "all.csv").write_text(text)
    assert words in refusal(datasets_table="all.csv")


def test_a_missing_table_and_shared_mistakes_are_named_once(tmp_path):
    """Is a mistake in `defaults` reported where it stands rather than at every data set, and a flood cut short?

    Seen to fail with every problem listed.
    """
    assert "none.tsv: no such file. Check `datasets_table:`" in refusal(datasets_table="none.tsv")
    many = {f"d{i}": {"data": "x.csv"} for i in range(100)}
    words = refusal(defaults=SHARED | {"efect": "y"}, datasets=many)
    assert words.count("\n") == 1
    assert "defaults: unknown key 'efect' (did you mean 'effect'?)" in words
    assert "- and 80 more" in refusal(defaults={"analysis": "meta"}, datasets=many)
    assert "the key 'datasets' is missing" in refusal()
    assert "datasets.a.variance: has no value" in refusal(
        defaults={"analysis": "meta", "measure": "SMD"}, datasets={"a": {"data": "x.csv", "variance": None}}
    )


def test_a_pattern_gives_an_analysis_per_file_with_safe_and_steady_names(tmp_path):
    """Are names safe in a folder, unique, and the same whatever other files are there?

    Seen to fail with names that are alike not told apart.
    """
    names = ["Smith 2020", "b", "B", "健康", "deep/x", "a.b", "x" * 120, "..y"]
    for name in names:
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / f"{name}.csv").write_text("yi,vi\n1,1\n")
    (tmp_path / "data" / "folder.csv").mkdir()
    found = analyses(datasets={"all": {"data": "data/**/*.csv", "title": "Reviews"}})
    assert {settings["data"] for settings in found.values()} == {f"data/{name}.csv" for name in names if name != "..y"}
    assert all(re.fullmatch(r"all-[a-z0-9._-]*", name) and len(name) <= 100 for name in found)
    by_file = {settings["data"]: name for name, settings in found.items()}
    assert by_file["data/Smith 2020.csv"] == "all-smith-2020"
    assert by_file["data/deep/x.csv"] == "all-deep-x"
    assert by_file["data/a.b.csv"] == "all-a.b"
    assert found["all-smith-2020"]["title"] == "Reviews: Smith 2020"
    assert {name for name in found if name.startswith("all-b-")} == {by_file["data/b.csv"], by_file["data/B.csv"]}
    (tmp_path / "data" / "a.csv").write_text("yi,vi\n1,1\n")
    more = analyses(datasets={"all": {"data": "data/**/*.csv", "title": "Reviews"}})
    assert {name: more[name] for name in found} == found


LINKS = {
    "to-itself": {"data/l": "."},
    "two-loops": {"data/l": ".", "data/k": "."},
    "many-loops": {f"data/deep/{name}": "../.." for name in "abcdef"},
    "to-a-sibling": {"data/a": "deep", "data/zz": "deep"},
    "mutual": {"data/deep/x": "../other", "data/other/y": "../deep"},
    "broken": {"data/l": "nowhere", "data/k": "k"},
}


@pytest.mark.parametrize("name", LINKS)
@pytest.mark.parametrize("pattern", ["data/**/*.csv", "**/*.csv", "**", "**/**/*.csv", "./data/**", "*/**/*.csv"])
def test_a_pattern_ends_at_links_and_finds_each_file_once(name, pattern, tmp_path):
    """Loops of links, links to one folder: is each file found at once, by its own path, as without the links?

    Seen to fail with `glob.glob`: 41 analyses of one file with one loop, and no end within a minute with two.
    """
    for file in ("data/a.csv", "data/deep/b.csv", "data/other/c.csv", "data/.hidden/d.csv"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("yi,vi\n1,1\n")
    expected = analyses(datasets={"all": {"data": pattern}})
    assert {settings["data"] for settings in expected.values()} == {
        "data/a.csv",
        "data/deep/b.csv",
        "data/other/c.csv",
    }
    for link, target in LINKS[name].items():
        (tmp_path / link).symlink_to(target)
    started = time.process_time()
    assert analyses(datasets={"all": {"data": pattern}}) == expected
    assert time.process_time() - started < 1


def test_links_to_other_folders_and_to_files_are_followed(tmp_path):
    """Is what only a link leads to found, and is a link to a file an analysis of its own?

    Seen to fail with links that are not followed.
    """
    for file in ("data/a.csv", "elsewhere/b.csv"):
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text("yi,vi\n1,1\n")
    (tmp_path / "data" / "there").symlink_to("../elsewhere")
    (tmp_path / "data" / "same.csv").symlink_to("a.csv")
    found = analyses(datasets={"all": {"data": "data/**/*.csv"}})
    assert {name: settings["data"] for name, settings in found.items()} == {
        "all-a": "data/a.csv",
        "all-same": "data/same.csv",
        "all-there-b": "data/there/b.csv",
    }


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path):
    """Does a data set whose file has brackets in its name stay one analysis?

    Seen to fail with brackets in a file's name taken for a pattern.
    """
    (tmp_path / "a[1].csv").write_text("yi,vi\n1,1\n")
    assert list(analyses(datasets={"a": {"data": "a[1].csv"}})) == ["a"]
    assert "datasets.b.data: no file matches 'b/*.csv'" in refusal(datasets={"b": {"data": "b/*.csv"}})


def test_expanded_names_do_not_silently_replace_others(tmp_path):
    """Are two entries that would write into one folder refused, both named?

    Seen to fail with names that collide let pass.
    """
    (tmp_path / "b.csv").write_text("yi,vi\n1,1\n")
    words = refusal(datasets={"a": {"data": "*.csv"}, "a-b": {"data": "b.csv"}})
    assert "datasets.a-b: the name 'a-b' is taken by datasets.a; rename one" in words


def test_a_column_splits_a_file_into_its_levels(tmp_path):
    """Is there one analysis per value, with just its rows, and is it told which rows belong to none?

    Seen to fail with the rows of all levels in each and without the note on rows of no level.
    """
    (tmp_path / "all.csv").write_text(
        "yi,vi,outcome\n1,1,Reading (A)\n2,1,Maths\n3,1,Reading (A)\n4,1,\n5,1,reading (a)\n"
    )
    found = analyses(datasets={"s": {"data": "all.csv", "split_by": "outcome"}})
    assert [settings["level"] for settings in found.values()] == ["Reading (A)", "Maths", "reading (a)"]
    assert list(found)[1] == "s-maths"
    assert found["s-maths"]["title"] == "s: Maths"
    source, notes = part(read_table("all.csv"), next(iter(found.values())))
    assert source.table.index.tolist() == [1, 3]
    assert notes == [
        "2 rows of the file, those where outcome is Reading (A).",
        "1 row without a value in column 'outcome': part of no analysis.",
    ]


def test_a_file_that_cannot_be_split_is_refused_when_its_turn_comes(tmp_path):
    """Do the other data sets of the config run where one file has no such column, or isn't there?

    Seen to fail with a file that can't be split stopping the config.
    """
    (tmp_path / "all.csv").write_text("yi,vi\n1,1\n")
    found = analyses(
        datasets={"s": {"data": "all.csv", "split_by": "outcome"}, "t": {"data": "t.csv", "split_by": "x"}}
    )
    assert list(found) == ["s", "t"]
    with pytest.raises(Refused, match="no column 'outcome', which `split_by:` names"):
        part(read_table("all.csv"), found["s"])


def test_a_thousand_data_sets_take_no_time(tmp_path):
    """Are 1,000 entries read, checked and expanded within two CPU seconds, each way?

    Seen to fail with the file read anew for every level.
    """
    (tmp_path / "data").mkdir()
    for i in range(1000):
        (tmp_path / "data" / f"{i}.csv").write_text("yi,vi\n1,1\n")
    rows = "".join(f"{i},{j},1\n" for i in range(1000) for j in range(20))
    (tmp_path / "all.csv").write_text("level,yi,vi\n" + rows)
    (tmp_path / "table.tsv").write_text("name\tdata\n" + "".join(f"t{i}\tdata/{i}.csv\n" for i in range(1000)))
    ways = [
        {"datasets": {f"d{i}": {"data": f"data/{i}.csv", "label": "x", "threshold": 1} for i in range(1000)}},
        {"datasets_table": "table.tsv"},
        {"datasets": {"g": {"data": "data/*.csv"}}},
        {"datasets": {"s": {"data": "all.csv", "split_by": "level"}}},
    ]
    for way in ways:
        (tmp_path / "config.yaml").write_text(yaml.safe_dump({"defaults": SHARED} | way))
        started = time.process_time()
        assert len(complete(read_config("config.yaml"))["datasets"]) == 1000
        assert time.process_time() - started < 2
