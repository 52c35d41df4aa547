"""The config file: read strictly, refused in words."""

import copy

import pytest
from snakemake.cli import parse_config
from snakemake.utils import update_config

from hiermeta.config.expand import complete
from hiermeta.config.load import ConfigError, read_config, retyped

GOOD = {"data": "a.csv", "analysis": "meta", "measure": "SMD", "effect": "yi", "variance": "vi"}


def test_defaults_are_filled_in_and_overridden_from_the_outside_in():
    """Do a data set's own sampling settings win over the shared ones, and those over the defaults?

    Seen to fail with the shared sampling settings on top of a data set's own.
    """
    config = complete(
        {"sampling": {"seed": 7, "draws": 500}, "datasets": {"a": GOOD, "b": GOOD | {"sampling": {"draws": 200}}}}
    )
    assert config["results"] == "results"
    assert config["datasets"]["a"]["sampling"] == {
        "chains": 4,
        "warmup": 1000,
        "draws": 500,
        "seed": 7,
        "adapt_delta": 0.9,
    }
    assert config["datasets"]["b"]["sampling"]["draws"] == 200


@pytest.mark.parametrize(
    "change, words",
    [
        ({"varance": "vi"}, r"datasets\.a: unknown key 'varance' \(did you mean 'variance'\?\)"),
        ({"measure": "smd"}, r"datasets\.a\.measure: 'smd' \(did you mean 'SMD'\?\)"),
        ({"columns": {"tpos": "ai"}}, r"datasets\.a\.columns: unknown key 'tpos'"),
        ({"zero_cells": {"to": "only"}}, r"datasets\.a\.zero_cells\.to: 'only' \(did you mean 'only0'\?\)"),
        ({"ci_level": 95}, r"datasets\.a\.ci_level"),
        ({"effect": 3}, r"datasets\.a\.effect"),
        ({"sampling": {"draws": 10}}, r"datasets\.a\.sampling\.draws: 10 is out of range; it must be at least 100"),
        ({"priors": {"taus": "half_normal(1)"}}, r"datasets\.a\.priors: unknown key 'taus'"),
        ({"prior_odds": {"multilevel": 0}}, r"datasets\.a\.prior_odds\.multilevel: 0"),
        (
            {"prior_odds": {"multilevel": "2"}},
            r"datasets\.a\.prior_odds\.multilevel: '2' is text; allowed is a finite number",
        ),
    ],
)
def test_wrong_settings_are_named_with_what_is_allowed(change, words):
    """Does the message give the full key, what was wrong and the nearest allowed word?

    Seen to fail with any value taken for a number.
    """
    with pytest.raises(ConfigError, match=words):
        complete({"datasets": {"a": GOOD | change}})


HIERARCHICAL = {"data": "a.csv", "analysis": "hierarchical", "formula": "y ~ x + (1 | g)"}


@pytest.mark.parametrize(
    "settings, words",
    [
        (GOOD | {"formula": "y ~ (1 | g)"}, r"datasets\.a\.formula: this key doesn't belong to a meta-analysis"),
        (GOOD | {"priors": {"sd": "half_normal(1)"}}, r"datasets\.a\.priors\.sd: this key doesn't belong"),
        (HIERARCHICAL | {"effect": "y"}, r"datasets\.a\.effect: this key doesn't belong to a hierarchical regression"),
        (
            HIERARCHICAL | {"priors": {"tau": "half_normal(1)"}},
            r"datasets\.a\.priors\.tau: this key doesn't belong to a hierarchical regression",
        ),
        ({"data": "a.csv", "analysis": "hierarchical"}, r"datasets\.a: the key 'formula' is missing"),
        ({"data": "a.csv", "analysis": "meta"}, r"datasets\.a: the key 'measure' is missing"),
    ],
)
def test_each_kind_of_analysis_has_its_own_keys(settings, words):
    """Is a key of the other kind refused rather than ignored, and a needed one asked for?

    Seen to fail with keys of the other kind of analysis let pass.
    """
    with pytest.raises(ConfigError, match=words):
        complete({"datasets": {"a": settings}})
    complete({"datasets": {"a": GOOD, "b": HIERARCHICAL | {"priors": {"correlation": "lkj(2)"}}}})


@pytest.mark.parametrize(
    "estimates",
    [
        {"measure": "RR", "columns": {"ai": "a", "n1i": "n", "ci": "c", "n2i": "m"}, "zero_cells": {"to": "none"}},
        {"measure": "ROM", "columns": {"m1i": "a"}, "correct_bias": True},
        {"measure": "HR", "effect": "y", "ci_lower": "l", "ci_upper": "u", "ci_level": 0.9},
        {"measure": "MD", "effect": "y", "p_value": "p"},
    ],
)
def test_every_way_to_give_estimates_has_its_keys(estimates):
    """Does the schema know the keys of raw columns, limits and p-values, whether or not they suffice?

    Seen to fail without `correct_bias` in the schema.
    """
    settings = {"data": "a.csv", "analysis": "meta"} | estimates
    completed = complete({"datasets": {"a": settings}})["datasets"]["a"]
    assert {key: completed[key] for key in settings} == settings


@pytest.mark.parametrize("name", ["../a", "A", "a b", "", ".a", "a/b", "x" * 101])
def test_names_that_could_leave_the_results_folder_are_refused(name):
    """Can a data set's name climb out of the results folder, or differ by case only?

    Seen to fail with names and folders of any kind of text.
    """
    with pytest.raises(ConfigError):
        complete({"datasets": {name: GOOD}})


@pytest.mark.parametrize(
    "name, words", [("overview.html", "taken by the results folder"), (2020, "put quotes"), (True, "put quotes")]
)
def test_names_that_are_taken_or_not_text_are_refused(name, words):
    """Can a data set overwrite the overview, or a name that YAML reads as a number stop with a traceback?

    Seen to fail without the names that the results folder takes.
    """
    with pytest.raises(ConfigError, match=words):
        complete({"datasets": {name: GOOD}})


@pytest.mark.parametrize("results", ["/tmp/x", "../x", "a/../../x", ""])
def test_results_stay_below_the_working_directory(results):
    """Can the results folder lie outside the working directory?

    Seen to fail with names and folders of any kind of text.
    """
    with pytest.raises(ConfigError):
        complete({"results": results, "datasets": {"a": GOOD}})


@pytest.mark.parametrize(
    "text, words",
    [
        ("datasets:\n  a: {data: x}\n  a: {data: y}\n", "line 3: 'a' is a duplicate key"),
        ("datasets:\n  a: {data: x, data: y}\n", "'data' is a duplicate key"),
        ("a: &x [1]\nb: *x\n", "line 2: aliases"),
        ("datasets: [\n", "not readable as YAML"),
        ("just words\n", "must hold keys"),
    ],
)
def test_broken_files_are_refused_with_their_line(tmp_path, text, words):
    """Are duplicates, which YAML readers drop silently, and broken files refused, naming the file?

    Seen to fail with duplicate keys let pass and with aliases let pass.
    """
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words) as caught:
        read_config(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "entries, expected",
    [
        (["png=true"], {"png": True}),
        (["png=FALSE", "results=out"], {"png": False, "results": "out"}),
        (["batch_size=20"], {"batch_size": 20}),
        (["results='2024'"], {"results": "2024"}),
        (["png=null"], {"png": None}),
        (["sampling={draws: 500, adapt_delta: 0.95}"], {"sampling": {"seed": 1, "draws": 500, "adapt_delta": 0.95}}),
        (["sampling={draws: 500}", "sampling={chains: 2}"], {"sampling": {"seed": 1, "draws": 500, "chains": 2}}),
        (["datasets={a: {ci_level: 0.9}}"], {"datasets": {"a": {"data": "a.csv", "ci_level": 0.9}}}),
        (["datasets={a: {x: [1, true, b]}}"], {"datasets": {"a": {"data": "a.csv", "x": [1, True, "b"]}}}),
        (["datasets={7: {x: 1}}"], {"datasets": {"a": {"data": "a.csv"}, "7": {"x": 1}}}),
        (["results=[unclosed"], {"results": "[unclosed"}),
    ],
)
def test_the_command_line_means_what_a_file_means(entries, expected):
    """Do values after --config get the types they would have in the file, on top of it, however deep they are?

    Snakemake itself reads the entries. Seen to fail with its values as they come, and with only the outermost retyped.
    """
    from_file = {"png": 7, "sampling": {"seed": 1}, "datasets": {"a": {"data": "a.csv"}}}
    read = parse_config(entries)
    config = copy.deepcopy(from_file)
    update_config(config, read)
    assert retyped(config, read, entries) == from_file | expected


def test_the_command_line_leaves_other_values_alone():
    """Does a module keep the config that its project gives it where the command line says something else?

    Seen to fail with every value of the command line put into the config.
    """
    assert retyped({"png": False}, {"png": "true", "own": "1"}, ["png=true", "own=1"]) == {"png": False}


@pytest.mark.parametrize("text, words", [("{a: 1, a: 2}", "'a' is a duplicate key"), ("[&x 1, *x]", "aliases")])
def test_the_command_line_is_read_as_strictly_as_a_file(text, words):
    """Duplicate keys and aliases, refused with the key's name? Seen to fail with YAML's own loader."""
    with pytest.raises(ConfigError, match=rf"--config sampling: .*{words}"):
        retyped({}, {}, [f"sampling={text}"])
